// One pass over a recording up to a moment: everything that the answers are made of.

import { type Moment, Replay, type ReplayOptions, Stacks, type TraceReader } from "@obmalloc/trace";
import { HistoryMachine } from "./history-machine.ts";
import { type HeapUse, heapUse, lastMeasured, type Measured } from "./measured.ts";
import { firstProgramStack } from "./program-start.ts";
import { type StackTally, tallyStacks } from "./tally.ts";
import { Clock, type TimePoint, timePoint } from "./timeline.ts";

/** A recording replayed to a moment, and what was seen on the way. */
export interface Examination {
  readonly trace: TraceReader;
  readonly moment: Moment;
  readonly stacks: Stacks;
  /** Stands at the moment; before it when the trace is damaged, or the replay parts from it. */
  readonly replay: Replay<HistoryMachine>;
  /** When the process was looked at last, and what the heap held then; undefined where it never was, or where the replay did not get there. */
  readonly measured: (Measured & { readonly heap: HeapUse }) | undefined;
  readonly timeline: readonly TimePoint[];
  /** For each of its points the least that was alive since the one before; bytes. */
  readonly lows: readonly number[];
  /** The event with which the program itself began, after the interpreter's start; 0 where stacks do not tell. */
  readonly programStart: number;
  /** Live bytes by stack at the moment, some way to it, and when most blocks were alive. */
  readonly now: StackTally;
  readonly looks: readonly Look[];
  readonly atPeak: StackTally;
  readonly peakEvent: number;
  /** Live bytes by stack when most bytes outside of pools were alive. */
  readonly atOutsidePeak: StackTally;
}

/** Who had memory at a point on the way. */
export interface Look {
  readonly event: number;
  readonly tally: StackTally;
  /** Live blocks, in pools and outside. */
  readonly blocks: number;
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

/** While the thread that decodes comes up, frames are found, of so many stacks at a time. */
const FOUND_AHEAD_STACKS = 500;
/** All blocks are looked at when memory has come down by this share from a peak ... */
const FALL_SHARE = 0.02;
/** ... that was so much higher than the last one that was looked at: so there are few looks. */
const PEAK_STEP = 1.1;
/** Where looks are taken, as shares of the program's own events. */
const LOOK_SHARES = [0.2, 0.4, 0.6, 0.8];
/** How closely the program's first event is looked for. */
const START_STEP_EVENTS = 128;
/** Between points of the timeline, how often it is seen how little is alive. */
const LOW_STEP_EVENTS = 1 << 12;

/** Replays `trace` up to `moment`. @throws {TraceQuestionError} for versions that cannot be replayed. */
export function examine(trace: TraceReader, moment: Moment, options: ExamineOptions = {}): Examination {
  const { points = 240, onProgress, events } = options;
  const replay = new Replay(trace, {
    machine: (machineOptions) => new HistoryMachine(machineOptions, moment.event),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(events === undefined ? {} : { events }),
  });
  const stacks = new Stacks(trace.tables);
  while (replay.isWaiting && stacks.findAhead(FOUND_AHEAD_STACKS));
  const clock = new Clock(trace);
  const look = () => tallyStacks(replay.machine);
  const timeline: TimePoint[] = [timePoint(replay.machine, 0, clock)];
  const lows = [0];
  const peak = new Peak();
  const outside = new Peak();
  const start = new ProgramStart(replay);
  const looks: Look[] = [];
  const measured = lastMeasured(trace, moment.event);
  let heapThen = measured?.event === 0 ? heapUse(replay.machine) : undefined;
  let ahead = checkpoints(trace, 0, moment.event, points);
  if (measured !== undefined && measured.event > 0) ahead = inOrder([...ahead, measured.event]);
  for (let event = ahead.shift(); event !== undefined; event = ahead.shift()) {
    if (start.isFoundBefore(event) && start.event > moment.event / 2) {
      ahead = inOrder([event, ...ahead, ...checkpoints(trace, replay.event, moment.event, points)]);
      event = ahead.shift()!;
    }
    const low = lowUpTo(replay, event);
    const point = timePoint(replay.machine, replay.event, clock);
    timeline.push(point);
    lows.push(low);
    options.onPoint?.(replay);
    if (replay.event < event) break;
    if (event === measured?.event) heapThen = heapUse(replay.machine);
    const share = (event - start.event) / (moment.event - start.event);
    if (start.isOver && share >= LOOK_SHARES[looks.length]!)
      looks.push({ event, tally: look(), blocks: liveBlocks(replay.machine) });
    peak.see(point.liveBytes + point.outsideBytes, event, look);
    outside.see(point.outsideBytes, event, look);
  }
  const now = look();
  return {
    trace,
    moment,
    stacks,
    replay,
    measured: measured === undefined || heapThen === undefined ? undefined : { ...measured, heap: heapThen },
    timeline,
    lows,
    now,
    programStart: start.event,
    looks,
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

/** Watches a replay's beginning for the first stack of the program's own. */
class ProgramStart {
  /** The event at which it was seen; 0 until then, or where it never is. */
  event = 0;
  /** Whether nothing more is looked for. */
  isOver: boolean;
  private readonly replay: Replay<HistoryMachine>;
  private readonly firstStack: number;

  constructor(replay: Replay<HistoryMachine>) {
    this.replay = replay;
    this.firstStack = firstProgramStack(replay.trace.tables);
    this.isOver = this.firstStack >= replay.trace.tables.nodeCode.length || !replay.hasPools;
  }

  /** Replays in small steps up to the program's start, or to `event`: true, once, when it came before. */
  isFoundBefore(event: number): boolean {
    const { replay, firstStack } = this;
    while (!this.isOver && replay.event < event) {
      const before = replay.event;
      replay.runTo(Math.min(event, before + START_STEP_EVENTS));
      if (replay.event === before) this.isOver = true;
      if (replay.machine.live.stackOf(replay.machine.live.lastBegun) < firstStack) continue;
      this.isOver = true;
      this.event = before;
      return true;
    }
    return false;
  }
}

/** Replays up to `event`; the least that was alive on the way, in bytes. */
function lowUpTo(replay: Replay<HistoryMachine>, event: number): number {
  const { machine } = replay;
  let low = machine.liveBytes + machine.outsideBlocks.bytes;
  for (let before = -1; replay.event < event && replay.event > before; ) {
    before = replay.event;
    replay.runTo(Math.min(event, before + LOW_STEP_EVENTS));
    low = Math.min(low, machine.liveBytes + machine.outsideBlocks.bytes);
  }
  return low;
}

function liveBlocks({ byStack, outsideBlocks }: HistoryMachine): number {
  let blocks = outsideBlocks.count;
  for (let at = 1; at < byStack.length; at += 2) blocks += byStack[at]!;
  return blocks;
}

const inOrder = (events: readonly number[]) => [...new Set(events)].sort((a, b) => a - b);

/** Evenly through the events after `start`, and at each marker. */
function checkpoints({ tables }: TraceReader, start: number, end: number, points: number): number[] {
  const even = Array.from({ length: points }, (_, i) =>
    Math.round(start + ((end - start) * (i + 1)) / points),
  );
  const marks = tables.marks.map((mark) => mark.event).filter((event) => event > start && event <= end);
  return inOrder([...even, ...marks]);
}
