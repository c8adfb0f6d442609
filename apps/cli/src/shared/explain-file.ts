// Explaining a moment of a file, for all commands that show the answer.

import { type ExplainOptions, type Explanation, explain } from "@obmalloc/insight";
import { momentOf, Stacks, type TraceReader } from "@obmalloc/trace";
import { DecodeAside } from "../decode/decode-aside.ts";
import { FileSource } from "./file-source.ts";
import { openSource } from "./open-trace.ts";
import { Progress } from "./progress.ts";

export interface Explained {
  readonly trace: TraceReader;
  readonly stacks: Stacks;
  readonly explanation: Explanation;
}

/** {@link ExplainOptions}, but for what is seen to here. */
export type ExplainFileOptions = Omit<ExplainOptions, "onProgress" | "events">;

/** @throws {TraceQuestionError} when there is no such moment, or the recording cannot be replayed. */
export function explainFile(
  file: string,
  at: string | undefined,
  options: ExplainFileOptions = {},
): Explained {
  const source = FileSource.open(file);
  const decoding = DecodeAside.start(file);
  const trace = openSource(source);
  const events = decoding?.eventsOf(trace);
  const moment = momentOf(trace, at);
  const progress = new Progress("replaying", moment.event);
  const explanation = explain(trace, moment, {
    ...options,
    ...events,
    onProgress: progress.update,
  });
  progress.stop();
  decoding?.stop();
  return { trace, stacks: new Stacks(trace.tables), explanation };
}
