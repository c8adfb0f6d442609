// Who lives how long, by size class, and where the short-lived share pools with the long-lived.

import { classBytes, sizeClassCount } from "@obmalloc/abi";
import type { Examination } from "../history/examine.ts";

/** One size class up to the moment. */
export interface ClassLifetimes {
  readonly szidx: number;
  /** Bytes of a block. */
  readonly blockBytes: number;
  readonly births: number;
  readonly deaths: number;
  readonly live: number;
  /** Deaths by the number of bits of their age in events: entry 0 for age 0, n for 2^(n-1) to 2^n - 1. */
  readonly deathsByAge: readonly number[];
  /** Bytes of the class's used pools. */
  readonly poolBytes: number;
  /** Bytes of free blocks in pools that live blocks keep. */
  readonly freeBytes: number;
  /**
   * Of the room in pools that live blocks keep, the share that has been vacated by blocks that died: 0 where nothing
   * shares a pool with survivors, near 1 where nearly all of it was left behind by short-lived neighbours.
   */
  readonly collision: number;
}

/** How long blocks lived, for each size class that had any. */
export function lifetimes({ replay }: Examination): ClassLifetimes[] {
  const { machine, profile } = replay;
  const classes = sizeClassCount(profile);
  const pools = new Float64Array(classes);
  const live = new Float64Array(classes);
  const available = new Float64Array(classes);
  for (const { heap } of machine.allHeaps()) {
    for (const row of heap.stats().classes) {
      pools[row.szidx]! += row.pools;
      live[row.szidx]! += row.blocksInUse;
      available[row.szidx]! += row.blocksAvailable;
    }
  }
  return Array.from({ length: classes }, (_, szidx) => {
    const blockBytes = classBytes(profile, szidx);
    const deathsByAge = [...machine.deathsOf(szidx)];
    const deaths = deathsByAge.reduce((sum, count) => sum + count, 0);
    const births = deaths + live[szidx]!;
    const room = available[szidx]! + live[szidx]!;
    return {
      szidx,
      blockBytes,
      births,
      deaths,
      live: live[szidx]!,
      deathsByAge,
      poolBytes: pools[szidx]! * profile.pymalloc.poolBytes,
      freeBytes: available[szidx]! * blockBytes,
      collision: room === 0 || deaths === 0 ? 0 : available[szidx]! / room,
    };
  }).filter((row) => row.births > 0 || row.live > 0);
}
