// What a resize keeps aside: both ends of a block are dead while it may move, so that whoever reads the old place sees it.

import type { BlockBytes } from "./block-bytes.ts";
import { DEAD_BYTE, type DebugLayout, ERASED_BYTES } from "./layout.ts";

const ERASED_WORDS = ERASED_BYTES / 4;

/**
 * Both ends of a block's data in whole words: all of it up to 128 bytes, else the first 64 bytes and the last 64.
 *
 * Where words reach beyond these bytes they hold the neighbouring data, which is the same in the new place, or marks, which
 * are written afterwards.
 * @see CPython 3.13 Objects/obmalloc.c, _PyMem_DebugRawRealloc
 */
export class SavedEnds {
  private readonly bytes: BlockBytes;
  private readonly headBytes: number;
  private readonly overheadBytes: number;
  /** The words of the first end, or of all; then those of the last end. */
  private readonly words = new Uint32Array(2 * ERASED_WORDS + 1);
  private sizeBytes = 0;

  constructor(bytes: BlockBytes, { headBytes, overheadBytes }: DebugLayout) {
    this.bytes = bytes;
    this.headBytes = headBytes;
    this.overheadBytes = overheadBytes;
  }

  /** Keeps the ends of the block with data at `p`, a multiple of 4, and makes them dead with the marks at them. */
  erase(p: number, sizeBytes: number): void {
    const { bytes, headBytes, overheadBytes, words } = this;
    const { u32 } = bytes;
    this.sizeBytes = sizeBytes;
    const first = p >>> 2;
    if (sizeBytes <= 2 * ERASED_BYTES) {
      const count = (sizeBytes + 3) >>> 2;
      for (let i = 0; i < count; i++) words[i] = u32[first + i]!;
      bytes.fillDead(p - headBytes, sizeBytes + overheadBytes);
      return;
    }
    const end = p + sizeBytes;
    const last = (end - ERASED_BYTES) >>> 2;
    for (let i = 0; i < ERASED_WORDS; i++) words[i] = u32[first + i]!;
    for (let i = 0; i <= ERASED_WORDS; i++) words[ERASED_WORDS + i] = u32[last + i]!;
    bytes.fillDead(p - headBytes, headBytes + ERASED_BYTES);
    bytes.u8.fill(DEAD_BYTE, end - ERASED_BYTES, end + overheadBytes - headBytes);
  }

  /** Puts back what was kept into the block at `p`, as far as its new size has room for it; up to 3 bytes behind it too. */
  restore(p: number, newSizeBytes: number): void {
    const { words, sizeBytes } = this;
    const { u32 } = this.bytes;
    const first = p >>> 2;
    const end = (p + Math.min(newSizeBytes, sizeBytes) + 3) >>> 2;
    const isWhole = sizeBytes <= 2 * ERASED_BYTES;
    const firstEnd = Math.min(isWhole ? end : first + ERASED_WORDS, end);
    for (let word = first; word < firstEnd; word++) u32[word] = words[word - first]!;
    if (isWhole) return;
    const last = (p + sizeBytes - ERASED_BYTES) >>> 2;
    for (let word = last; word < end; word++) u32[word] = words[ERASED_WORDS + word - last]!;
  }
}
