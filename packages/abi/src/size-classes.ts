// Size classes: a request of n bytes is served by blocks of the next multiple of the alignment.

import { poolHeader } from "./layouts.ts";
import type { Profile } from "./profile.ts";
import { roundUp } from "./struct.ts";

/** log2 of the distance between two size classes (`ALIGNMENT_SHIFT`). */
export function alignmentShift(profile: Profile): number {
  return Math.log2(profile.pymalloc.alignmentBytes);
}

/** Number of size classes (`NB_SMALL_SIZE_CLASSES`). */
export function sizeClassCount(profile: Profile): number {
  return profile.pymalloc.smallRequestThreshold / profile.pymalloc.alignmentBytes;
}

/** Size class of a request of `sizeBytes`, from 1 to the threshold. */
export function sizeClassOf(profile: Profile, sizeBytes: number): number {
  return (sizeBytes - 1) >>> alignmentShift(profile);
}

/** Bytes of a block of the class `szidx` (`INDEX2SIZE`). */
export function classBytes(profile: Profile, szidx: number): number {
  return (szidx + 1) * profile.pymalloc.alignmentBytes;
}

/** Bytes of a pool in front of its first block (`POOL_OVERHEAD`). */
export function poolOverheadBytes(profile: Profile): number {
  return roundUp(poolHeader(profile.model).sizeBytes, profile.pymalloc.alignmentBytes);
}

/** Blocks that a pool of the class `szidx` holds (`NUMBLOCKS`). */
export function poolCapacity(profile: Profile, szidx: number): number {
  return Math.floor((profile.pymalloc.poolBytes - poolOverheadBytes(profile)) / classBytes(profile, szidx));
}

/** Bytes at the end of a pool of the class `szidx` that no block covers ("quantization"). */
export function poolTailBytes(profile: Profile, szidx: number): number {
  return (profile.pymalloc.poolBytes - poolOverheadBytes(profile)) % classBytes(profile, szidx);
}

/** Pools in an arena whose base is pool-aligned (`MAX_POOLS_IN_ARENA`). */
export function maxPoolsInArena(profile: Profile): number {
  return profile.pymalloc.arenaBytes / profile.pymalloc.poolBytes;
}
