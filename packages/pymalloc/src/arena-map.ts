// The radix tree of 64-bit builds: root, middle nodes, leaves. Addresses here are below 4 GiB, so that the root's
// first entry is the only one in use; nodes have CPython's sizes all the same.

import type { ArenaLookup } from "@obmalloc/abi";
import { arenaCoverage } from "@obmalloc/abi";
import type { RawAllocator } from "@obmalloc/raw-heap";
import { ArenaMapLeaf } from "./arena-map-leaf.ts";
import type { MembershipOptions } from "./arena-membership.ts";
import { obmallocState } from "./state-layout.ts";

/** Words of a pointer, both halves, and of one `arena_coverage_t`. */
const ENTRY_WORDS = 2;

/**
 * The tree with interior nodes (3.10 on). Nodes come from `raw.calloc` at first need and are kept.
 *
 * @see CPython 3.13 Objects/obmalloc.c, arena_map_get
 */
export class ArenaMap extends ArenaMapLeaf {
  declare private readonly raw: RawAllocator;
  /** Word of the root's entry for addresses below 4 GiB. */
  declare private readonly top: number;
  declare private readonly midCount: number;
  declare private readonly botCount: number;
  declare private readonly midShift: number;
  declare private readonly midMask: number;
  declare private readonly leafMask: number;
  declare private readonly midNodeBytes: number;
  declare private readonly leafNodeBytes: number;

  constructor(options: MembershipOptions, lookup: ArenaLookup & { readonly kind: "radix" }) {
    super(options);
    const { model } = options.profile;
    const state = obmallocState(options.profile).offsets;
    const midShift = this.arenaBits + lookup.leafBits;
    this.raw = options.raw;
    this.top = (options.stateAddress + state.arena_map_root) >>> 2;
    this.midCount = (options.stateAddress + state.arena_map_mid_count) >>> 2;
    this.botCount = (options.stateAddress + state.arena_map_bot_count) >>> 2;
    this.midShift = Math.min(midShift, 31); // a shift of 32 or more would start again at 0
    this.midMask = midShift < 32 ? 2 ** lookup.midBits - 1 : 0;
    this.leafMask = 2 ** lookup.leafBits - 1;
    this.midNodeBytes = 2 ** lookup.midBits * model.pointerBytes;
    this.leafNodeBytes = 2 ** lookup.leafBits * arenaCoverage(model).sizeBytes;
  }

  override contains(p: number): boolean {
    const words = this.words;
    const mid = words[this.top]!;
    if (mid === 0) return false;
    const leaf = words[(mid >>> 2) + ((p >>> this.midShift) & this.midMask) * ENTRY_WORDS]!;
    if (leaf === 0) return false;
    return this.covers((leaf >>> 2) + ((p >>> this.arenaBits) & this.leafMask) * ENTRY_WORDS, p);
  }

  protected override entryFor(p: number): number {
    const mid = this.words[this.top] || this.addNode(this.top, this.midNodeBytes, this.midCount);
    if (mid === 0) return 0;
    const slot = (mid >>> 2) + ((p >>> this.midShift) & this.midMask) * ENTRY_WORDS;
    const leaf = this.words[slot] || this.addNode(slot, this.leafNodeBytes, this.botCount);
    if (leaf === 0) return 0;
    return (leaf >>> 2) + ((p >>> this.arenaBits) & this.leafMask) * ENTRY_WORDS;
  }

  /** Hangs a new node into the pointer at the word `slot`; 0 when there is no memory for it. */
  private addNode(slot: number, sizeBytes: number, counter: number): number {
    const node = this.raw.calloc(1, sizeBytes);
    if (node === 0) return 0;
    this.words[slot] = node;
    this.words[slot + 1] = 0;
    this.words[counter]!++;
    return node;
  }
}
