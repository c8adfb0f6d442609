// The order in which the pages are read.

import type { StarlightUserConfig } from "@astrojs/starlight/types";
import {
  apiSlug,
  commandLineSlug,
  decisions,
  invariantsSlug,
  measurements,
  packageNames,
  readmes,
  type Source,
  traceFormat,
} from "./generated/repository.ts";

type Group = Extract<NonNullable<StarlightUserConfig["sidebar"]>[number], { label: string }>;

/** Pages that are made by the build, below one heading. */
const group = (label: string, sources: readonly Pick<Source, "label" | "slug">[]): Group => ({
  label,
  collapsed: true,
  items: sources.map(({ label: text, slug }) => ({ label: text, slug })),
});

const api = packageNames.map((name) => ({ label: name, slug: apiSlug(name) }));

export const sidebar: Group[] = [
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
  {
    label: "Python",
    items: [
      "python/memory-that-stays",
      "python/drop-your-trace",
      "python/record",
      "python/verify",
      "python/explain",
      "python/pins",
      "python/what-if",
      "python/diff",
      "python/check",
      "python/report",
      "python/export",
      "python/sweep",
      "python/limits",
    ],
  },
  {
    label: "JavaScript",
    items: [
      "javascript/first-heap",
      "javascript/raw-heap",
      "javascript/pymalloc",
      "javascript/domains",
      "javascript/objects",
      "javascript/trace-and-insight",
      "javascript/heap-map",
      "javascript/abi",
      "javascript/webassembly",
      "javascript/workers",
      "javascript/leak-tests",
    ],
  },
  {
    label: "Reference",
    collapsed: true,
    items: [
      { label: "Command line", slug: commandLineSlug },
      { label: traceFormat.label, slug: traceFormat.slug },
      "reference/facts/pymalloc",
      "reference/facts/objects",
      "reference/facts/structures",
      group("Packages", readmes),
      group("API", api),
    ],
  },
  {
    label: "Design",
    collapsed: true,
    items: [
      "design/how-it-works",
      "design/exactness",
      { label: "Invariants", slug: invariantsSlug },
      group("Decisions", decisions),
      group("Measurements", measurements),
    ],
  },
];
