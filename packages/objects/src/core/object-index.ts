// Which addresses are objects: two bits for each place where one can start.
// An index that is derived from allocations and frees, not state: nothing of it is in the linear memory. It answers in
// one cached load what would otherwise need the object's own cache line ("does the collector know it?"), and whether
// what a user hands in is an object at all.

import type { ObjectMemory } from "./memory.ts";

/**
 * Live objects by address.
 *
 * Objects start at multiples of 16 bytes on lp64 and of 8 on ilp32. An object is in exactly one of both maps; an object
 * on a free list is in none.
 */
export class ObjectIndex {
  /** log2 of the distance between two places. */
  declare readonly granuleShift: number;
  /** Places with an object that has a collector's head; bit = address >> {@link granuleShift}. */
  declare collected: Uint32Array;
  /** Places with an object that has none. */
  declare plain: Uint32Array;

  /** Told of each object that comes, once its head is written, and of each that goes. Set in debug mode only. */
  onAdd: ((address: number) => void) | undefined = undefined;
  onRemove: ((address: number) => void) | undefined = undefined;

  constructor(memory: ObjectMemory) {
    this.granuleShift = memory.pointerShift + 1;
    this.collected = new Uint32Array(0);
    this.plain = new Uint32Array(0);
    memory.use(({ linear }) => this.cover(linear.buffer.byteLength));
  }

  /** Whether a live object starts at `address`. */
  has(address: number): boolean {
    return address % (1 << this.granuleShift) === 0 && (this.isCollected(address) || this.isPlain(address));
  }

  /** Whether a live object with a collector's head starts at `address`, which must be a possible place. */
  isCollected(address: number): boolean {
    const place = address >>> this.granuleShift;
    return (this.collected[place >>> 5]! & (1 << (place & 31))) !== 0;
  }

  /** Whether a live object without a collector's head starts at `address`, which must be a possible place. */
  isPlain(address: number): boolean {
    const place = address >>> this.granuleShift;
    return (this.plain[place >>> 5]! & (1 << (place & 31))) !== 0;
  }

  addCollected(address: number): void {
    const place = address >>> this.granuleShift;
    this.collected[place >>> 5]! |= 1 << (place & 31);
    if (this.onAdd !== undefined) this.onAdd(address);
  }

  addPlain(address: number): void {
    const place = address >>> this.granuleShift;
    this.plain[place >>> 5]! |= 1 << (place & 31);
    if (this.onAdd !== undefined) this.onAdd(address);
  }

  removeCollected(address: number): void {
    const place = address >>> this.granuleShift;
    this.collected[place >>> 5]! &= ~(1 << (place & 31));
    if (this.onRemove !== undefined) this.onRemove(address);
  }

  removePlain(address: number): void {
    const place = address >>> this.granuleShift;
    this.plain[place >>> 5]! &= ~(1 << (place & 31));
    if (this.onRemove !== undefined) this.onRemove(address);
  }

  /** Every live object, by rising address. */
  *objects(): Generator<number> {
    for (let word = 0; word < this.plain.length; word++) {
      let bits = (this.plain[word]! | this.collected[word]!) >>> 0;
      for (; bits !== 0; bits &= bits - 1) {
        yield (word * 32 + 31 - Math.clz32(bits & -bits)) * 2 ** this.granuleShift;
      }
    }
  }

  private cover(memoryBytes: number): void {
    const needed = Math.ceil(memoryBytes / 2 ** (this.granuleShift + 5));
    if (needed <= this.plain.length) return;
    const length = Math.max(needed, Math.ceil(this.plain.length * 1.5));
    const collected = new Uint32Array(length);
    const plain = new Uint32Array(length);
    collected.set(this.collected);
    plain.set(this.plain);
    this.collected = collected;
    this.plain = plain;
  }
}
