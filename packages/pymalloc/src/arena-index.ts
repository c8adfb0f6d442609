// Membership by the pool header's arena index (up to 3.9): no state of its own, but it reads the place where a
// header would be in front of any address, its owner unknown.

import { arenaObject, poolHeader } from "@obmalloc/abi";
import type { ArenaMembership, MembershipOptions } from "./arena-membership.ts";
import { obmallocState } from "./state-layout.ts";

/**
 * `address_in_range` without the radix tree.
 *
 * @see CPython 3.9 Objects/obmalloc.c, address_in_range
 */
export class ArenaIndex implements ArenaMembership {
  declare private words: Uint32Array;
  declare private readonly poolMask: number;
  declare private readonly arenaBytes: number;
  // Word numbers and word distances.
  declare private readonly arenas: number;
  declare private readonly maxarenas: number;
  declare private readonly arenaindex: number;
  declare private readonly arenaWords: number;
  declare private readonly address: number;

  constructor({ memory, profile, stateAddress }: MembershipOptions) {
    const state = obmallocState(profile).offsets;
    const arena = arenaObject(profile.model);
    this.poolMask = -profile.pymalloc.poolBytes;
    this.arenaBytes = profile.pymalloc.arenaBytes;
    this.arenas = (stateAddress + state.arenas) >>> 2;
    this.maxarenas = (stateAddress + state.maxarenas) >>> 2;
    this.arenaindex = poolHeader(profile.model).offsets.arenaindex >>> 2;
    this.arenaWords = arena.sizeBytes >>> 2;
    this.address = arena.offsets.address >>> 2;
    this.words = memory.u32;
    memory.onGrow(() => {
      this.words = memory.u32;
    });
  }

  contains(p: number): boolean {
    const words = this.words;
    const index = words[((p & this.poolMask) >>> 2) + this.arenaindex]!;
    if (!(index < words[this.maxarenas]!)) return false;
    const base = words[(words[this.arenas]! >>> 2) + index * this.arenaWords + this.address]!;
    return base !== 0 && p >= base && p - base < this.arenaBytes;
  }

  mark(): boolean {
    return true; // arenas[] itself is the index
  }

  unmark(): void {}
}
