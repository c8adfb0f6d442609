// Pools whose blocks are told, not allocated: for traces that were made of another tool's capture, which does not begin with the
// process and has no arena of its own. Counts follow from addresses and sizes; free lists and the order of arenas stay unknown.

import {
  type BlockAddress,
  classBytes,
  type Profile,
  poolCapacity,
  poolOverheadBytes,
  sizeClassCount,
} from "@obmalloc/abi";
import { deriveStats, type PoolState, type PyMallocStats } from "@obmalloc/pymalloc";
import type { MappedArena, RecordedArenas } from "./recorded-arenas.ts";

/** One pool, at a linear address. */
export interface ToldPool {
  readonly address: number;
  readonly state: PoolState;
  readonly szidx: number | null;
  readonly blockBytes: number;
  readonly count: number;
  readonly capacity: number;
}

/**
 * A pool in which no block was ever seen is *uncarved* here: older blocks may fill it, so that it counts neither as free nor as used.
 *
 * Invariant: a pool with blocks in use has blocks of one size class.
 */
export class DerivedPools {
  readonly profile: Profile;
  arenaCount = 0;
  arenasAllocatedTotal = 0;
  arenasHighwater = 0;

  private readonly arenas: RecordedArenas;
  private readonly poolShift: number;
  private readonly alignmentShift: number;
  /** Blocks in use and size class, by linear address / pool size. */
  private readonly counts: (number | undefined)[] = [];
  private readonly classes: number[] = [];

  constructor(profile: Profile, arenas: RecordedArenas) {
    this.profile = profile;
    this.arenas = arenas;
    this.poolShift = Math.log2(profile.pymalloc.poolBytes);
    this.alignmentShift = Math.log2(profile.pymalloc.alignmentBytes);
  }

  /** @param linear where the arena is: what lay there before it is forgotten. */
  mapped(linear: number): void {
    const { poolBytes, arenaBytes } = this.profile.pymalloc;
    const end = Math.min(this.counts.length, Math.ceil((linear + arenaBytes) / poolBytes));
    for (let pool = linear >>> this.poolShift; pool < end; pool++)
      if (this.counts[pool] === 0) this.counts[pool] = undefined;
    this.arenasAllocatedTotal++;
    this.arenasHighwater = Math.max(this.arenasHighwater, ++this.arenaCount);
  }

  unmapped(): void {
    this.arenaCount--;
  }

  // What a machine calls of an allocator. No block comes out of these pools: each is placed.

  allocateSmall(_sizeBytes: number): BlockAddress {
    return 0 as BlockAddress;
  }

  freeSmall(address: BlockAddress): void {
    const pool = address >>> this.poolShift;
    this.counts[pool] = this.counts[pool]! - 1;
  }

  reallocKeeps(_address: BlockAddress, _sizeBytes: number): boolean {
    return false;
  }

  countRawBlocks(_change: number): void {}

  /** A block began to live; false where no block of its size can begin, or the pool has blocks of another size. */
  place(address: number, sizeBytes: number): boolean {
    const { profile, counts, classes } = this;
    const pool = address >>> this.poolShift;
    const szidx = (sizeBytes - 1) >>> this.alignmentShift;
    const offset = address - pool * profile.pymalloc.poolBytes - poolOverheadBytes(profile);
    const count = counts[pool] ?? 0;
    if (offset < 0 || offset % classBytes(profile, szidx) !== 0) return false;
    if (count > 0 && classes[pool] !== szidx) return false;
    for (let unknown = counts.length; unknown < pool; unknown++) counts.push(undefined);
    counts[pool] = count + 1;
    classes[pool] = szidx;
    return true;
  }

  /** The pools of an arena that lie in it wholly, by address. */
  *pools({ linear }: MappedArena): Generator<ToldPool> {
    const { poolBytes, arenaBytes } = this.profile.pymalloc;
    const first = Math.ceil(linear / poolBytes) * poolBytes;
    for (let address = first; address + poolBytes <= linear + arenaBytes; address += poolBytes) {
      const pool = address >>> this.poolShift;
      const count = this.counts[pool] ?? 0;
      const szidx = count === 0 ? null : this.classes[pool]!;
      const capacity = szidx === null ? 0 : poolCapacity(this.profile, szidx);
      const isKnown = this.counts[pool] !== undefined;
      const state = !isKnown ? "uncarved" : count === 0 ? "free" : count < capacity ? "used" : "full";
      const blockBytes = szidx === null ? 0 : classBytes(this.profile, szidx);
      yield { address, state, szidx, blockBytes, count, capacity };
    }
  }

  collectStats(): PyMallocStats {
    const { profile } = this;
    const classes = Array.from({ length: sizeClassCount(profile) }, () => ({ pools: 0, blocksInUse: 0 }));
    let unusedPools = 0;
    let misalignedArenas = 0;
    for (const arena of this.arenas.all()) {
      if (arena.linear % profile.pymalloc.poolBytes !== 0) misalignedArenas++;
      for (const { szidx, count, state } of this.pools(arena)) {
        if (state === "free") unusedPools++;
        else if (szidx !== null) {
          classes[szidx]!.pools++;
          classes[szidx]!.blocksInUse += count;
        }
      }
    }
    return deriveStats(profile, {
      classes,
      arenasAllocatedTotal: this.arenasAllocatedTotal,
      arenasHighwater: this.arenasHighwater,
      arenasCurrent: this.arenaCount,
      misalignedArenas,
      unusedPools,
      arenaMap: { midNodes: 0, leafNodes: 0 },
    });
  }
}
