import { defineConfig } from "tsup";

// The thread that decodes, with all that it needs in one small file: whoever replays waits for it to come up.
export default defineConfig({
  entry: { "decode/worker": "src/decode/worker.ts" },
  format: "esm",
  target: "es2022",
  noExternal: [/^@obmalloc\//],
  splitting: false,
  sourcemap: true,
});
