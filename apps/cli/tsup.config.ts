import { library } from "../../tsup.base.ts";

export default library([
  "src/index.ts",
  "src/start.ts",
  "src/bench/child.ts",
  "src/bench/workers/worker.ts",
  "src/demo/domains/gil-worker.ts",
  "src/sweep/worker.ts",
  "src/what-if/worker.ts",
]);
