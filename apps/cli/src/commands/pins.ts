// `obmalloc pins`: source lines, by the arenas that only they keep alive.

import { type Pin, pins, TraceQuestionError } from "@obmalloc/trace";
import { ExitCode } from "../shared/exit-codes.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { replayTo } from "../shared/recording.ts";
import { lookOf } from "../shared/terminal.ts";
import { pinsText } from "./pins-text.ts";

export interface PinsOptions {
  readonly at?: string;
  readonly json?: boolean;
  readonly stack?: boolean;
  readonly limit: number;
}

/** @throws {TraceQuestionError} when the trace has no stacks, no pools, or no such moment. */
export async function pinsCommand(file: string, options: PinsOptions): Promise<ExitCode> {
  const recording = replayTo(file, { at: options.at, stacks: true, pools: true });
  const { info } = recording.trace;
  if (info.stacks === "none") {
    throw new TraceQuestionError("This trace has no stacks, so that no line can be named.", {
      details: [info.stacksNote ?? "Record it again without --no-stacks."],
    });
  }
  const found = pins(recording.replay, recording.stacks);
  if (options.json) await writeJson(found.map((pin) => pinJson(pin)));
  else await writeLines(pinsText(recording, found, options, lookOf(process.stdout)));
  return ExitCode.ok;
}

function pinJson(pin: Pin) {
  const { frame, heldBytes, arenas, sharedBytes, sharedArenas, liveBytes, blocks, leverage } = pin;
  return {
    file: frame?.file ?? null,
    line: frame?.line ?? null,
    function: frame?.function ?? null,
    heldBytes,
    arenas,
    sharedBytes: Math.round(sharedBytes),
    sharedArenas,
    liveBytes,
    blocks,
    leverage: Number.isFinite(leverage) && leverage > 0 ? leverage : null,
  };
}
