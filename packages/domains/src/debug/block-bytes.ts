// Writing and testing the bytes around a block, in words where words do. kernel.ts does the same where it can.
//
// Data begins at a multiple of 8 (of 4 at least, on 32 bits), so fills go by doubles and the head by words. The bytes
// behind the data begin anywhere; they are written and tested in the two or three words that they lie in.

import type { LinearMemory } from "@obmalloc/raw-heap";
import type { Kernel } from "./kernel.ts";
import { CLEAN_BYTE, DEAD_BYTE, FORBIDDEN_BYTE } from "./layout.ts";

const FORBIDDEN_WORD = (FORBIDDEN_BYTE * 0x01010101) >>> 0;
const CLEAN_WORD = (CLEAN_BYTE * 0x01010101) >>> 0;
const DEAD_WORD = (DEAD_BYTE * 0x01010101) >>> 0;
/** Eight equal bytes as a double; none of them is a NaN, so that storing them keeps every bit. */
const asDouble = (byte: number) => new Float64Array(new Uint8Array(8).fill(byte).buffer)[0]!;
const CLEAN_DOUBLE = asDouble(CLEAN_BYTE);
const DEAD_DOUBLE = asDouble(DEAD_BYTE);
/** From here on the engine's own `fill` is faster than a loop. */
const LONG_FILL_BYTES = 128;

/** The byte that names a domain, with the forbidden bytes that follow it: one word. */
export function marksOf(letter: string): number {
  return letter.charCodeAt(0) | (FORBIDDEN_WORD << 8);
}

export class BlockBytes implements Kernel {
  u8: Uint8Array;
  u32: Uint32Array;
  private f64: Float64Array;
  private readonly linear: LinearMemory;
  private readonly is64Bit: boolean;

  constructor(linear: LinearMemory, wordBytes: 4 | 8) {
    this.linear = linear;
    this.is64Bit = wordBytes === 8;
    this.u8 = linear.u8;
    this.u32 = linear.u32;
    this.f64 = new Float64Array(linear.buffer, 0, Math.floor(linear.buffer.byteLength / 8));
    linear.onGrow(() => this.lookAgain());
  }

  /** Whether `[from, from + bytes)` lies in the memory, which somebody else may have grown. */
  contains(from: number, bytes: number): boolean {
    if (!(from >= 0 && Number.isInteger(from))) return false;
    if (from + bytes <= this.u8.length) return true;
    return this.linear.refresh() && from + bytes <= this.u8.length;
  }

  mark(p: number, sizeBytes: number, marks: number): void {
    this.fillClean(p, sizeBytes);
    this.writeHead(p, sizeBytes, marks);
    this.writeTail(p + sizeBytes);
  }

  kill(p: number, marks: number, overheadBytes: number): number {
    const sizeBytes = this.sizeIfIntact(p, marks);
    if (sizeBytes >= 0) this.fillDead(p - (this.is64Bit ? 16 : 8), sizeBytes + overheadBytes);
    return sizeBytes;
  }

  /** The head of a block whose data is at `p`: the size, the letter, forbidden bytes. */
  writeHead(p: number, sizeBytes: number, marks: number): void {
    const { u32 } = this;
    const word = p >>> 2;
    if (this.is64Bit) {
      u32[word - 4] = 0;
      u32[word - 3] = swap(sizeBytes);
      u32[word - 2] = marks;
      u32[word - 1] = FORBIDDEN_WORD;
    } else {
      u32[word - 2] = swap(sizeBytes);
      u32[word - 1] = marks;
    }
  }

  /** Forbidden bytes from `tail` on, as many as a word of the data model has. */
  writeTail(tail: number): void {
    const { u32 } = this;
    const shift = (tail & 3) << 3;
    let word = tail >>> 2;
    if (shift === 0) {
      u32[word] = FORBIDDEN_WORD;
      if (this.is64Bit) u32[word + 1] = FORBIDDEN_WORD;
      return;
    }
    const high = -1 << shift;
    u32[word] = (u32[word]! & ~high) | (FORBIDDEN_WORD & high);
    if (this.is64Bit) u32[++word] = FORBIDDEN_WORD;
    u32[++word] = (u32[word]! & high) | (FORBIDDEN_WORD & ~high);
  }

  /** `n` big-endian in a word of the data model, at any address. */
  writeNumber(at: number, n: number): void {
    const { u8 } = this;
    let end = at + (this.is64Bit ? 8 : 4);
    for (let rest = n; end > at; rest = Math.floor(rest / 256)) u8[--end] = rest % 256;
  }

  /** What {@link writeNumber} wrote, all 64 bits of it. */
  readNumber(at: number): bigint {
    let n = 0n;
    for (let i = at; i < at + (this.is64Bit ? 8 : 4); i++) n = (n << 8n) | BigInt(this.u8[i] ?? 0);
    return n;
  }

