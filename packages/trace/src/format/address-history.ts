// What was allocated and freed in each size class, for a reader: it turns "how" into an address. The other direction,
// with the same updates in the same order, is address-predictor.ts.

import { AllocHow, CLASS_SHIFT, CLASSES, FREED_KEPT, FREED_SEARCHED, FreeHow } from "./constants.ts";

// One row of numbers for each class. Steps are differences modulo 2^32.
const ROW_SHIFT = 3;
const ALLOCATED = 0;
const ALLOCATED_STEP = 1;
const FREED_LAST = 2;
const FREED_STEP = 3;
const FREED_COUNT = 4;
/** The top of the stack of freed addresses. */
const FREED_TOP = 5;
/** Bytes of a block. */
const BLOCK_BYTES = 6;
const ZERO = 7;

// Every prediction is the sum of two numbers of the row: no branch on a "how" that no processor can guess.
const BASES = new Uint8Array(8);
const STEPS = new Uint8Array(8);
const FREE = 4;
const sums: [how: number, base: number, step: number][] = [
  [AllocHow.freedLast, FREED_TOP, ZERO],
  [AllocHow.next, ALLOCATED, BLOCK_BYTES],
  [AllocHow.step, ALLOCATED, ALLOCATED_STEP],
  [FREE + FreeHow.allocatedLast, ALLOCATED, ZERO],
  [FREE + FreeHow.step, FREED_LAST, FREED_STEP],
  [FREE + FreeHow.next, FREED_LAST, BLOCK_BYTES],
];
for (const [how, base, step] of sums) {
  BASES[how] = base;
  STEPS[how] = step;
}

const FREED_MASK = FREED_KEPT - 1;
/** log2 of {@link FREED_KEPT}; like all constants here, of this module, which V8 folds into the code. */
const FREED_SHIFT = Math.log2(FREED_KEPT);

/** Linear addresses by size class; 0 where there is none yet. Small methods, made to be inlined. */
export class AddressHistory {
  private readonly pageShift: number;
  private readonly rows = new Uint32Array(CLASSES << ROW_SHIFT);
  private readonly freed = new Uint32Array(CLASSES * FREED_KEPT);

  constructor(pageShift: number) {
    this.pageShift = pageShift;
    this.forget();
  }

  forget(): void {
    this.rows.fill(0);
    for (let szidx = 0; szidx < CLASSES; szidx++) {
      this.rows[(szidx << ROW_SHIFT) + BLOCK_BYTES] = (szidx + 1) << CLASS_SHIFT;
    }
  }

  /** Address of an allocation that was predicted, which then is the last one of its class. */
  allocate(szidx: number, how: number): number {
    const { rows } = this;
    const row = szidx << ROW_SHIFT;
    const address = (rows[row + BASES[how]!]! + rows[row + STEPS[how]!]!) >>> 0;
    const count = rows[row + FREED_COUNT]! - ((how - 1) >>> 31); // one less for `freedLast`, which is 0
    rows[row + FREED_COUNT] = count;
    rows[row + FREED_TOP] = this.freed[(szidx << FREED_SHIFT) + ((count - 1) & FREED_MASK)]!;
    this.noteAllocated(szidx, address);
    return address;
  }

  /** Address of a free that was predicted, which then is the last one of its class. */
  free(szidx: number, how: number): number {
    const { rows } = this;
    const row = szidx << ROW_SHIFT;
    const address = (rows[row + BASES[FREE + how]!]! + rows[row + STEPS[FREE + how]!]!) >>> 0;
    this.noteFreed(szidx, address);
    return address;
  }

  noteAllocated(szidx: number, address: number): void {
    const { rows } = this;
    const row = szidx << ROW_SHIFT;
    const last = rows[row + ALLOCATED]!;
    rows[row + ALLOCATED_STEP] = (last ^ address) >>> this.pageShift === 0 ? address - last : 0;
    rows[row + ALLOCATED] = address;
  }

  noteFreed(szidx: number, address: number): void {
    const { rows } = this;
    const row = szidx << ROW_SHIFT;
    const last = rows[row + FREED_LAST]!;
    const count = rows[row + FREED_COUNT]!;
    rows[row + FREED_STEP] = (last ^ address) >>> this.pageShift === 0 ? address - last : 0;
    rows[row + FREED_LAST] = address;
    rows[row + FREED_TOP] = address;
    rows[row + FREED_COUNT] = count + 1;
    this.freed[(szidx << FREED_SHIFT) + (count & FREED_MASK)] = address;
  }

  /** An allocation whose address was given, though it may be one that a prediction would have named. */
  expectAllocated(szidx: number, address: number): void {
    const { rows } = this;
    const row = szidx << ROW_SHIFT;
    const count = rows[row + FREED_COUNT]!;
    if (count > 0 && this.freedAt(szidx, count - 1) === address) {
      this.setCount(szidx, count - 1);
      return;
    }
    const last = rows[row + ALLOCATED]!;
    if (this.withinPage(last, (szidx + 1) << CLASS_SHIFT) === address) return;
    if (this.withinPage(last, rows[row + ALLOCATED_STEP]!) === address) return;
    this.findFreed(szidx, address);
  }

  /** An allocation that was not predicted: what was freed after it is not expected any more. */
  findFreed(szidx: number, address: number): void {
    const count = this.rows[(szidx << ROW_SHIFT) + FREED_COUNT]!;
    for (let back = 1; back <= FREED_SEARCHED && back <= count; back++) {
      if (this.freedAt(szidx, count - back) !== address) continue;
      this.setCount(szidx, count - back);
      return;
    }
  }

  private setCount(szidx: number, count: number): void {
    const row = szidx << ROW_SHIFT;
    this.rows[row + FREED_COUNT] = count;
    this.rows[row + FREED_TOP] = this.freedAt(szidx, count - 1);
  }

  private freedAt(szidx: number, index: number): number {
    return this.freed[(szidx << FREED_SHIFT) + (index & FREED_MASK)]!;
  }

  private withinPage(from: number, by: number): number {
    const to = (from + by) >>> 0;
    return (from ^ to) >>> this.pageShift === 0 ? to : 0;
  }
}
