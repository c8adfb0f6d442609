// What was allocated and freed in each size class, for a reader: it turns "how" into an address. The other direction,
// with the same updates in the same order, is address-predictor.ts.

import { AllocHow, CLASS_SHIFT, CLASSES, FREED_KEPT, FREED_SEARCHED, FreeHow } from "./constants.ts";

/** Linear addresses by size class; 0 where there is none yet. Small methods, made to be inlined. */
export class AddressHistory {
  private readonly pageShift: number;
  private readonly allocated = new Uint32Array(CLASSES);
  private readonly allocatedStep = new Int32Array(CLASSES);
  private readonly freedLast = new Uint32Array(CLASSES);
  private readonly freedStep = new Int32Array(CLASSES);
  private readonly freedCount = new Uint32Array(CLASSES);
  private readonly freed = new Uint32Array(CLASSES * FREED_KEPT);

  constructor(pageShift: number) {
    this.pageShift = pageShift;
  }

  forget(): void {
    for (const column of [
      this.allocated,
      this.allocatedStep,
      this.freedLast,
      this.freedStep,
      this.freedCount,
    ]) {
      column.fill(0);
    }
  }

  predictAllocated(szidx: number, how: number): number {
    if (how === AllocHow.freedLast) {
      const top = (this.freedCount[szidx]! - 1) >>> 0;
      this.freedCount[szidx] = top;
      return this.freed[szidx * FREED_KEPT + (top & (FREED_KEPT - 1))]!;
    }
    const step = how === AllocHow.next ? (szidx + 1) << CLASS_SHIFT : this.allocatedStep[szidx]!;
    return (this.allocated[szidx]! + step) >>> 0;
  }

  predictFree(szidx: number, how: number): number {
    if (how === FreeHow.allocatedLast) return this.allocated[szidx]!;
    const step = how === FreeHow.step ? this.freedStep[szidx]! : (szidx + 1) << CLASS_SHIFT;
    return (this.freedLast[szidx]! + step) >>> 0;
  }

  noteAllocated(szidx: number, address: number): void {
    const last = this.allocated[szidx]!;
    this.allocatedStep[szidx] = (last ^ address) >>> this.pageShift === 0 ? address - last : 0;
    this.allocated[szidx] = address;
  }

  noteFreed(szidx: number, address: number): void {
    const last = this.freedLast[szidx]!;
    const count = this.freedCount[szidx]!;
    this.freedStep[szidx] = (last ^ address) >>> this.pageShift === 0 ? address - last : 0;
    this.freedLast[szidx] = address;
    this.freed[szidx * FREED_KEPT + (count & (FREED_KEPT - 1))] = address;
    this.freedCount[szidx] = count + 1;
  }

  /** An allocation whose address was given, though it may be one that a prediction would have named. */
  expectAllocated(szidx: number, address: number): void {
    const count = this.freedCount[szidx]!;
    if (count > 0 && this.freedAt(szidx, count - 1) === address) {
      this.freedCount[szidx] = count - 1;
      return;
    }
    const last = this.allocated[szidx]!;
    if (this.withinPage(last, (szidx + 1) << CLASS_SHIFT) === address) return;
    if (this.withinPage(last, this.allocatedStep[szidx]!) === address) return;
    this.findFreed(szidx, address);
  }

  /** An allocation that was not predicted: what was freed after it is not expected any more. */
  findFreed(szidx: number, address: number): void {
    const count = this.freedCount[szidx]!;
    for (let back = 1; back <= FREED_SEARCHED && back <= count; back++) {
      if (this.freedAt(szidx, count - back) !== address) continue;
      this.freedCount[szidx] = count - back;
      return;
    }
  }

  private freedAt(szidx: number, index: number): number {
    return this.freed[szidx * FREED_KEPT + (index & (FREED_KEPT - 1))]!;
  }

  private withinPage(from: number, by: number): number {
    const to = (from + by) >>> 0;
    return (from ^ to) >>> this.pageShift === 0 ? to : 0;
  }
}
