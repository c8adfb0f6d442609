// The bins of the default policy: free chunks by size, each bin a list with links in both directions, and a bit map of
// the bins that hold any. Sizes below 1 KiB have a bin each, larger ones share 16 for each power of two.

import { DamagedMemoryError, type RawAddress } from "@obmalloc/abi";
import type { ListedChunk } from "../heap/check-tagged.ts";
import { BIN_COUNT, binOf, heapState, SIZE_MASK, State } from "../heap/chunk-layout.ts";
import type { PolicyName } from "../heap/heap-snapshot.ts";
import { TaggedHeap } from "../heap/tagged-heap.ts";
import type { PageMapper } from "../memory/page-mapper.ts";

/** Chunks of a bin of mixed sizes that are looked at before a larger bin is taken. */
const LOOKS_MAX = 8;

const MAP_WORDS = BIN_COUNT / 32;
const FREE = State.free;

export abstract class BinnedHeap extends TaggedHeap {
  declare private readonly binMap: number;
  declare private readonly binWords: number;

  protected constructor(mapper: PageMapper, policy: PolicyName, stateAddress: RawAddress) {
    super(mapper, policy, stateAddress);
    this.binMap = (stateAddress + heapState.offsets.bin_map) / 4;
    this.binWords = (stateAddress + heapState.offsets.bin_words) / 4;
  }

  protected override insertFree(p: number, size: number): void {
    const words = this.words;
    const bin = binOf(size);
    const head = words[this.bins + bin]!;
    const w = p >>> 2;
    words[w] = head;
    words[w + 1] = 0;
    if (head !== 0) words[(head >>> 2) + 1] = p;
    else this.markBin(bin);
    words[this.bins + bin] = p;
  }

  protected override removeFree(p: number, size: number): void {
    const words = this.words;
    const w = p >>> 2;
    const next = words[w]!;
    const previous = words[w + 1]!;
    if (next !== 0 && words[(next >>> 2) + 1] !== p) this.throwDamagedLink(p);
    if (previous === 0) {
      const bin = binOf(size);
      if (words[this.bins + bin] !== p) this.throwDamagedLink(p + 4);
      words[this.bins + bin] = next;
      if (next === 0) this.unmarkBin(bin);
    } else {
      if (words[previous >>> 2] !== p) this.throwDamagedLink(p + 4);
      words[previous >>> 2] = next;
    }
    if (next !== 0) words[(next >>> 2) + 1] = previous;
  }

  protected override takeFree(size: number): number {
    const bin = binOf(size);
    if (size >= 1024) {
      const fit = this.firstFitIn(bin, size);
      if (fit !== 0) return fit;
    } else if (this.words[this.bins + bin] !== 0) {
      return this.takeHead(bin);
    }
    return this.takeLarger(bin);
  }

  /** The first chunk of the first bin behind `bin` that has any; 0 when none has. */
  private takeLarger(bin: number): number {
    const larger = this.nextBin(bin + 1);
    return larger === BIN_COUNT ? 0 : this.takeHead(larger);
  }

  /** Takes the first chunk of a bin of which every chunk is large enough. */
  private takeHead(bin: number): number {
    const p = this.words[this.bins + bin]!;
    const size = this.verifiedFree(p);
    if (binOf(size) !== bin) this.throwDamagedLink(p);
    this.removeFree(p, size);
    return p;
  }

  /** The best of the first few chunks of a bin of mixed sizes, taken out of it; 0 when none is large enough. */
  private firstFitIn(bin: number, size: number): number {
    let p = this.words[this.bins + bin]!;
    let best = 0;
    let bestSize = Number.POSITIVE_INFINITY;
    for (let looks = 0; p !== 0 && looks < LOOKS_MAX; looks++) {
      const present = this.verifiedFree(p);
      if (present >= size && present < bestSize) {
        best = p;
        bestSize = present;
        if (present === size) break;
      }
      p = this.words[p >>> 2]!;
    }
    if (best !== 0) this.removeFree(best, bestSize);
    return best;
  }

  /** The first bin from `bin` on that is not empty; BIN_COUNT when there is none. */
  private nextBin(bin: number): number {
    const words = this.words;
    const index = bin >>> 5;
    if (index >= MAP_WORDS) return BIN_COUNT;
    const bits = words[this.binMap + index]! & (-1 << (bin & 31));
    if (bits !== 0) return (index << 5) + lowestBit(bits);
    const later = words[this.binWords]! & (-2 << index);
    if (later === 0) return BIN_COUNT;
    const word = lowestBit(later);
    return (word << 5) + lowestBit(words[this.binMap + word]!);
  }

  private markBin(bin: number): void {
    this.words[this.binMap + (bin >>> 5)]! |= 1 << (bin & 31);
    this.words[this.binWords]! |= 1 << (bin >>> 5);
  }

  private unmarkBin(bin: number): void {
    const words = this.words;
    const bits = words[this.binMap + (bin >>> 5)]! & ~(1 << (bin & 31));
    words[this.binMap + (bin >>> 5)] = bits;
    if (bits === 0) words[this.binWords]! &= ~(1 << (bin >>> 5));
  }

  /** The size of a chunk that a list says is free. */
  private verifiedFree(p: number): number {
    const size = this.verifiedSize("malloc", p);
    if ((this.words[(p >>> 2) - 2]! & ~SIZE_MASK) !== FREE) this.throwDamagedLink(p);
    return size;
  }

  private throwDamagedLink(address: number): never {
    throw new DamagedMemoryError("free list", address, "the links of a free chunk lead astray.");
  }

  /** The free chunks as the bins have them, for checks. */
  protected *listedFree(): Generator<ListedChunk> {
    const words = this.words;
    for (let bin = 0; bin < BIN_COUNT; bin++) {
      const list = `bin ${bin}`;
      const marked = ((words[this.binMap + (bin >>> 5)]! >>> (bin & 31)) & 1) === 1;
      let previous = 0;
      let p = words[this.bins + bin]!;
      const inWords = ((words[this.binWords]! >>> (bin >>> 5)) & 1) === 1;
      if (marked !== (p !== 0) || (marked && !inWords)) {
        yield { p: (this.bins + bin) * 4, list: `the bit map of ${list}`, fits: () => false };
      }
      while (p !== 0) {
        const linked = words[p / 4 + 1] === previous;
        yield { p, list, fits: (size) => linked && binOf(size) === bin };
        previous = p;
        p = words[p / 4] ?? 0;
      }
    }
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
