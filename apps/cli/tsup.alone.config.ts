import { defineConfig, type Options } from "tsup";
import { keepConst } from "../../tsup.keep-const.ts";

// Files that are loaded while somebody waits, with all that they need of ours: the command itself, what it answers most, and
// the thread that decodes for whoever replays.
const shared: Options = {
  format: "esm",
  target: "es2022",
  noExternal: [/^@obmalloc\//],
  sourcemap: true,
  plugins: [keepConst],
};

export default defineConfig([
  { ...shared, entry: { index: "src/index.ts", "decode/worker": "src/decode/worker.ts" }, splitting: false },
  // Split off is what an answer needs seldom. In one file with that, esbuild would put each module into a function, and none of
  // its constants would be one for V8.
  { ...shared, entry: ["src/quick/answer.ts"], outDir: "dist/quick", splitting: true },
]);
