export { cc, type Python, pythons } from "./pythons.ts";
export { runReadme, runSnippets } from "./readme.ts";
