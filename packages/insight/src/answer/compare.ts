// Two moments, of one recording or of two, beside each other: by layer, by size class, by line.

import { type Frame, type Moment, TraceQuestionError, type TraceReader } from "@obmalloc/trace";
import { type Examination, examine } from "../history/examine.ts";
import { tallyLines } from "../history/tally.ts";
import { type ClassLifetimes, lifetimes } from "./lifetimes.ts";
import { SameLines } from "./same-lines.ts";
import { type Waterfall, waterfall } from "./waterfall.ts";

/** What there is to compare of one moment. */
export interface Side {
  readonly moment: Moment;
  readonly waterfall: Waterfall;
  readonly classes: readonly ClassLifetimes[];
  readonly lines: readonly {
    readonly frame: Frame | undefined;
    readonly bytes: number;
    readonly blocks: number;
  }[];
  /** Live bytes in all, in pools and outside of them. */
  readonly liveBytes: number;
  readonly arenas: number;
}

/** A figure before and after. */
export interface Change<Key> {
  readonly key: Key;
  readonly before: number;
  readonly after: number;
}

/** What changed between two moments, by layer, size class and line; sizes in bytes. */
export interface Comparison {
  readonly before: Side;
  readonly after: Side;
  /** Parts of the waterfalls by name, in bytes. */
  readonly layers: readonly Change<string>[];
  /** Live bytes in blocks, by the block size of the class; largest change first. */
  readonly classes: readonly Change<number>[];
  /** Live requested bytes by line; largest change first. */
  readonly lines: readonly Change<Frame | undefined>[];
}

/** @throws {TraceQuestionError} when the recording's version cannot be replayed. */
export function sideOf(trace: TraceReader, moment: Moment, onProgress?: (events: number) => void): Side {
  const examination = examine(
    trace,
    moment,
    onProgress === undefined ? { points: 8 } : { points: 8, onProgress },
  );
  const { now, stacks, timeline, replay } = examination;
  if (replay.event < moment.event) throw replay.damage ?? stoppedBefore(examination);
  return {
    moment,
    waterfall: waterfall(examination),
    classes: lifetimes(examination),
    lines: tallyLines(now, stacks).map(({ frame, inPools, outside, blocks }) => ({
      frame,
      bytes: inPools + outside,
      blocks,
    })),
    liveBytes: replay.machine.liveBytes + replay.machine.outsideBlocks.bytes,
    arenas: timeline.at(-1)!.arenas,
  };
}

function stoppedBefore({ replay, moment }: Examination): TraceQuestionError {
  return new TraceQuestionError(
    `The replay parts from the recording at event ${replay.event}, before ${moment.name}: ${replay.mismatch?.reason}.`,
  );
}

/** Compares two moments, of one recording or of two. */
export function compare(before: Side, after: Side): Comparison {
  const parts = ({ waterfall: { parts: all } }: Side) =>
    all.map((part): [string, string, number] => [part.key, part.name, part.bytes]);
  const classes = (side: Side) =>
    side.classes.map((row): [number, number, number] => [
      row.szidx,
      row.blockBytes,
      row.live * row.blockBytes,
    ]);
  const same = new SameLines([...before.lines, ...after.lines].map(({ frame }) => frame));
  const lines = (side: Side) =>
    side.lines.map(({ frame, bytes }): [string, Frame | undefined, number] => [
      same.keyOf(frame),
      frame,
      bytes,
    ]);
  return {
    before,
    after,
    layers: changes(parts(before), parts(after)),
    classes: changes(classes(before), classes(after)).filter(isChange).sort(bySize),
    lines: changes(lines(before), lines(after)).filter(isChange).sort(bySize),
  };
}

const isChange = ({ before, after }: Change<unknown>) => before !== after;
const bySize = (a: Change<unknown>, b: Change<unknown>) =>
  Math.abs(b.after - b.before) - Math.abs(a.after - a.before);

/** Entries are a key to match by, what is shown, and a figure. */
function changes<Id, Key>(
  before: readonly (readonly [Id, Key, number])[],
  after: readonly (readonly [Id, Key, number])[],
): Change<Key>[] {
  const found = new Map<Id, Change<Key>>();
  for (const [id, key, value] of before)
    found.set(id, { key, before: value + (found.get(id)?.before ?? 0), after: 0 });
  for (const [id, key, value] of after) {
    const { before: was, after: now } = found.get(id) ?? { before: 0, after: 0 };
    found.set(id, { key, before: was, after: value + now });
  }
  return [...found.values()];
}
