// The order in which the pages are read.

import type { StarlightUserConfig } from "@astrojs/starlight/types";

export const sidebar: NonNullable<StarlightUserConfig["sidebar"]> = [
  {
    label: "Learn",
    items: ["learn/what-malloc-does", "learn/raw-heap", "learn/pools-and-arenas", "learn/memory-that-stays"],
  },
  { label: "Python", items: ["python/memory-that-stays"] },
  { label: "JavaScript", items: ["javascript/first-heap"] },
];
