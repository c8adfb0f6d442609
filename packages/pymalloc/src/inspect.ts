// The allocator at one moment as plain frozen data, to draw and to compare.

import {
  type ArenaAddress,
  arenaAddress,
  type BlockAddress,
  classBytes,
  DUMMY_SIZE_IDX,
  maxPoolsInArena,
  type PoolAddress,
  poolAddress,
  poolCapacity,
  sizeClassCount,
} from "@obmalloc/abi";
import { type ArenaSlot, type Machine, type PoolView, StateView } from "./state-view.ts";

/**
 * `uncarved`: beyond the arena's `pool_address`, its bytes have never been looked at. `returned`: free, and its memory
 * went back to the system (only where the allocator was made to do so).
 */
export type PoolState = "used" | "full" | "free" | "uncarved" | "returned";

/** A pool, as plain data. */
export interface PoolSnapshot {
  readonly address: PoolAddress;
  readonly state: PoolState;
  /** Size class of the present or last use; null while there was none. */
  readonly szidx: number | null;
  /** Bytes of a block, 0 without a size class. */
  readonly blockBytes: number;
  /** Blocks in use. */
  readonly count: number;
  /** Blocks that fit, 0 without a size class. */
  readonly capacity: number;
  /** Bytes from the pool to the first block never handed out. */
  readonly nextoffset: number;
  /** The free list from its head: the block that is given next comes first. */
  readonly freeBlocks: readonly BlockAddress[];
}

/** An arena with its pools, as plain data. */
export interface ArenaSnapshot {
  readonly base: ArenaAddress;
  /** Index in `arenas[]`. */
  readonly slot: number;
  readonly nfreepools: number;
  readonly ntotalpools: number;
  /** Blocks in use, in all pools together. */
  readonly liveBlocks: number;
  /** Their bytes, by size class: what was asked for is not known. */
  readonly liveBytes: number;
  /** Free pools in the order in which they will be used again. */
  readonly freePools: readonly PoolAddress[];
  /** All pools by address. */
  readonly pools: readonly PoolSnapshot[];
}

/** All of pymalloc at one moment, as plain data; frozen. */
export interface PyMallocSnapshot {
  readonly version: string;
  readonly model: "lp64" | "ilp32";
  /** Arenas by slot. */
  readonly arenas: readonly ArenaSnapshot[];
  /** For each size class, its used pools in the order in which they are asked for blocks. */
  readonly usedPools: readonly (readonly PoolAddress[])[];
  /** Bases of the arenas that have free pools, fullest first. */
  readonly usableArenas: readonly ArenaAddress[];
  /** Slots without an arena in the order of their next use. */
  readonly unusedSlots: readonly number[];
  /** For each number of free pools, the base of the last usable arena with it, 0 when there is none; empty for 3.7. */
  readonly nfp2lasta: readonly ArenaAddress[];
  /** Blocks of the raw allocator that went through this one. */
  readonly rawBlocks: number;
}

/** A snapshot of `machine`; lists are cut off at damage. O(pools + free blocks). */
export function inspect(machine: Machine): PyMallocSnapshot {
  const view = new StateView(machine);
  const { profile } = machine;
  const fingers = profile.pymalloc.usableArenasOrder === "fingers" ? maxPoolsInArena(profile) + 1 : 0;
  return Object.freeze({
    version: profile.version,
    model: profile.model.name,
    arenas: Object.freeze(view.arenas().map((arena) => inspectArena(view, arena))),
    usedPools: Object.freeze(
      Array.from({ length: sizeClassCount(profile) }, (_, szidx) => Object.freeze(view.ring(szidx).items)),
    ),
    usableArenas: Object.freeze(view.usableArenas().items.map(({ address }) => arenaAddress(address))),
    unusedSlots: Object.freeze(view.unusedSlots().items.map(({ index }) => index)),
    nfp2lasta: Object.freeze(
      Array.from({ length: fingers }, (_, count) =>
        arenaAddress(view.slotAt(view.finger(count))?.address ?? 0),
      ),
    ),
    rawBlocks: view.state.raw_allocated_blocks,
  });
}

function inspectArena(view: StateView, arena: ArenaSlot): ArenaSnapshot {
  const { poolBytes } = view.profile.pymalloc;
  const first = view.firstPool(arena);
  const fitting = Math.min(arena.ntotalpools, maxPoolsInArena(view.profile));
  const carved = new Set<number>(view.carvedPools(arena));
  const returned = new Set<number>(view.returnedPools(arena));
  const pools = Array.from({ length: fitting }, (_, index) => {
    const address = poolAddress(first + index * poolBytes);
    if (carved.has(address)) return inspectPool(view, view.pool(address));
    return emptyPool(address, returned.has(address) ? "returned" : "uncarved");
  });
  return Object.freeze({
    base: arenaAddress(arena.address),
    slot: arena.index,
    nfreepools: arena.nfreepools,
    ntotalpools: arena.ntotalpools,
    liveBlocks: pools.reduce((sum, { count }) => sum + count, 0),
    liveBytes: pools.reduce((sum, { count, blockBytes }) => sum + count * blockBytes, 0),
    freePools: Object.freeze(view.freePools(arena).items),
    pools: Object.freeze(pools),
  });
}

function inspectPool(view: StateView, pool: PoolView): PoolSnapshot {
  const { szidx } = pool;
  if (szidx === DUMMY_SIZE_IDX || !view.isSizeClass(szidx)) return emptyPool(pool.pool, "free");
  return Object.freeze({
    address: pool.pool,
    state: pool.ref === 0 ? "free" : pool.freeblock === 0 ? "full" : "used",
    szidx,
    blockBytes: classBytes(view.profile, szidx),
    count: pool.ref,
    capacity: poolCapacity(view.profile, szidx),
    nextoffset: pool.nextoffset,
    freeBlocks: Object.freeze(view.freeList(pool).items),
  });
}

function emptyPool(address: PoolAddress, state: PoolState): PoolSnapshot {
  return Object.freeze({
    address,
    state,
    szidx: null,
    blockBytes: 0,
    count: 0,
    capacity: 0,
    nextoffset: 0,
    freeBlocks: Object.freeze([]),
  });
}
