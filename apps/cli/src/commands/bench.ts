// `obmalloc bench`: the same operations through every allocator that this machine has.

import { benchJson } from "../bench/command/bench-json.ts";
import { benchText } from "../bench/command/bench-text.ts";
import { type BenchFlags, benchPlan } from "../bench/command/options.ts";
import { runBench } from "../bench/run.ts";
import { ExitCode } from "../shared/exit-codes.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { Progress } from "../shared/progress.ts";
import { lookOf } from "../shared/terminal.ts";

export async function benchCommand(flags: BenchFlags): Promise<ExitCode> {
  const plan = await benchPlan(flags);
  let progress: Progress | undefined;
  const result = await runBench(plan.options, (done, total) => {
    progress ??= new Progress("measuring", total, "runs");
    progress.update(done);
  }).finally(() => progress?.stop());
  if (flags.json) await writeJson(benchJson(result, plan));
  else await writeLines(benchText(result, plan, lookOf(process.stdout)));
  return ExitCode.ok;
}