  /** The lower 32 bits of what {@link writeNumber} wrote. */
  readLowNumber(at: number): number {
    const { u8 } = this;
    const low = at + (this.is64Bit ? 4 : 0);
    return ((u8[low]! << 24) | (u8[low + 1]! << 16) | (u8[low + 2]! << 8) | u8[low + 3]!) >>> 0;
  }

  /** What a block has grown by, `[from, end)`, from any address on. */
  fillGrowth(from: number, end: number): void {
    const { u8 } = this;
    if (end - from > 32) u8.fill(CLEAN_BYTE, from, end);
    else for (let at = from; at < end; at++) u8[at] = CLEAN_BYTE;
  }

  /**
   * The size of the block with data at `p` when all bytes around it are as they were written, with `marks`; else -1.
   * `p` may be any number.
   */
  sizeIfIntact(p: number, marks: number): number {
    const { u32 } = this;
    const word = p >>> 2;
    const is64Bit = this.is64Bit;
    if ((p & 3) !== 0 || word * 4 !== p || word < 4) return -1;
    if (u32[word - (is64Bit ? 2 : 1)] !== marks >>> 0) return -1;
    if (is64Bit && (u32[word - 1] !== FORBIDDEN_WORD || u32[word - 4] !== 0)) return -1;
    const sizeBytes = swap(u32[word - (is64Bit ? 3 : 2)]!);
    return this.isTailIntact(p + sizeBytes) ? sizeBytes : -1;
  }

  /** New data. May write up to 3 bytes beyond it, which the tail is written over afterwards. */
  private fillClean(p: number, sizeBytes: number): void {
    const end = p + sizeBytes;
    if (sizeBytes >= LONG_FILL_BYTES) {
      this.u8.fill(CLEAN_BYTE, p, end);
      return;
    }
    const { u32 } = this;
    let at = p;
    if ((at & 4) !== 0 && at < end) {
      u32[at >>> 2] = CLEAN_WORD;
      at += 4;
    }
    at = this.fillDoubles(at, end, CLEAN_DOUBLE);
    for (; at < end; at += 4) u32[at >>> 2] = CLEAN_WORD;
  }

  /** Exactly the bytes `[from, from + bytes)`, `from` a multiple of 4. */
  fillDead(from: number, bytes: number): void {
    const end = from + bytes;
    if (bytes >= LONG_FILL_BYTES) {
      this.u8.fill(DEAD_BYTE, from, end);
      return;
    }
    const { u32, u8 } = this;
    let at = from;
    if ((at & 4) !== 0 && at + 4 <= end) {
      u32[at >>> 2] = DEAD_WORD;
      at += 4;
    }
    at = this.fillDoubles(at, end, DEAD_DOUBLE);
    if (at + 4 <= end) {
      u32[at >>> 2] = DEAD_WORD;
      at += 4;
    }
    for (; at < end; at++) u8[at] = DEAD_BYTE;
  }

  /** Whole doubles from `from`, a multiple of 8, as far as they fit before `end`; gives where they end. */
  private fillDoubles(from: number, end: number, value: number): number {
    const { f64 } = this;
    let i = from >>> 3;
    const last = end >>> 3;
    for (; i + 4 <= last; i += 4) {
      f64[i] = value;
      f64[i + 1] = value;
      f64[i + 2] = value;
      f64[i + 3] = value;
    }
    for (; i < last; i++) f64[i] = value;
    return i * 8;
  }

  private isTailIntact(tail: number): boolean {
    const { u32 } = this;
    const shift = (tail & 3) << 3;
    const word = tail >>> 2;
    if (tail > 0xffff_ffff) return false;
    if (shift === 0)
      return u32[word] === FORBIDDEN_WORD && (!this.is64Bit || u32[word + 1] === FORBIDDEN_WORD);
    const last = word + (this.is64Bit ? 2 : 1);
    if (this.is64Bit && u32[word + 1] !== FORBIDDEN_WORD) return false;
    return (
      u32[word]! >>> shift === FORBIDDEN_WORD >>> shift &&
      ((u32[last]! ^ FORBIDDEN_WORD) & ~(-1 << shift)) === 0
    );
  }

  private lookAgain(): void {
    const { linear } = this;
    this.u8 = linear.u8;
    this.u32 = linear.u32;
    this.f64 = new Float64Array(linear.buffer, 0, Math.floor(linear.buffer.byteLength / 8));
  }
}

/** The four bytes of a number below 2^32 in the other order. */
function swap(n: number): number {
  return ((n >>> 24) | ((n >>> 8) & 0xff00) | ((n & 0xff00) << 8) | (n << 24)) >>> 0;
}
