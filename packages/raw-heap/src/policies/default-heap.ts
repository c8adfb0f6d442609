// The default policy: bins with immediate merging, and quick lists in front of them.
//
// A small block that is freed is kept as it is for the next request of its size, as in dlmalloc's fast bins: neither of
// its neighbours is touched, which saves most cache misses of a heap that is busy all over. Before the heap would grow,
// and when a thirty-second of it is kept, all that is kept is merged; each block pays for that once, so a call stays O(1)
// on average.

import { DamagedMemoryError, type RawAddress, rawAddress } from "@obmalloc/abi";
import type { ChunkIndexes, ListedChunk } from "../heap/check-tagged.ts";
import { heapState, PREVIOUS_FREE, QUICK_CHUNK_MAX, QUICK_LIST_COUNT, State } from "../heap/chunk-layout.ts";
import type { PageMapper } from "../memory/page-mapper.ts";
import { BinnedHeap } from "./bins.ts";

// Of this module, so that V8 folds them into the code.
const LIVE = State.live;
const KEPT = State.kept;
const CHUNK_MAX = QUICK_CHUNK_MAX;
/** The largest request that a quick list serves. */
const REQUEST_MAX = QUICK_CHUNK_MAX - 8;

export class DefaultHeap extends BinnedHeap {
  private readonly quick: number;
  private readonly quickBytes: number;

  constructor(mapper: PageMapper, stateAddress: RawAddress) {
    super(mapper, "default", stateAddress);
    this.quick = (stateAddress + heapState.offsets.quick) / 4;
    this.quickBytes = (stateAddress + heapState.offsets.quick_bytes) / 4;
  }

  /** Pops a kept block: 3 loads and 3 stores, one cache line of the block. */
  override malloc(sizeBytes: number): RawAddress {
    if (sizeBytes <= REQUEST_MAX && sizeBytes >>> 0 === sizeBytes) {
      const words = this.words;
      const size = sizeBytes > 8 ? (sizeBytes + 23) & -16 : 32;
      const list = this.quick + (size >>> 4);
      const p = words[list]!;
      if (p === 0) return this.allocateQuick(size);
      const w = p >>> 2;
      if (words[w - 2] === (size | KEPT) && (p & 15) === 0) {
        words[list] = words[w]!;
        words[w - 2] = size | LIVE;
        words[this.quickBytes]! -= size;
        return p as RawAddress;
      }
    }
    return this.mallocSlow(sizeBytes);
  }

  /** Pushes a small block onto the list of its size; the header proves that it is one, and live. */
  override free(p: RawAddress): void {
    const words = this.words;
    const w = p >>> 2;
    const size = words[w - 2]! - LIVE;
    // A head that is not live gives a size that is no multiple of 16, and then the check does not fit.
    if (
      size <= CHUNK_MAX &&
      ((words[w - 1]! ^ this.checkOf(p, size)) & ~PREVIOUS_FREE) === 0 &&
      (p & 15) === 0 &&
      p >>> 0 === p &&
      (size & 15) === 0
    ) {
      const list = this.quick + (size >>> 4);
      words[w] = words[list]!;
      words[w - 2] = size | KEPT;
      words[list] = p;
      words[this.quickBytes]! += size;
    } else {
      super.free(p);
    }
  }

  /** A small chunk when none of its size is kept. */
  private allocateQuick(size: number): RawAddress {
    return rawAddress(this.allocateChunk(size));
  }

  /** Large requests, what is no size, and what a look at a damaged list comes to. */
  private mallocSlow(sizeBytes: number): RawAddress {
    if (this.words.length === 0) {
      this.memory.refresh();
      return this.malloc(sizeBytes);
    }
    if (sizeBytes <= REQUEST_MAX && sizeBytes >>> 0 === sizeBytes) {
      const size = sizeBytes > 8 ? (sizeBytes + 23) & -16 : 32;
      throw this.damagedList(this.words[this.quick + (size >>> 4)]!);
    }
    return super.malloc(sizeBytes);
  }

  protected override mayMergeKept(): boolean {
    return this.words[this.quickBytes]! > this.words[this.segmentBytes]! / 32;
  }

  protected override mergeKept(): boolean {
    if (this.words[this.quickBytes] === 0) return false;
    for (let index = 0; index < QUICK_LIST_COUNT; index++) this.mergeKeptOf(index << 4);
    return true;
  }

  protected override mergeKeptOf(size: number): boolean {
    const words = this.words;
    const list = this.quick + (size >>> 4);
    if (words[list] === 0) return false;
    for (let p = words[list]!; p !== 0; p = words[list]!) {
      // Each one is taken off the list for good, so that a circle ends at the first chunk met again.
      if (this.verifiedSize("merge", p) !== size || this.stateOf(p) !== KEPT) throw this.damagedList(p);
      words[list] = words[p >>> 2]!;
      words[this.quickBytes]! -= size;
      this.freeChunk(p, size);
    }
    return true;
  }

  private damagedList(p: number): DamagedMemoryError {
    return new DamagedMemoryError(
      "malloc",
      p,
      "a list of kept blocks leads there, and no kept block is there.",
    );
  }

  protected override indexes(): ChunkIndexes {
    return {
      free: () => this.listedFree(),
      kept: () => this.listedKept(),
      keptBytes: this.words[this.quickBytes]!,
    };
  }

  private *listedKept(): Generator<ListedChunk> {
    const words = this.words;
    for (let index = 0; index < QUICK_LIST_COUNT; index++) {
      const list = `the list of kept blocks of ${index << 4} bytes`;
      for (let p = words[this.quick + index]!; p !== 0; p = words[p / 4] ?? 0) {
        yield { p, list, fits: (size) => size === index << 4 };
      }
    }
  }
}
