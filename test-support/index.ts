export { type Comparison, noteComparison } from "./comparisons.ts";
export { cc, type Python, pythons, recordablePythons } from "./pythons.ts";
export { runReadme, runSnippets } from "./readme.ts";
