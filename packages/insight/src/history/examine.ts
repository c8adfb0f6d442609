// One pass over a recording up to a moment: everything that the answers are made of.

import { type Moment, Replay, Stacks, type TraceReader } from "@obmalloc/trace";
import { HistoryMachine } from "./history-machine.ts";
import { type StackTally, tallyStacks } from "./tally.ts";
import { Clock, type TimePoint, timePoint } from "./timeline.ts";

/** A recording replayed to a moment, and what was seen on the way. */
export interface Examination {
  readonly trace: TraceReader;
  readonly moment: Moment;
  readonly stacks: Stacks;
  /** Stands at the moment; before it when the trace is damaged, or the replay parts from it. */
  readonly replay: Replay<HistoryMachine>;
  readonly timeline: readonly TimePoint[];
  /** Live bytes by stack at the moment, halfway to it, and when most blocks were alive. */
  readonly now: StackTally;
  readonly halfway: StackTally;
  readonly atPeak: StackTally;
  readonly peakEvent: number;
  /** Live bytes by stack when most bytes outside of pools were alive. */
  readonly atOutsidePeak: StackTally;
}

export interface ExamineOptions {
  readonly onProgress?: (events: number) => void;
  /** Points of the timeline. @defaultValue 240 */
  readonly points?: number;
  /** Called at each point of the timeline and at each marker. */
  readonly onPoint?: (replay: Replay<HistoryMachine>) => void;
}

/** A new peak has to be so much higher for another look at all blocks: what these looks cost stays a fixed share. */
const PEAK_STEP = 1.25;
/** Where the halfway look is taken. */
const HALF = 0.5;

/** Replays `trace` up to `moment`. @throws {TraceQuestionError} for versions that cannot be replayed. */
export function examine(trace: TraceReader, moment: Moment, options: ExamineOptions = {}): Examination {
  const { points = 240, onProgress } = options;
  const replay = new Replay(trace, {
    machine: (machineOptions) => new HistoryMachine(machineOptions),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const clock = new Clock(trace);
  const stackCount = trace.tables.nodeCode.length;
  const look = () => tallyStacks(replay.machine, stackCount);
  const timeline: TimePoint[] = [timePoint(replay.machine, 0, clock)];
  let halfway: StackTally | undefined;
  const peak = { bytes: 0, event: 0, tally: look() };
  const outside = { bytes: 0, tally: peak.tally };
  for (const event of checkpoints(trace, moment.event, points)) {
    replay.runTo(event);
    const point = timePoint(replay.machine, replay.event, clock);
    timeline.push(point);
    options.onPoint?.(replay);
    if (replay.event < event) break;
    if (halfway === undefined && event >= moment.event * HALF) halfway = look();
    if (point.liveBytes + point.outsideBytes > peak.bytes * PEAK_STEP) {
      peak.bytes = point.liveBytes + point.outsideBytes;
      peak.event = event;
      peak.tally = look();
    }
    if (point.outsideBytes > outside.bytes * PEAK_STEP) {
      outside.bytes = point.outsideBytes;
      outside.tally = peak.event === event ? peak.tally : look();
    }
  }
  const now = look();
  return {
    trace,
    moment,
    stacks: new Stacks(trace.tables),
    replay,
    timeline,
    now,
    halfway: halfway ?? now,
    atPeak: peak.tally,
    peakEvent: peak.event,
    atOutsidePeak: outside.tally,
  };
}

/** Evenly through the events, and at each marker. */
function checkpoints({ tables }: TraceReader, end: number, points: number): number[] {
  const even = Array.from({ length: points }, (_, i) => Math.round((end * (i + 1)) / points));
  const marks = tables.marks.map((mark) => mark.event).filter((event) => event <= end);
  return [...new Set([...even, ...marks])].sort((a, b) => a - b);
}
