// `obmalloc bench`: the same operations through every allocator that this machine has.

import { benchJson } from "../bench/command/bench-json.ts";
import { benchText } from "../bench/command/bench-text.ts";
import { type BenchFlags, basesOf, benchOptions } from "../bench/command/options.ts";
import { runBench } from "../bench/run.ts";
import { ExitCode } from "../shared/exit-codes.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { Progress } from "../shared/progress.ts";
import { lookOf } from "../shared/terminal.ts";

export async function benchCommand(flags: BenchFlags): Promise<ExitCode> {
  const options = await benchOptions(flags);
  const bases = basesOf(flags, options.candidates);
  let progress: Progress | undefined;
  const result = await runBench(options, (done, total) => {
    progress ??= new Progress("measuring", total, "runs");
    progress.update(done);
  }).finally(() => progress?.stop());
  if (flags.json) await writeJson(benchJson(result, options, bases));
  else await writeLines(benchText(result, bases, lookOf(process.stdout)));
  return ExitCode.ok;
}
