// One pass over a recording up to a moment: everything that the answers are made of.

import { type Moment, Replay, type ReplayOptions, Stacks, type TraceReader } from "@obmalloc/trace";
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

/** How a recording is looked through, and who is told. */
export interface ExamineOptions {
  readonly onProgress?: (events: number) => void;
  /** Where the trace's events come from, as a replay takes it. @defaultValue they are decoded here */
  readonly events?: ReplayOptions["events"];
  /** Points of the timeline. @defaultValue 240 */
  readonly points?: number;
  /** Called at each point of the timeline and at each marker. */
  readonly onPoint?: (replay: Replay<HistoryMachine>) => void;
}

/** All blocks are looked at when memory has come down by this share from a peak ... */
const FALL_SHARE = 0.02;
/** ... that was so much higher than the last one that was looked at: so there are few looks. */
const PEAK_STEP = 1.1;
/** Where the halfway look is taken. */
const HALF = 0.5;

/** Replays `trace` up to `moment`. @throws {TraceQuestionError} for versions that cannot be replayed. */
export function examine(trace: TraceReader, moment: Moment, options: ExamineOptions = {}): Examination {
  const { points = 240, onProgress, events } = options;
  const replay = new Replay(trace, {
    machine: (machineOptions) => new HistoryMachine(machineOptions, moment.event),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(events === undefined ? {} : { events }),
  });
  const clock = new Clock(trace);
  const look = () => tallyStacks(replay.machine);
  const timeline: TimePoint[] = [timePoint(replay.machine, 0, clock)];
  let halfway: StackTally | undefined;
  const peak = new Peak();
  const outside = new Peak();
  for (const event of checkpoints(trace, moment.event, points)) {
    replay.runTo(event);
    const point = timePoint(replay.machine, replay.event, clock);
    timeline.push(point);
    options.onPoint?.(replay);
    if (replay.event < event) break;
    if (halfway === undefined && event >= moment.event * HALF) halfway = look();
    peak.see(point.liveBytes + point.outsideBytes, event, look);
    outside.see(point.outsideBytes, event, look);
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
    atPeak: peak.tallyOr(now),
    peakEvent: peak.event,
    atOutsidePeak: outside.tallyOr(now),
  };
}

/** Who had memory when there was most of it: known when it comes down, and looked at then. */
class Peak {
  /** The event of the highest point so far. */
  event = 0;
  private bytes = 0;
  private lookedBytes = 0;
  private tally: StackTally | undefined;

  see(bytes: number, event: number, look: () => StackTally): void {
    if (bytes >= this.bytes) {
      this.bytes = bytes;
      this.event = event;
    } else if (bytes < this.bytes * (1 - FALL_SHARE) && this.bytes > this.lookedBytes * PEAK_STEP) {
      this.lookedBytes = this.bytes;
      this.tally = look();
    }
  }

  /** The look at the peak; `now` where memory never came down from it. */
  tallyOr(now: StackTally): StackTally {
    return this.tally === undefined || this.bytes > this.lookedBytes * PEAK_STEP ? now : this.tally;
  }
}

/** Evenly through the events, and at each marker. */
function checkpoints({ tables }: TraceReader, end: number, points: number): number[] {
  const even = Array.from({ length: points }, (_, i) => Math.round((end * (i + 1)) / points));
  const marks = tables.marks.map((mark) => mark.event).filter((event) => event <= end);
  return [...new Set([...even, ...marks])].sort((a, b) => a - b);
}
