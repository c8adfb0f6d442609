// The default policy: bins with immediate merging, and quick lists in front of them.
//
// A small block that is freed is kept as it is for the next request of its size, as long as few of its size are kept:
// neither of its neighbours is touched then, which saves most cache misses of a heap that is busy all over. Few are enough,
// since requests and frees of a size take turns. A block behind a free chunk is merged at once: kept, it would be given out
// again and again in the midst of free memory, which then never becomes one piece. Before the heap grows, all that is kept
// is merged.

import { DamagedMemoryError, type RawAddress, rawAddress } from "@obmalloc/abi";
import type { ChunkIndexes, ListedChunk } from "../heap/check-tagged.ts";
import {
  ALIGNMENT_BYTES,
  QUICK_CHUNK_MAX as CHUNK_MAX,
  HEADER_BYTES,
  heapState,
  KEPT_MAX as KEPT_COUNT_MAX,
  PREVIOUS_FREE as PREVIOUS_FREE_BIT,
  QUICK_LIST_COUNT,
  State,
} from "../heap/chunk-layout.ts";
import type { PageMapper } from "../memory/page-mapper.ts";
import { BinnedHeap } from "./bins.ts";

// Of this module, so that V8 folds them into the code.
const LIVE = State.live;
const KEPT = State.kept;
const KEPT_MAX = KEPT_COUNT_MAX;
const PREVIOUS_FREE = PREVIOUS_FREE_BIT;
const QUICK_CHUNK_MAX = CHUNK_MAX;
/** The largest request that a quick list serves. */
const REQUEST_MAX = QUICK_CHUNK_MAX - HEADER_BYTES;
/** A chunk size shifted by this is twice its list's index: a list is two words. */
const LIST_SHIFT = Math.log2(ALIGNMENT_BYTES) - 1;

export class DefaultHeap extends BinnedHeap {
  /** Word of the first quick list. */
  declare protected quick: number;

  constructor(mapper: PageMapper, stateAddress: RawAddress) {
    super(mapper, "default", stateAddress);
    this.quick = (stateAddress + heapState.offsets.quick) / 4;
  }

  /** Pops a kept block: 4 loads and 3 stores, one cache line of the block. */
  override malloc(sizeBytes: number): RawAddress {
    if (sizeBytes <= REQUEST_MAX && sizeBytes >>> 0 === sizeBytes) {
      const words = this.words;
      const size = sizeBytes > 8 ? (sizeBytes + 23) & -16 : 32;
      const list = this.quick + (size >>> LIST_SHIFT);
      const p = words[list]!;
      if (p === 0) return this.mallocMissed(size);
      const w = p >>> 2;
      if (words[w - 2] === (size | KEPT) && (p & 15) === 0) {
        words[list] = words[w]!;
        words[list + 1]!--;
        words[w - 2] = size | LIVE;
        return p as RawAddress;
      }
    }
    return this.mallocSlow(sizeBytes);
  }

  /** Pushes a small block onto the list of its size; the header proves that it is one, and live. */
  override free(p: RawAddress): void {
    const words = this.words;
    const w = p >>> 2;
    const size = words[w - 2]! - LIVE; // no multiple of 16 if it is not live
    if (
      size <= QUICK_CHUNK_MAX &&
      (size & 15) === 0 &&
      ((words[w - 1]! ^ this.checkOf(p, size)) & ~PREVIOUS_FREE) === 0 &&
      (p & 15) === 0 &&
      p >>> 0 === p
    ) {
      const list = this.quick + (size >>> LIST_SHIFT);
      const count = words[list + 1]!;
      if (count < KEPT_MAX && (words[w - 1]! & PREVIOUS_FREE) === 0) {
        words[w] = words[list]!;
        words[w - 2] = size | KEPT;
        words[list] = p;
        words[list + 1] = count + 1;
      } else {
        this.freeUnkept(p, size);
      }
    } else {
      this.freeSlow(p);
    }
  }

  /** A small block when none of its size is kept. */
  protected mallocMissed(size: number): RawAddress {
    return rawAddress(this.allocateChunk(size));
  }

  /** Frees a small block that is not to be kept. */
  protected freeUnkept(p: number, size: number): void {
    this.freeChunk(p, size);
  }

  /** Large blocks, NULL, and what is no live block. */
  protected freeSlow(p: RawAddress): void {
    super.free(p);
  }

  /** Large requests, what is no size, and what a look at a damaged list comes to. */
  protected mallocSlow(sizeBytes: number): RawAddress {
    if (this.words.length === 0) {
      this.memory.refresh();
      return this.malloc(sizeBytes);
    }
    if (sizeBytes <= REQUEST_MAX && sizeBytes >>> 0 === sizeBytes) {
      const size = sizeBytes > 8 ? (sizeBytes + 23) & -16 : 32;
      throw this.damagedList(this.words[this.listOf(size)]!);
    }
    return super.malloc(sizeBytes);
  }

  protected override mergeKept(): boolean {
    let merged = false;
    for (let size = 0; size <= QUICK_CHUNK_MAX; size += ALIGNMENT_BYTES) {
      if (this.mergeKeptOf(size)) merged = true;
    }
    return merged;
  }

  protected override mergeKeptOf(size: number): boolean {
    return this.mergeSome(size, Number.POSITIVE_INFINITY);
  }

  /** Merges up to `count` of the kept chunks of a size. False when there was none. */
  protected mergeSome(size: number, count: number): boolean {
    const words = this.words;
    const list = this.listOf(size);
    if (words[list] === 0) return false;
    let left = count;
    for (let p = words[list]!; p !== 0 && left > 0; p = words[list]!) {
      // Each one is taken off the list for good, so that a circle ends at the first chunk met again.
      if (this.verifiedSize("merge", p) !== size || this.stateOf(p) !== KEPT) throw this.damagedList(p);
      words[list] = words[p >>> 2]!;
      words[list + 1]!--;
      this.freeChunk(p, size);
      left--;
    }
    return true;
  }

  /** The word of the list for chunks of `size` bytes; the number of its chunks follows. */
  protected listOf(size: number): number {
    return this.quick + (size >>> LIST_SHIFT);
  }

  private damagedList(p: number): DamagedMemoryError {
    return new DamagedMemoryError(
      "malloc",
      p,
      "a list of kept blocks leads there, and no kept block is there.",
    );
  }

  protected override indexes(): ChunkIndexes {
    return { free: () => this.listedFree(), kept: () => this.listedKept(this.quick) };
  }

  /** What the lists from the word `quick` on hold. A list whose count is wrong names itself as an entry that cannot be. */
  protected *listedKept(quick: number): Generator<ListedChunk> {
    const words = this.words;
    for (let index = 0; index < QUICK_LIST_COUNT; index++) {
      const name = `the list of kept blocks of ${index << 4} bytes`;
      const list = quick + 2 * index;
      let count = 0;
      for (let p = words[list]!; p !== 0; p = words[p / 4] ?? 0) {
        yield { p, list: name, fits: (size) => size === index << 4 };
        count++;
      }
      const counted = words[list + 1]!;
      if (counted !== count)
        yield { p: 4 * list + 4, list: `the count ${counted} of ${name}`, fits: () => false };
    }
  }
}
