import { library } from "../../tsup.base.ts";

/** Each entry is whole: a report holds `define.js` inline, where nothing can be imported. */
export default {
  ...library(["src/index.ts", "src/data.ts", "src/define.ts", "src/tape/index.ts"]),
  splitting: false,
};
