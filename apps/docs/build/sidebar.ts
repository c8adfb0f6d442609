// The order in which the pages are read.

import type { StarlightUserConfig } from "@astrojs/starlight/types";

export const sidebar: NonNullable<StarlightUserConfig["sidebar"]> = [
  {
    label: "Learn",
    items: [
      "learn/what-malloc-does",
      "learn/raw-heap",
      "learn/pools-and-arenas",
      "learn/realloc-and-calloc",
      "learn/memory-that-stays",
      "learn/domains-and-hooks",
      "learn/debug-hooks",
      "learn/gil-and-threads",
      "learn/reference-counts",
      "learn/cycles-and-the-collector",
      "learn/finalizers-and-weakrefs",
      "learn/object-allocators-and-growth",
      "learn/containers",
      "learn/versions-side-by-side",
      "learn/reading-debugmallocstats",
    ],
  },
  { label: "Python", items: ["python/memory-that-stays"] },
  { label: "JavaScript", items: ["javascript/first-heap"] },
];
