// `obmalloc stats`: what sys._debugmallocstats() would have printed of pymalloc at a moment.

import { ExitCode } from "../shared/exit-codes.ts";
import { writeJson, writeText } from "../shared/output.ts";
import { momentJson, replayTo } from "../shared/recording.ts";

export async function statsCommand(
  file: string,
  { at, json }: { readonly at?: string; readonly json?: boolean },
): Promise<ExitCode> {
  const { replay, moment } = replayTo(file, { at, stacks: false, pools: true });
  if (!json) await writeText(replay.statsText());
  else {
    const interpreters = [...replay.machine.allHeaps()].map(({ index, heap }) => ({
      index,
      ...heap.stats(),
    }));
    await writeJson({ moment: momentJson(moment), interpreters });
  }
  return ExitCode.ok;
}
