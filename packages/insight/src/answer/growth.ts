// Whether live bytes keep growing up to the moment that is asked about, and whether that is a leak: something made again and again
// and never given back, rather than one thing that is being built.

import { MarkKind } from "@obmalloc/trace";
import type { Examination, Look } from "../history/examine.ts";
import { type Making, makingOf } from "../history/making.ts";
import { type LineBytes, type StackTally, tallyGrowth, tallyLines, total } from "../history/tally.ts";
import { importStacks } from "./user-frame.ts";

/**
 * How live memory grew up to the moment: not all the time; between each two of the last markers; by calls of a function, each of
 * which left something; among many temporaries; in a loop of a module's own; or in one go, as something is built.
 */
export type GrowthPattern = "none" | "between-markers" | "among-temporaries" | Making;

/** Whether live memory grew all the time, and how. */
export interface Growth {
  /** Bytes that live blocks grew by, since {@link since}, in what is never given back before the moment. */
  readonly bytes: number;
  /** The event that the growth is counted from: where it becomes steady. */
  readonly since: number;
  /** Windows, of all, in which a due share of that growth happened. */
  readonly steadyWindows: number;
  readonly windows: number;
  readonly isSteady: boolean;
  readonly pattern: GrowthPattern;
  /** Stretches between markers, up to the moment, in each of which memory grew. */
  readonly stretches: number;
  /** The stack that the pattern was seen at; 0 where it was not looked at. */
  readonly stack: number;
  /** Lines by what they grew in the latter part of the growth; importing is left out. */
  readonly lines: readonly LineBytes[];
}

const WINDOWS = 8;
/** Growth may become steady after some of the program's own events: the first of these shares that fits. */
const BEGINNINGS = [0, 0.2, 0.4, 0.6];
/** A window takes part when it has this share of what an even pace would give it. */
const DUE_SHARE = 0.3;
const STEADY_WINDOWS = 7;
/** Between the program's last line and the start of shutdown the interpreter does some things of its own: at most so much. */
const AFTER_EVENTS = 256;
const AFTER_SHARE = 0.15;
/** Stretches between markers that tell, and how many are looked at. */
const STRETCHES_MIN = 3;
const STRETCHES_MAX = 8;
/** Less than this, or than this share of what is alive, is not looked into. */
const SMALLEST_BYTES = 2 ** 20;
const LIVE_SHARE = 0.15;
/** Where fewer of the blocks that were made are kept, they are kept among temporaries. */
const KEPT_SHARE = 0.12;
/** A loop that counts to no more than this makes no numbers: it cannot be seen whether it called the function, or is within it. */
const FEW_BLOCKS = 600;

export function growth(examination: Examination): Growth {
  const { moment } = examination;
  const envelope = new Envelope(examination);
  const windows = BEGINNINGS.map((share) => windowsFrom(examination, envelope, share));
  const { since, steadyWindows, isSteady, bytes: all } = windows.find((one) => one.isSteady) ?? windows[1]!;
  const look = lookAfter(examination, since);
  const grown = look === undefined ? undefined : withoutImports(examination, look);
  const imported = grown === undefined ? 0 : grown.importedPerEvent * (moment.event - since);
  const bytes = Math.round(Math.max(0, all - imported));
  const stretches = stretchesGrown(examination, envelope);
  const shape = { bytes, since, isSteady, stretches };
  const { pattern, stack } =
    look === undefined || grown === undefined ? NO_PATTERN : patternOf(examination, look, grown.tally, shape);
  return {
    ...shape,
    steadyWindows,
    windows: WINDOWS,
    pattern,
    stack,
    lines:
      grown === undefined
        ? []
        : tallyLines(grown.tally, examination.stacks).filter((line) => line.inPools + line.outside > 0),
  };
}

const NO_PATTERN = { pattern: "none", stack: 0 } as const;

function patternOf(
  examination: Examination,
  look: Look,
  grown: StackTally,
  { bytes, since, isSteady, stretches }: Pick<Growth, "bytes" | "since" | "isSteady" | "stretches">,
): Pick<Growth, "pattern" | "stack"> {
  const { machine } = examination.replay;
  const live = machine.liveBytes + machine.outsideBlocks.bytes;
  if (bytes < Math.max(SMALLEST_BYTES, live * LIVE_SHARE)) return NO_PATTERN;
  if (stretches >= STRETCHES_MIN) return { pattern: "between-markers", stack: 0 };
  if (!isSteady) return NO_PATTERN;
  const kept = keptBlocks(examination, look);
  const { making, stack } = makingOf(examination, latestGrowth(examination, grown), since, kept < FEW_BLOCKS);
  const isRare = (2 * kept) / (examination.moment.event - look.event + kept) < KEPT_SHARE;
  return { pattern: making !== "call-by-call" && isRare ? "among-temporaries" : making, stack };
}

