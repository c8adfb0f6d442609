import { library } from "../../tsup.base.ts";

export default library([
  "src/program.ts",
  "src/record/command.ts",
  "src/start.ts",
  "src/bench/child.ts",
  "src/bench/workers/worker.ts",
  "src/demo/domains/gil-worker.ts",
  "src/sweep/worker.ts",
  "src/what-if/worker.ts",
]);
