// What was allocated and freed in each size class, to predict the next address from. Writers and readers make the same
// updates in the same order; addresses may be of any 32-bit space that keeps pages whole, or the recorded ones.

import {
  AllocHow,
  CLASS_SHIFT,
  CLASSES,
  EXPLICIT,
  FREED_KEPT,
  FREED_SEARCHED,
  FreeHow,
} from "./constants.ts";

/** Columns by size class. */
export class AddressPredictor {
  private readonly pageBytes: number;
  private readonly allocated = new Float64Array(CLASSES);
  private readonly allocatedStep = new Float64Array(CLASSES);
  private readonly freedLast = new Float64Array(CLASSES);
  private readonly freedStep = new Float64Array(CLASSES);
  private readonly freedCount = new Uint32Array(CLASSES);
  private readonly freed = new Float64Array(CLASSES * FREED_KEPT);

  constructor(pageShift: number) {
    this.pageBytes = 2 ** pageShift;
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

  /** How an allocation at `address` is given. */
  allocate(szidx: number, address: number): number {
    const last = this.allocated[szidx]!;
    const count = this.freedCount[szidx]!;
    let how: number = EXPLICIT;
    if (count > 0 && this.freedAt(szidx, count - 1) === address) {
      this.freedCount[szidx] = count - 1;
      how = AllocHow.freedLast;
    } else if (this.withinPage(last, (szidx + 1) << CLASS_SHIFT) === address) how = AllocHow.next;
    else if (this.withinPage(last, this.allocatedStep[szidx]!) === address) how = AllocHow.step;
    else this.findFreed(szidx, address);
    this.noteAllocated(szidx, address);
    return how;
  }

  /** How a free of `address` is given. */
  free(szidx: number, address: number): number {
    const last = this.freedLast[szidx]!;
    let how: number = EXPLICIT;
    if (this.allocated[szidx] === address) how = FreeHow.allocatedLast;
    else if (this.withinPage(last, this.freedStep[szidx]!) === address) how = FreeHow.step;
    else if (this.withinPage(last, (szidx + 1) << CLASS_SHIFT) === address) how = FreeHow.next;
    this.noteFreed(szidx, address);
    return how;
  }

  private noteAllocated(szidx: number, address: number): void {
    const last = this.allocated[szidx]!;
    this.allocatedStep[szidx] = this.samePage(last, address) ? address - last : 0;
    this.allocated[szidx] = address;
  }

  private noteFreed(szidx: number, address: number): void {
    const last = this.freedLast[szidx]!;
    this.freedStep[szidx] = this.samePage(last, address) ? address - last : 0;
    this.freedLast[szidx] = address;
    this.freed[szidx * FREED_KEPT + (this.freedCount[szidx]!++ % FREED_KEPT)] = address;
  }

  /** An allocation that was not predicted: what was freed after it is not expected any more. */
  private findFreed(szidx: number, address: number): void {
    const count = this.freedCount[szidx]!;
    for (let back = 1; back <= FREED_SEARCHED && back <= count; back++) {
      if (this.freedAt(szidx, count - back) !== address) continue;
      this.freedCount[szidx] = count - back;
      return;
    }
  }

  private freedAt(szidx: number, index: number): number {
    return this.freed[szidx * FREED_KEPT + (index % FREED_KEPT)]!;
  }

  /** `from` and `by` bytes more, when that is in the same page; else 0, which no address is. */
  private withinPage(from: number, by: number): number {
    return this.samePage(from, from + by) ? from + by : 0;
  }

  private samePage(a: number, b: number): boolean {
    return Math.floor(a / this.pageBytes) === Math.floor(b / this.pageBytes);
  }
}
