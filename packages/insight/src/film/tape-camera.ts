// A recording at a few dozen moments: how full each pool was at all of them, and every block at as many as there is room for.

import type { Stacks, TraceReader } from "@obmalloc/trace";
import { labelledMarks } from "../answer/pictures.ts";
import type { HistoryMachine } from "../history/history-machine.ts";
import { shortFrameText } from "../text/frame-text.ts";
import { type FilmMoment, TAPE_ABSENT, TAPE_FULL, type Tape, tapeGeometry } from "./tape.ts";
import { tapeStacks } from "./tape-stacks.ts";

/** Blocks that are remembered while the recording is replayed: 23 bytes each. */
const LOGGED_MAX = 1_000_000;

interface Shot {
  readonly event: number;
  /** Whether every block of the moment is in the log. */
  readonly hasBlocks: boolean;
  /** By recorded base: fill and size class of each pool. */
  readonly arenas: ReadonlyMap<number, { readonly fill: Uint8Array; readonly classes: Uint8Array }>;
}

/** How much of what a camera took may go onto a tape. */
export interface DevelopOptions {
  /** Bytes of all pools at all moments. */
  readonly filmBytesMax: number;
  readonly blocksMax: number;
}

/** Takes pictures of a machine as it goes along. */
export class TapeCamera {
  private readonly shots: Shot[] = [];

  /** One look at every arena, and at every block while there is room for them. */
  shoot(machine: HistoryMachine, event: number): void {
    const { poolBytes, arenaBytes } = machine.profile.pymalloc;
    const poolCount = Math.ceil(arenaBytes / poolBytes);
    const arenas = new Map<number, { fill: Uint8Array; classes: Uint8Array }>();
    let hasBlocks = true;
    for (const { base, linear } of machine.arenas.all()) {
      const fill = new Uint8Array(poolCount).fill(TAPE_ABSENT);
      const classes = new Uint8Array(poolCount).fill(TAPE_ABSENT);
      const first = Math.ceil(linear / poolBytes) * poolBytes;
      for (let pool = 0; first + (pool + 1) * poolBytes <= linear + arenaBytes; pool++) {
        const seen = shootPool(machine, first + pool * poolBytes, hasBlocks);
        hasBlocks &&= seen.hasBlocks;
        fill[pool] = seen.bytes === 0 ? 0 : Math.max(1, Math.round((seen.bytes / poolBytes) * TAPE_FULL));
        classes[pool] = seen.szidx;
      }
      arenas.set(base, { fill, classes });
    }
    this.shots.push({ event, hasBlocks, arenas });
  }

  /** All shots as a tape: moments between are left out until the pools fit, and blocks of moments until those fit. */
  develop(trace: TraceReader, machine: HistoryMachine, stacks: Stacks, options: DevelopOptions): Tape {
    const { log } = machine;
    const { poolBytes, arenaBytes } = machine.profile.pymalloc;
    const pools = Math.ceil(arenaBytes / poolBytes);
    const bases = log.bases();
    const room = Math.floor(options.filmBytesMax / Math.max(1, bases.length * pools * 2));
    const kept = thinOut(this.shots, Math.max(1, room));
    const withBlocks = chooseBlocks(kept, machine, options.blocksMax);
    const { born, died } = log.lives;
    const events = [...withBlocks];
    const columns = log.columns((life) =>
      events.some((event) => born[life]! < event && died[life]! >= event),
    );
    const used = new Set(columns.lives.stack);
    const tree = tapeStacks(trace.tables, stacks, shortFrameText, used);
    const moments = kept.map((shot): FilmMoment => {
      const fill = new Uint8Array(bases.length * pools).fill(TAPE_ABSENT);
      const classes = new Uint8Array(bases.length * pools).fill(TAPE_ABSENT);
      for (const [row, base] of bases.entries()) {
        const arena = shot.arenas.get(base);
        if (arena === undefined) continue;
        fill.set(arena.fill, row * pools);
        classes.set(arena.classes, row * pools);
      }
      return { event: shot.event, hasBlocks: withBlocks.has(shot.event), fill, classes };
    });
    return {
      geometry: tapeGeometry(machine.profile),
      firstEvent: moments[0]?.event ?? 0,
      lastEvent: moments.at(-1)?.event ?? 0,
      arenas: columns.arenas,
      lives: { ...columns.lives, stack: columns.lives.stack.map(tree.numberOf) },
      stacks: tree.stacks,
      marks: labelledMarks(trace).filter(({ event }) => event <= (moments.at(-1)?.event ?? 0)),
      film: { moments },
    };
  }
}

/** @param enters whether blocks that the log does not know yet are entered. */
function shootPool(machine: HistoryMachine, start: number, enters: boolean) {
  const { log, live } = machine;
  let bytes = 0;
  let szidx: number = TAPE_ABSENT;
  let hasBlocks = enters;
  for (const record of live.recordsWithin(start, start + machine.profile.pymalloc.poolBytes)) {
    const linear = live.addressOf(record);
    const sizeBytes = live.sizeOf(record);
    bytes += sizeBytes;
    if (szidx === TAPE_ABSENT) szidx = live.classOf(linear);
    if (!hasBlocks) continue;
    const life = log.lifeOf(linear);
    if (life >= 0 && log.lives.sizes[life] === sizeBytes) continue;
    if (log.lives.count >= LOGGED_MAX) {
      hasBlocks = false;
      continue;
    }
    // A block that was given another size where it is: one life ends, another begins.
    if (life >= 0) log.death(linear, machine.clock - 1);
    const event = life >= 0 ? machine.clock - 1 : machine.birthOf(record);
    log.birth(linear, sizeBytes, szidx, event, live.stackOf(record));
  }
  return { bytes, szidx, hasBlocks };
}

/** The last, and as many others evenly as there may be. */
function thinOut<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, i) => all[Math.floor(((i + 1) * all.length) / count) - 1]!);
}

/** The moments whose blocks fit together into `blocksMax` lives: the last one first, then those that cost least. */
function chooseBlocks(shots: readonly Shot[], machine: HistoryMachine, blocksMax: number): Set<number> {
  const { born, died, count } = machine.log.lives;
  const taken = new Uint8Array(count);
  const costOf = (event: number) => {
    let cost = 0;
    for (let life = 0; life < count; life++)
      if (taken[life] === 0 && born[life]! < event && died[life]! >= event) cost++;
    return cost;
  };
  const candidates = shots.filter(({ hasBlocks }) => hasBlocks);
  const last = candidates.at(-1);
  const others = candidates
    .filter((shot) => shot !== last)
    .map(({ event }) => ({ event, cost: costOf(event) }));
  others.sort((a, b) => a.cost - b.cost);
  const chosen = new Set<number>();
  let left = blocksMax;
  for (const event of [...(last === undefined ? [] : [last.event]), ...others.map((one) => one.event)]) {
    const cost = costOf(event);
    if (cost > left) continue;
    left -= cost;
    chosen.add(event);
    for (let life = 0; life < count; life++) if (born[life]! < event && died[life]! >= event) taken[life] = 1;
  }
  return chosen;
}
