// How full each arena is at the moment a replay stands at.

import type { PoolState } from "@obmalloc/pymalloc";
import type { Replay } from "../replay/replay.ts";

/** How full a pool is. */
export interface PoolOccupancy {
  /** Address in the recorded process. */
  readonly address: number;
  readonly state: PoolState;
  /** Size class of the present or last use; null while there was none. */
  readonly szidx: number | null;
  readonly blockBytes: number;
  /** Blocks in use, and blocks that fit. */
  readonly count: number;
  readonly capacity: number;
}

/** How full an arena is, pool by pool. */
export interface ArenaOccupancy {
  /** Base address in the recorded process. */
  readonly base: number;
  /** Index in `arenas[]`. */
  readonly slot: number;
  /** The interpreter's pymalloc state: 0 is the main one's. */
  readonly heap: number;
  readonly pools: readonly PoolOccupancy[];
  readonly freePools: number;
  readonly totalPools: number;
  /** Blocks in use, their requested bytes, and the bytes that they occupy. */
  readonly blocks: number;
  readonly liveBytes: number;
  readonly blockBytes: number;
}

/** The arenas of every interpreter, by address. */
export function arenaOccupancy(replay: Replay): ArenaOccupancy[] {
  const found: ArenaOccupancy[] = [];
  const { live, arenas } = replay.machine;
  for (const { index, heap } of replay.machine.allHeaps()) {
    for (const arena of heap.inspectArenas()) {
      const recorded = (address: number) => arenas.toRecorded(address);
      let liveBytes = 0;
      for (const linear of live.within(arena.base, arena.base + replay.profile.pymalloc.arenaBytes))
        liveBytes += live.sizeAt(linear);
      const used = arena.pools.filter((pool) => pool.state === "used" || pool.state === "full");
      found.push({
        base: recorded(arena.base),
        slot: arena.slot,
        heap: index,
        pools: arena.pools.map(({ address, state, szidx, blockBytes, count, capacity }) => ({
          address: recorded(address),
          state,
          szidx,
          blockBytes,
          count,
          capacity,
        })),
        freePools: arena.nfreepools,
        totalPools: arena.ntotalpools,
        blocks: used.reduce((sum, pool) => sum + pool.count, 0),
        liveBytes,
        blockBytes: used.reduce((sum, pool) => sum + pool.count * pool.blockBytes, 0),
      });
    }
  }
  return found.sort((a, b) => a.base - b.base);
}
