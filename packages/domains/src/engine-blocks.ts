// The blocks that the engines themselves hold: those in pymalloc's pools, and those of the raw heap.

import { poolHeader, poolOverheadBytes, readStruct, type Violation } from "@obmalloc/abi";
import type { PoolSnapshot, PyMalloc } from "@obmalloc/pymalloc";
import type { RawAllocator } from "@obmalloc/raw-heap";

/** A block as its engine knows it. */
export interface EngineBlock {
  readonly address: number;
  readonly sizeBytes: number;
}

/** What raw allocators have beyond the interface, if they have it. */
interface RawAllocatorWithBlocks extends RawAllocator {
  blocks(): Iterable<EngineBlock>;
  check(): Violation[];
}

/** The live blocks of the raw heap; none when it does not tell. */
export function rawBlocks(raw: RawAllocator): EngineBlock[] {
  return "blocks" in raw ? [...(raw as RawAllocatorWithBlocks).blocks()] : [];
}

/** What the raw heap says about itself. */
export function checkRaw(raw: RawAllocator): Violation[] {
  return "check" in raw ? (raw as RawAllocatorWithBlocks).check() : [];
}

/** The pools of a pymalloc that are or were in use. O(pools + free blocks). */
export function poolsOf(pymalloc: PyMalloc): PoolSnapshot[] {
  return pymalloc.inspect().arenas.flatMap(({ pools }) => pools.filter(({ szidx }) => szidx !== null));
}

/** Live blocks of a pool by address. */
export function* liveBlocksOf(pymalloc: PyMalloc, pool: PoolSnapshot): Generator<EngineBlock> {
  const free = new Set<number>(pool.freeBlocks);
  const end = pool.address + pool.nextoffset;
  const { blockBytes } = pool;
  for (let block = pool.address + poolOverheadBytes(pymalloc.profile); block < end; block += blockBytes) {
    if (!free.has(block)) yield { address: block, sizeBytes: blockBytes };
  }
}

/**
 * Says of addresses whether a block of an engine begins there. Of pymalloc's it takes the word of the pool's grid: a block
 * that is free looks like one that is alive.
 */
export function engineBlockTest(
  pymallocs: readonly PyMalloc[],
  raw: RawAllocator,
): (address: number) => boolean {
  const inRaw = new Set(rawBlocks(raw).map(({ address }) => address));
  return (address) => {
    const pymalloc = pymallocs.find((one) => one.addressInRange(address));
    if (pymalloc === undefined) return inRaw.has(address);
    const { profile, memory } = pymalloc;
    const header = poolHeader(profile.model);
    const pool = address - (address % profile.pymalloc.poolBytes);
    const { nextoffset } = readStruct(memory.u32, header, pool);
    const offset = address - pool - poolOverheadBytes(profile);
    return (
      offset >= 0 && address < pool + nextoffset && offset % pymalloc.blockSizeBytes(address as never) === 0
    );
  };
}
