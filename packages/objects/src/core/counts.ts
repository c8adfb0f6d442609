// Reference counts: INCREF, DECREF, and who is immortal.

import type { Immortality } from "@obmalloc/abi";
import type { ObjectMemory } from "./memory.ts";

/**
 * Counts in the heads of objects.
 *
 * The count is the low word of `ob_refcnt`. Immortal objects are told by a range of counts, tested as one subtraction and
 * one unsigned comparison; without immortals the range is a count that nothing reaches.
 * @see CPython 3.13 Include/object.h, 3.14 Include/refcount.h
 */
export class Counts {
  /** What happens to an object whose count has become 0. */
  onZero: (o: number) => void = () => {};
  private readonly immortality: Immortality | undefined;
  private readonly memory: ObjectMemory;
  private readonly increfFrom: number;
  private readonly increfSpan: number;
  private readonly decrefFrom: number;
  private readonly decrefSpan: number;
  declare private words: Uint32Array;

  constructor(memory: ObjectMemory, immortality: Immortality | undefined) {
    this.memory = memory;
    this.immortality = immortality;
    const never = 2 ** 31; // as a signed count the most negative one
    const end = memory.model.pointerBytes === 8 ? 2 ** 32 : 2 ** 31;
    this.increfFrom = (immortality?.increfStops ?? never) | 0;
    this.decrefFrom = (immortality?.decrefStops ?? never) | 0;
    this.increfSpan = immortality === undefined ? 0 : end - 1 - immortality.increfStops;
    this.decrefSpan = immortality === undefined ? 0 : end - 1 - immortality.decrefStops;
    memory.use(({ words }) => {
      this.words = words;
    });
  }

  /** `Py_INCREF`. */
  incref(o: number): void {
    const words = this.words;
    const count = words[o >>> 2]! | 0;
    if ((count - this.increfFrom) >>> 0 > this.increfSpan) words[o >>> 2] = count + 1;
  }

  /** `Py_DECREF`: an object whose count becomes 0 dies at once, with all that only it held. */
  decref(o: number): void {
    const words = this.words;
    const count = words[o >>> 2]! | 0;
    if ((count - this.decrefFrom) >>> 0 <= this.decrefSpan) return;
    words[o >>> 2] = count - 1;
    if (count === 1) this.onZero(o);
  }

  /** `Py_XDECREF`: NULL is ignored. */
  xdecref(o: number): void {
    if (o !== 0) this.decref(o);
  }

  /** `Py_XINCREF`: NULL is ignored. */
  xincref(o: number): void {
    if (o !== 0) this.incref(o);
  }

  /** Puts `value`, whose reference is handed over, into the pointer at `address`, and drops what was there. */
  replace(address: number, value: number): void {
    const previous = this.words[address >>> 2]!;
    this.memory.writeWord(address, value);
    if (previous !== 0) this.decref(previous);
  }

  /** Decrements without looking at 0; whether the object is to die is left to the caller. */
  decrefOnly(o: number): boolean {
    const words = this.words;
    const count = words[o >>> 2]! | 0;
    if ((count - this.decrefFrom) >>> 0 <= this.decrefSpan) return false;
    words[o >>> 2] = count - 1;
    return count === 1;
  }

  /** `Py_REFCNT`, as `sys.getrefcount` shows it before it adds its own argument. */
  count(o: number): number {
    return this.words[o >>> 2]!;
  }

  setCount(o: number, count: number): void {
    this.words[o >>> 2] = count;
  }

  /** Whether the object never dies, whatever its count. */
  isImmortal(o: number): boolean {
    return ((this.words[o >>> 2]! | 0) - this.decrefFrom) >>> 0 <= this.decrefSpan;
  }

  /** Makes an object immortal where the version knows that; elsewhere it only keeps one more reference. */
  makeImmortal(o: number): void {
    if (this.immortality === undefined) this.incref(o);
    else this.setCount(o, this.immortality.initialCount);
  }
}
