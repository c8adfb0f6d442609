// What the allocator holds, as numbers: those that are counted, and those that follow from them.

import {
  arenaCoverage,
  classBytes,
  type Profile,
  poolCapacity,
  poolHeader,
  poolOverheadBytes,
  poolTailBytes,
  sizeClassCount,
} from "@obmalloc/abi";
import { type Machine, StateView } from "./state-view.ts";

/** Pools of one size class that have at least one block in use, and those blocks. */
export interface ClassCounts {
  readonly pools: number;
  readonly blocksInUse: number;
}

/** Nodes of the radix tree below its root. */
export interface ArenaMapCounts {
  readonly midNodes: number;
  readonly leafNodes: number;
}

/** The numbers that have to be counted; {@link deriveStats} computes the rest. */
export interface PyMallocCounts {
  /** One entry per size class. */
  readonly classes: readonly ClassCounts[];
  /** Times an arena was allocated. */
  readonly arenasAllocatedTotal: number;
  readonly arenasHighwater: number;
  readonly arenasCurrent: number;
  /** Arenas whose base is not a multiple of the pool size, each short of one pool. */
  readonly misalignedArenas: number;
  /** Free pools and pools not carved yet. */
  readonly unusedPools: number;
  /** Those of the unused pools whose memory went back to the system; CPython has none. @defaultValue 0 */
  readonly returnedPools?: number;
  /** Zero where the profile has no interior nodes. */
  readonly arenaMap: ArenaMapCounts;
  /** Calls of `malloc` of the object allocator, with debug hooks that count them (3.7). */
  readonly objectMallocCalls?: number;
}

/** One row of the table of size classes. */
export interface ClassStats extends ClassCounts {
  readonly szidx: number;
  /** Bytes of a block. */
  readonly sizeBytes: number;
  /** Blocks that are not in use, those never carved included. */
  readonly blocksAvailable: number;
}

/** Bytes of the arenas by what they are used for; the parts add up to the total. */
export interface ArenaBytes {
  readonly allocatedBlocks: number;
  readonly availableBlocks: number;
  readonly unusedPools: number;
  readonly poolHeaders: number;
  /** Tails of pools that no block covers. */
  readonly quantization: number;
  readonly arenaAlignment: number;
  readonly total: number;
}

/** Bytes of the radix tree. */
export interface ArenaMapBytes {
  readonly root: number;
  readonly mid: number;
  readonly leaf: number;
}

/** Counted and derived numbers of one moment. */
export interface PyMallocStats extends PyMallocCounts {
  readonly classes: readonly ClassStats[];
  /** Arenas that were given back. */
  readonly arenasReclaimed: number;
  readonly bytes: ArenaBytes;
  /** All zero where the profile has no radix tree. */
  readonly arenaMapBytes: ArenaMapBytes;
}

/** Counts what `machine` holds. O(pools). */
export function collectStats(machine: Machine): PyMallocStats {
  const { profile } = machine;
  const view = new StateView(machine);
  const words = machine.memory.u32;
  const header = poolHeader(profile.model).offsets;
  const classes = Array.from({ length: sizeClassCount(profile) }, () => ({ pools: 0, blocksInUse: 0 }));
  let unusedPools = 0;
  let returnedPools = 0;
  let misalignedArenas = 0;
  for (const arena of view.arenas()) {
    unusedPools += arena.nfreepools;
    returnedPools += view.returnedPools(arena).length;
    if (arena.address % profile.pymalloc.poolBytes !== 0) misalignedArenas++;
    for (const pool of view.carvedPools(arena)) {
      const count = words[(pool + header.ref) >>> 2]!;
      const counts = classes[words[(pool + header.szidx) >>> 2]!];
      if (count === 0 || counts === undefined) continue;
      counts.pools++;
      counts.blocksInUse += count;
    }
  }
  const { state } = view;
  return deriveStats(profile, {
    classes,
    arenasAllocatedTotal: state.ntimes_arena_allocated,
    arenasHighwater: state.narenas_highwater,
    arenasCurrent: state.narenas_currently_allocated,
    misalignedArenas,
    unusedPools,
    returnedPools,
    arenaMap: arenaMapCounts(view),
  });
}

/** Completes counted numbers, those of a machine in linear memory or of a real process, with what follows from them. */
export function deriveStats(profile: Profile, counts: PyMallocCounts): PyMallocStats {
  const { poolBytes } = profile.pymalloc;
  const classes = counts.classes.map(({ pools, blocksInUse }, szidx) =>
    Object.freeze({
      szidx,
      sizeBytes: classBytes(profile, szidx),
      pools,
      blocksInUse,
      blocksAvailable: pools * poolCapacity(profile, szidx) - blocksInUse,
    }),
  );
  const sum = (f: (row: ClassStats) => number) => classes.reduce((total, row) => total + f(row), 0);
  const parts = {
    allocatedBlocks: sum((row) => row.blocksInUse * row.sizeBytes),
    availableBlocks: sum((row) => row.blocksAvailable * row.sizeBytes),
    unusedPools: counts.unusedPools * poolBytes,
    poolHeaders: sum((row) => row.pools) * poolOverheadBytes(profile),
    quantization: sum((row) => row.pools * poolTailBytes(profile, row.szidx)),
    arenaAlignment: counts.misalignedArenas * poolBytes,
  };
  const total = Object.values(parts).reduce((a, b) => a + b, 0);
  return Object.freeze({
    ...counts,
    classes: Object.freeze(classes),
    arenaMap: Object.freeze({ ...counts.arenaMap }),
    arenasReclaimed: counts.arenasAllocatedTotal - counts.arenasCurrent,
    bytes: Object.freeze({ ...parts, total }),
    arenaMapBytes: Object.freeze(arenaMapBytes(profile, counts.arenaMap)),
  });
}

/**
 * Blocks in use: those in pools, and those of the raw allocator that went through this one. O(pools).
 *
 * @see CPython 3.13 Objects/obmalloc.c, _PyInterpreterState_GetAllocatedBlocks
 */
export function countAllocatedBlocks(machine: Machine): number {
  const view = new StateView(machine);
  const words = machine.memory.u32;
  let blocks: number = view.state.raw_allocated_blocks;
  for (const arena of view.arenas()) {
    for (const pool of view.carvedPools(arena)) blocks += words[pool / 4] ?? 0; // ref.count is at 0
  }
  return blocks;
}

/** The nodes that the radix tree has counted. */
export function arenaMapCounts({ memory, stateAddress, layout }: StateView): ArenaMapCounts {
  const count = (name: "arena_map_mid_count" | "arena_map_bot_count") => {
    const field = layout.fields.find((one) => one.name === name);
    return field === undefined || field.sizeBytes === 0
      ? 0
      : memory.u32[(stateAddress + field.offset) >>> 2]!;
  };
  return { midNodes: count("arena_map_mid_count"), leafNodes: count("arena_map_bot_count") };
}

function arenaMapBytes({ model, pymalloc }: Profile, nodes: ArenaMapCounts): ArenaMapBytes {
  const lookup = pymalloc.arenaLookup;
  if (lookup.kind === "index") return { root: 0, mid: 0, leaf: 0 };
  const leafBytes = 2 ** lookup.leafBits * arenaCoverage(model).sizeBytes;
  if (lookup.rootBits === 0) return { root: leafBytes, mid: 0, leaf: 0 };
  return {
    root: 2 ** lookup.rootBits * model.pointerBytes,
    mid: nodes.midNodes * 2 ** lookup.midBits * model.pointerBytes,
    leaf: nodes.leafNodes * leafBytes,
  };
}
