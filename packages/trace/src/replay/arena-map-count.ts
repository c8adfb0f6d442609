// How many nodes CPython's radix tree over arenas has: its keys are the real addresses, which the replay's memory does
// not have, so the nodes are counted from the recorded bases.

import type { PymallocProfile } from "@obmalloc/abi";

/**
 * Counts the nodes of the arena map of 3.10 and later. Nodes are never freed.
 *
 * @see CPython 3.13 Objects/obmalloc.c, arena_map_get and arena_map_mark_used
 */
export class ArenaMapCount {
  private readonly mid = new Set<number>();
  private readonly bottom = new Set<number>();
  private readonly arenaBytes: number;
  private readonly midSpan: number;
  private readonly bottomSpan: number;
  private readonly hasTree: boolean;

  constructor(profile: PymallocProfile) {
    const lookup = profile.arenaLookup;
    this.arenaBytes = profile.arenaBytes;
    this.hasTree = lookup.kind === "radix" && lookup.rootBits > 0;
    this.bottomSpan = lookup.kind === "radix" ? this.arenaBytes * 2 ** lookup.leafBits : 1;
    this.midSpan = lookup.kind === "radix" ? this.bottomSpan * 2 ** lookup.midBits : 1;
  }

  get midNodes(): number {
    return this.mid.size;
  }

  get leafNodes(): number {
    return this.bottom.size;
  }

  /** An arena was mapped: one that is not aligned to its size reaches into the next region. */
  add(base: number): void {
    if (!this.hasTree) return;
    this.touch(base);
    if (base % this.arenaBytes !== 0) this.touch(base + this.arenaBytes);
  }

  private touch(address: number): void {
    this.mid.add(Math.floor(address / this.midSpan));
    this.bottom.add(Math.floor(address / this.bottomSpan));
  }
}
