import { defineConfig } from "tsup";
import { library } from "../../tsup.base.ts";

const entries = ["src/index.ts", "src/data.ts", "src/tape/index.ts"];
const inline = "src/define.ts";

/**
 * Each entry is whole: a report holds `define.js` inline, where nothing can be imported. That one is minified, because it lies in
 * every report; who bundles the others minifies them. Declarations are made together: making them clears the folder of others.
 */
export default defineConfig([
  { ...library(entries), dts: { entry: [...entries, inline] }, splitting: false, clean: ["!define.*"] },
  { ...library([inline]), dts: false, splitting: false, clean: false, minify: true },
]);
