// Live blocks outside of arenas: the raw domain, requests above 512 bytes, everything under PYTHONMALLOC=malloc.

import type { Domain } from "../format/constants.ts";

/** A live block that lies in no pool: of the raw domain, or too large for one. */
export interface OutsideBlock {
  /** As recorded. */
  readonly address: number;
  readonly sizeBytes: number;
  readonly domain: Domain;
  readonly stack: number;
}

const FIRST_CAPACITY = 1 << 10;
const EMPTY = -1;
/** 2 to the 32nd, divided by the golden ratio. */
const SCATTER = 0x9e3779b1;

/**
 * Blocks by their recorded address: a hash table with open addressing in typed columns, never more than half full.
 *
 * Not a Map: a C library's malloc hands the same few addresses out again and again, and each time a Map leaves the
 * deleted entry in the chain of that address until its next rehash, which many live entries delay. Here a deletion
 * closes the gap at once.
 */
export class OutsideBlocks {
  private capacity = FIRST_CAPACITY;
  private live = 0;
  private liveBytes = 0;
  private address = new Float64Array(FIRST_CAPACITY).fill(EMPTY);
  private size = new Float64Array(FIRST_CAPACITY);
  private domain = new Uint8Array(FIRST_CAPACITY);
  private stack = new Uint32Array(FIRST_CAPACITY);

  get count(): number {
    return this.live;
  }

  /** Requested bytes of all blocks. */
  get bytes(): number {
    return this.liveBytes;
  }

  has(address: number): boolean {
    return this.address[this.slotOf(address)] === address;
  }

  set(address: number, sizeBytes: number, domain: number, stack: number): void {
    let slot = this.slotOf(address);
    if (this.address[slot] !== address) {
      if (++this.live * 2 > this.capacity) {
        this.grow();
        slot = this.slotOf(address);
      }
      this.address[slot] = address;
    } else this.liveBytes -= this.size[slot]!;
    this.liveBytes += sizeBytes;
    this.size[slot] = sizeBytes;
    this.domain[slot] = domain;
    this.stack[slot] = stack;
  }

  /** Forgets a block; false when none is known there. */
  delete(address: number): boolean {
    let gap = this.slotOf(address);
    if (this.address[gap] !== address) return false;
    this.liveBytes -= this.size[gap]!;
    const mask = this.capacity - 1;
    // An entry may move into the gap when the gap lies on its way from where it would like to be.
    for (let slot = (gap + 1) & mask; this.address[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const home = this.homeOf(this.address[slot]!);
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      this.move(slot, gap);
      gap = slot;
    }
    this.address[gap] = EMPTY;
    this.live--;
    return true;
  }

  /** Requested bytes of the block at `address`; undefined where none is known. */
  sizeAt(address: number): number | undefined {
    const slot = this.slotOf(address);
    return this.address[slot] === address ? this.size[slot] : undefined;
  }

  get(address: number): OutsideBlock | undefined {
    const slot = this.slotOf(address);
    return this.address[slot] === address ? this.at(slot) : undefined;
  }

  /** Calls `visit` with each block, in no order: for sums over many. */
  each(visit: (sizeBytes: number, stack: number) => void): void {
    for (let slot = 0; slot < this.capacity; slot++)
      if (this.address[slot] !== EMPTY) visit(this.size[slot]!, this.stack[slot]!);
  }

  /** By address. */
  *all(): Generator<OutsideBlock> {
    const addresses = this.address.filter((address) => address !== EMPTY).sort();
    for (const address of addresses) yield this.at(this.slotOf(address));
  }

  private at(slot: number): OutsideBlock {
    return {
      address: this.address[slot]!,
      sizeBytes: this.size[slot]!,
      domain: this.domain[slot] as Domain,
      stack: this.stack[slot]!,
    };
  }

  /** Blocks are aligned to 16 bytes: the low bits say little. */
  private homeOf(address: number): number {
    const hash = Math.imul((address >>> 4) ^ Math.imul((address / 2 ** 32) | 0, SCATTER), SCATTER);
    return (hash ^ (hash >>> 15)) & (this.capacity - 1);
  }

  /** Where `address` is, or the empty slot where it belongs. */
  private slotOf(address: number): number {
    const { address: addresses } = this;
    const mask = this.capacity - 1;
    let slot = this.homeOf(address);
    for (let found = addresses[slot]!; found !== EMPTY && found !== address; found = addresses[slot]!)
      slot = (slot + 1) & mask;
    return slot;
  }

  private move(from: number, to: number): void {
    this.address[to] = this.address[from]!;
    this.size[to] = this.size[from]!;
    this.domain[to] = this.domain[from]!;
    this.stack[to] = this.stack[from]!;
  }

  private grow(): void {
    const { address, size, domain, stack } = this;
    this.capacity *= 2;
    this.address = new Float64Array(this.capacity).fill(EMPTY);
    this.size = new Float64Array(this.capacity);
    this.domain = new Uint8Array(this.capacity);
    this.stack = new Uint32Array(this.capacity);
    for (let old = 0; old < address.length; old++) {
      if (address[old] === EMPTY) continue;
      const slot = this.slotOf(address[old]!);
      this.address[slot] = address[old]!;
      this.size[slot] = size[old]!;
      this.domain[slot] = domain[old]!;
      this.stack[slot] = stack[old]!;
    }
  }
}
