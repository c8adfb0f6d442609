// The linear memory as objects see it: words, bytes and doubles, pointers of one or two words.

import type { DataModel } from "@obmalloc/abi";
import type { LinearMemory } from "@obmalloc/raw-heap";

/**
 * Views of a linear memory, replaced whenever it grows.
 *
 * Addresses are below 4 GiB, so that the low word of a pointer or a size is all of it; the high word is written, so
 * that the bytes are those that C would have written, and never read.
 */
export class ObjectMemory {
  readonly linear: LinearMemory;
  readonly model: DataModel;
  readonly pointerBytes: 8 | 4;
  /** log2 of {@link pointerBytes}. */
  readonly pointerShift: 3 | 2;
  /** Words from a pointer's low half to its high half; 0 where pointers are one word. */
  readonly high: 0 | 1;
  /** All aligned 32-bit words; index = address / 4. */
  declare words: Uint32Array;
  declare bytes: Uint8Array;
  /** All aligned 64-bit floats; index = address / 8. */
  declare doubles: Float64Array;
  private readonly users: ((memory: ObjectMemory) => void)[] = [];

  constructor(linear: LinearMemory, model: DataModel) {
    this.linear = linear;
    this.model = model;
    this.pointerBytes = model.pointerBytes;
    this.pointerShift = model.pointerBytes === 8 ? 3 : 2;
    this.high = model.pointerBytes === 8 ? 1 : 0;
    this.refresh();
    linear.onGrow(() => this.refresh());
  }

  /** Calls `take` now and after each growth, to copy the views into a user's own fields. */
  use(take: (memory: ObjectMemory) => void): void {
    this.users.push(take);
    take(this);
  }

  /** The pointer or size at `address`; its low word. */
  readWord(address: number): number {
    return this.words[address >>> 2]!;
  }

  /** The `Py_ssize_t` at `address`, signed. */
  readSigned(address: number): number {
    return this.words[address >>> 2]! | 0;
  }

  /** Writes a pointer, or a size that is not negative. */
  writeWord(address: number, value: number): void {
    const words = this.words;
    const index = address >>> 2;
    words[index + this.high] = 0;
    words[index] = value; // after the high half: where pointers are one word, both are the same word
  }

  /** Writes a `Py_ssize_t` with its sign. */
  writeSigned(address: number, value: number): void {
    const words = this.words;
    const index = address >>> 2;
    words[index + this.high] = value >> 31;
    words[index] = value;
  }

  /** Writes a field of 32 bits. */
  writeInt(address: number, value: number): void {
    this.words[address >>> 2] = value;
  }

  /** Writes 0 into every byte from `address` on. */
  clear(address: number, sizeBytes: number): void {
    this.bytes.fill(0, address, address + sizeBytes);
  }

  /** The C string at `address`, of one-byte characters. */
  readCString(address: number): string {
    const { bytes } = this;
    const end = bytes.indexOf(0, address);
    return String.fromCharCode(...bytes.subarray(address, end));
  }

  /** Writes `text` and a 0 behind it. */
  writeCString(address: number, text: string): void {
    for (let i = 0; i < text.length; i++) this.bytes[address + i] = text.charCodeAt(i);
    this.bytes[address + text.length] = 0;
  }

  private refresh(): void {
    const { buffer, u8, u32 } = this.linear;
    this.words = u32;
    this.bytes = u8;
    this.doubles = new Float64Array(buffer, 0, Math.floor(buffer.byteLength / 8));
    for (const take of this.users) take(this);
  }
}
