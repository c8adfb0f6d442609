// The lowest level of the radix tree: for each arena-sized region of addresses, which part of it arenas cover.
// An arena whose base is not aligned to its size lies in two regions.

import { arenaCoverage } from "@obmalloc/abi";
import type { ArenaMembership, MembershipOptions } from "./arena-membership.ts";
import { obmallocState } from "./state-layout.ts";

/** Words of one `arena_coverage_t`. */
const COVERAGE_WORDS = 2;

/**
 * The radix tree of 32-bit builds, a leaf without levels above it (3.10 on). Its entries are read and written
 * here for the tree of 64-bit builds too.
 *
 * @see CPython 3.13 Objects/obmalloc.c, arena_map_mark_used, arena_map_is_used
 */
export class ArenaMapLeaf implements ArenaMembership {
  declare protected words: Uint32Array;
  /** log2 of the arena size: the shift from an address to its region. */
  declare protected readonly arenaBits: number;
  declare private readonly arenaBytes: number;
  declare private readonly arenaMask: number;
  declare private readonly tailHi: number;
  declare private readonly tailLo: number;
  declare private readonly root: number;

  constructor({ memory, profile, stateAddress }: MembershipOptions) {
    const coverage = arenaCoverage(profile.model).offsets;
    this.arenaBytes = profile.pymalloc.arenaBytes;
    this.arenaBits = Math.log2(this.arenaBytes);
    this.arenaMask = this.arenaBytes - 1;
    this.tailHi = coverage.tail_hi >>> 2;
    this.tailLo = coverage.tail_lo >>> 2;
    this.root = (stateAddress + obmallocState(profile).offsets.arena_map_root) >>> 2;
    this.words = memory.u32;
    memory.onGrow(() => {
      this.words = memory.u32;
    });
  }

  contains(p: number): boolean {
    return this.covers(this.root + (p >>> this.arenaBits) * COVERAGE_WORDS, p);
  }

  mark(base: number): boolean {
    const first = this.entryFor(base);
    if (first === 0) return false;
    const offset = base & this.arenaMask;
    if (offset === 0) {
      this.words[first + this.tailHi] = -1; // the whole region
      return true;
    }
    this.words[first + this.tailHi] = offset;
    const second = this.entryFor(base + this.arenaBytes);
    if (second === 0) {
      this.words[first + this.tailHi] = 0;
      return false;
    }
    this.words[second + this.tailLo] = offset;
    return true;
  }

  unmark(base: number): void {
    this.words[this.entryFor(base) + this.tailHi] = 0;
    if ((base & this.arenaMask) !== 0) this.words[this.entryFor(base + this.arenaBytes) + this.tailLo] = 0;
  }

  /** Word of the coverage of the region that `p` lies in, made when it is missing; 0 when it cannot be. */
  protected entryFor(p: number): number {
    return this.root + (p >>> this.arenaBits) * COVERAGE_WORDS;
  }

  /** Whether the coverage at the word `entry` includes `p`. The bounds are signed: -1 is below every offset. */
  protected covers(entry: number, p: number): boolean {
    const words = this.words;
    const offset = p & this.arenaMask;
    const hi = words[entry + this.tailHi]! | 0;
    return offset < (words[entry + this.tailLo]! | 0) || (hi !== 0 && offset >= hi);
  }
}
