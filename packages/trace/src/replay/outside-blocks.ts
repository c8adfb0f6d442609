// Live blocks outside of arenas: the raw domain, requests above 512 bytes, everything under PYTHONMALLOC=malloc.

import type { Domain } from "../format/constants.ts";

export interface OutsideBlock {
  /** As recorded. */
  readonly address: number;
  readonly sizeBytes: number;
  readonly domain: Domain;
  readonly stack: number;
}

/** Blocks by their recorded address. Columns and a free list, so that a million of them stay small. */
export class OutsideBlocks {
  private readonly slots = new Map<number, number>();
  private readonly size: number[] = [];
  private readonly domain: number[] = [];
  private readonly stack: number[] = [];
  private readonly unused: number[] = [];

  get count(): number {
    return this.slots.size;
  }

  has(address: number): boolean {
    return this.slots.has(address);
  }

  set(address: number, sizeBytes: number, domain: number, stack: number): void {
    let slot = this.slots.get(address);
    if (slot === undefined) {
      slot = this.unused.pop() ?? this.size.length;
      this.slots.set(address, slot);
    }
    this.size[slot] = sizeBytes;
    this.domain[slot] = domain;
    this.stack[slot] = stack;
  }

  /** Forgets a block; false when none is known there. */
  delete(address: number): boolean {
    const slot = this.slots.get(address);
    if (slot === undefined) return false;
    this.slots.delete(address);
    this.unused.push(slot);
    return true;
  }

  get(address: number): OutsideBlock | undefined {
    const slot = this.slots.get(address);
    return slot === undefined ? undefined : this.at(address, slot);
  }

  *all(): Generator<OutsideBlock> {
    for (const [address, slot] of this.slots) yield this.at(address, slot);
  }

  private at(address: number, slot: number): OutsideBlock {
    return {
      address,
      sizeBytes: this.size[slot]!,
      domain: this.domain[slot] as Domain,
      stack: this.stack[slot]!,
    };
  }
}
