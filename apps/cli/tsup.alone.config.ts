import { defineConfig } from "tsup";

// Files that are loaded while somebody waits, each with all that it needs of ours: the command itself, what it answers most,
// and the thread that decodes for whoever replays.
export default defineConfig({
  entry: {
    index: "src/index.ts",
    "quick/answer": "src/quick/answer.ts",
    "decode/worker": "src/decode/worker.ts",
  },
  format: "esm",
  target: "es2022",
  noExternal: [/^@obmalloc\//],
  splitting: false,
  sourcemap: true,
});
