// A part of a recording, event by event, as a tape.

import { Replay, Stacks, type TraceReader } from "@obmalloc/trace";
import { labelledMarks } from "../answer/pictures.ts";
import { shortFrameText } from "../text/frame-text.ts";
import { type Tape, tapeGeometry } from "./tape.ts";
import { TapeMachine } from "./tape-machine.ts";
import { tapeStacks } from "./tape-stacks.ts";

/** Which part of a recording goes onto a tape. */
export interface RecordTapeOptions {
  /** The first moment. @defaultValue 0 */
  readonly from?: number;
  /** The last one. @defaultValue the end of the recording */
  readonly to?: number;
  readonly onProgress?: (events: number) => void;
}

/**
 * Replays a recording up to `to`, and writes down what happens from `from` on. Memory: 23 bytes for each block that was born
 * meanwhile. Ends earlier where the trace is damaged or the replay parts from it.
 *
 * @throws {TraceQuestionError} when the trace comes from a version that is not known.
 */
export function recordTape(trace: TraceReader, options: RecordTapeOptions = {}): Tape {
  const { from = 0, to = trace.eventCount, onProgress } = options;
  const replay = new Replay(trace, {
    machine: (machineOptions) => new TapeMachine(machineOptions),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  replay.runTo(from);
  replay.machine.begin();
  replay.runTo(to);
  const { stacks } = tapeStacks(trace.tables, new Stacks(trace.tables), shortFrameText);
  return {
    geometry: tapeGeometry(replay.profile),
    firstEvent: Math.min(from, replay.event),
    lastEvent: replay.event,
    ...replay.machine.log.columns(),
    stacks,
    marks: labelledMarks(trace),
  };
}