/** Blocks that are kept of those made since a look: events are allocations and frees, so their number tells how many there were. */
function keptBlocks({ replay, now }: Examination, look: Look): number {
  return total(now.blocks) + replay.machine.outsideBlocks.count - look.blocks;
}

/** What grew last is what is still growing. */
function latestGrowth(examination: Examination, grown: StackTally): StackTally {
  const last = examination.looks.at(-1);
  return last === undefined ? grown : withoutImports(examination, last).tally;
}

interface Windows {
  readonly since: number;
  readonly bytes: number;
  readonly steadyWindows: number;
  readonly isSteady: boolean;
}

function windowsFrom({ programStart, moment }: Examination, envelope: Envelope, share: number): Windows {
  const own = moment.event - programStart;
  const after = moment.mark?.kind === MarkKind.shutdown ? Math.min(AFTER_EVENTS, own * AFTER_SHARE) : 0;
  const since = Math.round(programStart + own * share);
  const length = moment.event - after - since;
  const levels = Array.from({ length: WINDOWS + 1 }, (_, i) => envelope.at(since + (length * i) / WINDOWS));
  const bytes = levels.at(-1)! - levels[0]!;
  const due = (bytes / WINDOWS) * DUE_SHARE;
  const steps = levels.slice(1).map((level, i) => level - levels[i]!);
  const steadyWindows = steps.filter((step) => step >= due).length;
  const isSteady = bytes > 0 && steadyWindows >= STEADY_WINDOWS && steps.at(-1)! >= due;
  return { since, bytes, steadyWindows, isSteady };
}

/** How many of the stretches between the last markers grew in a row, up to the moment; 0 where there are too few to tell. */
function stretchesGrown({ trace, moment }: Examination, envelope: Envelope): number {
  const marks = trace.tables.marks.filter(
    (mark) => mark.kind === MarkKind.user && mark.event <= moment.event,
  );
  const events = [...new Set(marks.map((mark) => mark.event))].slice(-STRETCHES_MAX - 1);
  if (events.length <= STRETCHES_MIN) return 0;
  const levels = events.map((event) => envelope.at(event));
  const due = ((levels.at(-1)! - levels[0]!) / (events.length - 1)) * DUE_SHARE;
  const steps = levels.slice(1).map((level, i) => level - levels[i]!);
  const still = steps.findLastIndex((step) => step < due || step <= 0);
  return steps.length - 1 - still;
}

/** The first look at who had memory in the latter part of what began at `since`; undefined where there was none. */
function lookAfter({ looks, moment }: Examination, since: number): Look | undefined {
  return looks.findLast((look) => look.event <= (since + moment.event) / 2) ?? looks[0];
}

/** What stacks grew by since a look, but for those that import modules; and what those did, by event. */
function withoutImports(
  { now, trace, moment }: Examination,
  look: Look,
): { readonly tally: StackTally; readonly importedPerEvent: number } {
  const tally = tallyGrowth(now, look.tally);
  const isImport = importStacks(trace.tables);
  let imported = 0;
  for (let stack = 0; stack < isImport.length; stack++) {
    if (isImport[stack] === 0) continue;
    imported += tally.inPools[stack]! + tally.outside[stack]!;
    tally.inPools[stack] = tally.outside[stack] = tally.blocks[stack] = 0;
  }
  return { tally, importedPerEvent: Math.max(0, imported) / (moment.event - look.event) };
}

/** Live bytes over events, less what is given back before the moment: that has not leaked. */
class Envelope {
  private readonly events: readonly number[];
  private readonly bytes: number[];

  constructor({ timeline, lows }: Examination) {
    this.events = timeline.map((point) => point.event);
    this.bytes = timeline.map((point) => point.liveBytes + point.outsideBytes);
    for (let i = this.bytes.length - 2; i >= 0; i--)
      this.bytes[i] = Math.min(this.bytes[i]!, lows[i + 1]!, this.bytes[i + 1]!);
  }

  /** At the first point that is not before `event`. */
  at(event: number): number {
    const index = this.events.findIndex((one) => one >= event);
    return this.bytes[index < 0 ? this.bytes.length - 1 : index]!;
  }
}
