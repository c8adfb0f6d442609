// Opening a trace and going to a moment of it.

import { noEnding } from "@obmalloc/insight";
import { type Moment, momentOf, Replay, Stacks, TraceQuestionError, type TraceReader } from "@obmalloc/trace";
import { FileSource } from "./file-source.ts";
import { openSource } from "./open-trace.ts";
import { Progress } from "./progress.ts";
import { formatCount } from "./units.ts";

export interface Question {
  /** As momentOf takes it; undefined for its default. */
  readonly at: string | undefined;
  /** Whether the answer needs the stacks of live blocks. */
  readonly stacks: boolean;
  /** Whether it needs pools. */
  readonly pools: boolean;
}

/** A recording that has been replayed up to a moment. */
export interface Recording {
  readonly trace: TraceReader;
  readonly replay: Replay;
  readonly moment: Moment;
  readonly stacks: Stacks;
}

/**
 * Replays `file` up to the moment that is asked about.
 *
 * @throws {TraceQuestionError} when there is no such moment, or the recording cannot answer questions of this kind.
 */
export function replayTo(file: string, { at, stacks, pools }: Question): Recording {
  const trace = openTrace(file);
  if (pools) requirePools(trace);
  const moment = momentOf(trace, at);
  const progress = new Progress("replaying", moment.event);
  const replay = new Replay(trace, { stacks, onProgress: progress.update }).runTo(moment.event);
  progress.stop();
  if (replay.event < moment.event) throw replay.damage ?? stoppedBefore(moment, replay, file);
  return { trace, replay, moment, stacks: new Stacks(trace.tables) };
}

/** Opens a trace for questions, and says on stderr when it has no ending: answers then go as far as it goes. @throws {TraceError} */
export function openTrace(file: string): TraceReader {
  const trace = openSource(FileSource.open(file));
  if (trace.end === undefined && trace.eventCount > 0) console.error(`obmalloc: ${file}: ${noEnding(trace)}`);
  return trace;
}

/** A moment in the JSON of several commands. */
export function momentJson({ event, name, mark }: Moment) {
  return { event, name, label: mark?.label ?? null };
}

export const hasPools = ({ info }: TraceReader): boolean =>
  info.allocator === "pymalloc" || info.allocator === "pymalloc_debug";

/** @throws {TraceQuestionError} when the recorded allocator has no arenas and pools. */
export function requirePools(trace: TraceReader): void {
  if (hasPools(trace)) return;
  const { info } = trace;
  throw new TraceQuestionError(
    info.derivedFrom === undefined
      ? `This program ran with the allocator ${info.allocator}: it has no arenas and pools.`
      : `The capture that this was made of (${info.derivedFrom}) has no blocks of pymalloc.`,
    {
      details: [
        info.derivedFrom === undefined
          ? "Record it without PYTHONMALLOC, or ask for its blocks: obmalloc blocks FILE"
          : "Capture it with memray run --trace-python-allocators.",
      ],
    },
  );
}

function stoppedBefore(moment: Moment, replay: Replay, file: string): TraceQuestionError {
  return new TraceQuestionError(
    `The replay parts from the recording at event ${formatCount(replay.event)}, before ${moment.name}.`,
    { details: [`What happened there: obmalloc verify ${file}`] },
  );
}
