// How full each pool was at a few dozen moments, and who was in it at the last: what a map of arenas is drawn from.

import type { Frame, Stacks } from "@obmalloc/trace";
import type { HistoryMachine } from "../history/history-machine.ts";

const UNIT_SHIFT = 4;
/** A pool that is in no mapped arena, or a figure that there is not. */
export const FILM_ABSENT = 255;
/** Fill of a pool whose bytes are all requested ones. */
export const FILM_FULL = 200;

/** Pools by arena (rows, in the order of {@link bases}) at several moments. */
export interface ArenaFilm {
  readonly pools: number;
  /** Recorded bases of the arenas that were there at one of the moments, ascending. */
  readonly bases: readonly number[];
  readonly moments: readonly { readonly event: number; readonly fill: Uint8Array }[];
  /** Of the last moment, for each pool: its size class, and the line with most of its bytes (an index of `lines`). */
  readonly classes: Uint8Array;
  readonly pinnedBy: Uint8Array;
  readonly lines: readonly (Frame | undefined)[];
}

/** Takes pictures of a machine as it goes along. */
export class ArenaCamera {
  private readonly shots: { readonly event: number; readonly fills: ReadonlyMap<number, Uint8Array> }[] = [];

  /** One look at every arena. */
  shoot(machine: HistoryMachine, event: number): void {
    const fills = new Map<number, Uint8Array>();
    const { sizes } = machine.live;
    const { poolBytes, arenaBytes } = machine.profile.pymalloc;
    const pools = Math.ceil(arenaBytes / poolBytes);
    for (const { base, linear } of machine.arenas.all()) {
      const fill = new Uint8Array(pools);
      for (let pool = 0; pool < pools; pool++) {
        const start = firstPool(linear, poolBytes) + pool * poolBytes;
        if (start + poolBytes > linear + arenaBytes) {
          fill[pool] = FILM_ABSENT;
          continue;
        }
        let bytes = 0;
        for (let unit = start >>> UNIT_SHIFT; unit < (start + poolBytes) >>> UNIT_SHIFT; unit++)
          if (sizes[unit] !== 0) bytes += machine.live.sizeAt(unit << UNIT_SHIFT);
        fill[pool] = bytes === 0 ? 0 : Math.max(1, Math.round((bytes / poolBytes) * FILM_FULL));
      }
      fills.set(base, fill);
    }
    this.shots.push({ event, fills });
  }

  /**
   * All shots on one set of rows, at most `bytesMax` bytes: where there are more, moments between are left out.
   *
   * @param topLines lines to tell apart in the last moment.
   */
  develop(machine: HistoryMachine, stacks: Stacks, topLines: number, bytesMax: number): ArenaFilm {
    const { poolBytes, arenaBytes } = machine.profile.pymalloc;
    const pools = Math.ceil(arenaBytes / poolBytes);
    const bases = [...new Set(this.shots.flatMap((shot) => [...shot.fills.keys()]))].sort((a, b) => a - b);
    const kept = thinOut(this.shots, Math.max(1, Math.floor(bytesMax / Math.max(1, bases.length * pools))));
    const moments = kept.map(({ event, fills }) => {
      const fill = new Uint8Array(bases.length * pools).fill(FILM_ABSENT);
      for (const [row, base] of bases.entries()) {
        const arena = fills.get(base);
        if (arena !== undefined) fill.set(arena, row * pools);
      }
      return { event, fill };
    });
    return { pools, bases, moments, ...lastMoment(machine, stacks, bases, pools, topLines) };
  }
}

const firstPool = (linear: number, poolBytes: number) => Math.ceil(linear / poolBytes) * poolBytes;

/** The last, and as many others evenly as there may be. */
function thinOut<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, i) => all[Math.floor(((i + 1) * all.length) / count) - 1]!);
}

/** Size class and heaviest line of each pool. */
function lastMoment(
  machine: HistoryMachine,
  stacks: Stacks,
  bases: readonly number[],
  pools: number,
  topLines: number,
): Pick<ArenaFilm, "classes" | "pinnedBy" | "lines"> {
  const classes = new Uint8Array(bases.length * pools).fill(FILM_ABSENT);
  const owners: (Frame | null | undefined)[] = new Array(bases.length * pools).fill(null);
  const { live, profile } = machine;
  const { poolBytes, arenaBytes } = profile.pymalloc;
  const rowOf = new Map(bases.map((base, row) => [base, row]));
  const poolsOf = new Map<Frame | undefined, number>();
  for (const { base, linear } of machine.arenas.all()) {
    const row = rowOf.get(base);
    if (row === undefined) continue;
    const start = firstPool(linear, poolBytes);
    let tally = new Map<Frame | undefined, number>();
    let pool = -1;
    const close = () => {
      if (pool < 0) return;
      const [owner] = [...tally].reduce((best, one) => (one[1] > best[1] ? one : best));
      owners[row * pools + pool] = owner;
      poolsOf.set(owner, (poolsOf.get(owner) ?? 0) + 1);
    };
    for (const address of live.within(linear, linear + arenaBytes)) {
      const at = Math.floor((address - start) / poolBytes);
      if (at !== pool) {
        close();
        pool = at;
        tally = new Map();
        classes[row * pools + pool] =
          (live.sizeAt(address) - 1) >>> Math.log2(profile.pymalloc.alignmentBytes);
      }
      const frame = stacks.innermost(live.stackAt(address));
      tally.set(frame, (tally.get(frame) ?? 0) + live.sizeAt(address));
    }
    close();
  }
  const lines = [...poolsOf]
    .sort((a, b) => b[1] - a[1])
    .slice(0, topLines)
    .map(([frame]) => frame);
  const indexOf = new Map(lines.map((frame, index) => [frame, index]));
  const pinnedBy = Uint8Array.from(owners, (owner) =>
    owner === null ? FILM_ABSENT : (indexOf.get(owner) ?? lines.length),
  );
  return { classes, pinnedBy, lines };
}
