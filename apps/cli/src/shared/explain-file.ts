// Explaining a moment of a file, for all commands that show the answer.

import { type ExplainOptions, type Explanation, explain } from "@obmalloc/insight";
import { momentOf, Stacks, type TraceReader } from "@obmalloc/trace";
import { FileSource } from "./file-source.ts";
import { Progress } from "./progress.ts";
import { openSource } from "./recording.ts";

export interface Explained {
  readonly trace: TraceReader;
  readonly stacks: Stacks;
  readonly explanation: Explanation;
}

/** {@link ExplainOptions}, but for the progress: that is shown here. */
export type ExplainFileOptions = Omit<ExplainOptions, "onProgress">;

/** @throws {TraceQuestionError} when there is no such moment, or the recording cannot be replayed. */
export function explainFile(
  file: string,
  at: string | undefined,
  options: ExplainFileOptions = {},
): Explained {
  const trace = openSource(FileSource.open(file));
  const moment = momentOf(trace, at);
  const progress = new Progress("replaying", moment.event);
  const explanation = explain(trace, moment, { ...options, onProgress: progress.update });
  progress.stop();
  return { trace, stacks: new Stacks(trace.tables), explanation };
}
