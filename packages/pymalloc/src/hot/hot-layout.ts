// What the hot paths know of a profile. Profiles that agree in it share the compiled class; all of CPython's need three.

import { alignmentShift, type Profile, poolOverheadBytes } from "@obmalloc/abi";
import { wordOffsets } from "../word-offsets.ts";

/** Sizes in bytes, offsets in words of 4 bytes. */
export interface HotLayout {
  readonly threshold: number;
  readonly alignmentShift: number;
  readonly poolBytes: number;
  /** The part of an address that says which pool it is in. */
  readonly poolMask: number;
  readonly poolShift: number;
  /** log2 of the pools that share a word of the map of carved pools, times the pool size. */
  readonly mapShift: number;
  readonly poolOverheadBytes: number;
  /** log2 of the words of two pointers: from one ring's entries in used[] to the next one's. */
  readonly pairShift: number;
  /** From a ring's anchor, a pool header that does not exist, to its first entry. */
  readonly anchor: number;
  /** From a pointer's low half to its high half; 0 where a pointer is one word. */
  readonly high: number;
  // Offsets in a pool header; ref.count is at 0.
  readonly freeblock: number;
  readonly nextpool: number;
  readonly prevpool: number;
  readonly szidx: number;
  readonly nextoffset: number;
  readonly maxnextoffset: number;
}

export function hotLayout(profile: Profile): HotLayout {
  const { high, pointer, pool } = wordOffsets(profile.model);
  const { poolBytes, smallRequestThreshold } = profile.pymalloc;
  return {
    threshold: smallRequestThreshold,
    alignmentShift: alignmentShift(profile),
    poolBytes,
    poolMask: -poolBytes,
    poolShift: Math.log2(poolBytes),
    mapShift: Math.log2(poolBytes) + 5,
    poolOverheadBytes: poolOverheadBytes(profile),
    pairShift: Math.log2(2 * pointer),
    anchor: pool.nextpool,
    high,
    freeblock: pool.freeblock,
    nextpool: pool.nextpool,
    prevpool: pool.prevpool,
    szidx: pool.szidx,
    nextoffset: pool.nextoffset,
    maxnextoffset: pool.maxnextoffset,
  };
}
