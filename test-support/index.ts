export { cc, type Python, pythons } from "./pythons.ts";
export { runReadme } from "./readme.ts";
