// The policies of the textbooks: one list of free chunks by address, searched from its start (first fit), from where the
// last search ended (next fit), or as a whole (best fit). A request takes as long as there are free chunks to look at.

import { DamagedMemoryError, type RawAddress } from "@obmalloc/abi";
import type { ChunkIndexes, ListedChunk } from "../heap/check-tagged.ts";
import { heapState, State } from "../heap/chunk-layout.ts";
import { TaggedHeap } from "../heap/tagged-heap.ts";
import type { PageMapper } from "../memory/page-mapper.ts";

/** Which of the free chunks that are large enough a request gets. */
export type SearchPolicy = "first-fit" | "next-fit" | "best-fit";

const FREE = State.free;

export class AddressOrderedHeap extends TaggedHeap {
  declare private readonly search: SearchPolicy;
  declare private readonly rover: number;

  constructor(mapper: PageMapper, search: SearchPolicy, stateAddress: RawAddress) {
    super(mapper, search, stateAddress);
    this.search = search;
    this.rover = (stateAddress + heapState.offsets.rover) / 4;
  }

  /** Links a chunk in front of the next free one. O(chunks up to there), or O(free chunks) from the list's start. */
  protected override insertFree(p: number, _size: number): void {
    const words = this.words;
    let previous = 0;
    let next = words[this.bins]!;
    for (let left = this.stepsMax(); next !== 0 && next < p; left--) {
      this.verifyListed(next, left);
      previous = next;
      next = words[next >>> 2]!;
    }
    const w = p >>> 2;
    words[w] = next;
    words[w + 1] = previous;
    if (next !== 0) words[(next >>> 2) + 1] = p;
    if (previous === 0) words[this.bins] = p;
    else words[previous >>> 2] = p;
  }

  protected override removeFree(p: number, _size: number): void {
    const words = this.words;
    const w = p >>> 2;
    const next = words[w]!;
    const previous = words[w + 1]!;
    if (next !== 0 && words[(next >>> 2) + 1] !== p) throw this.damagedLink(p);
    if ((previous === 0 ? words[this.bins] : words[previous >>> 2]) !== p) throw this.damagedLink(p + 4);
    if (next !== 0) words[(next >>> 2) + 1] = previous;
    if (previous === 0) words[this.bins] = next;
    else words[previous >>> 2] = next;
    if (words[this.rover] === p) words[this.rover] = next;
  }

  protected override takeFree(size: number): number {
    const words = this.words;
    let p = 0;
    if (this.search === "best-fit") {
      p = this.best(size);
    } else if (this.search === "first-fit") {
      p = this.first(words[this.bins]!, 0, size);
    } else {
      const rover = words[this.rover]!;
      p = this.first(rover, 0, size) || this.first(words[this.bins]!, rover, size);
    }
    if (p === 0) return 0;
    if (this.search === "next-fit") words[this.rover] = words[p >>> 2]!;
    this.removeFree(p, this.verifiedSize("malloc", p));
    return p;
  }

  /** The first chunk that is large enough, from `from` on and up to `end`, which is not looked at. */
  private first(from: number, end: number, size: number): number {
    let p = from;
    for (let left = this.stepsMax(); p !== 0 && p !== end; left--) {
      if (this.verifyListed(p, left) >= size) return p;
      p = this.words[p >>> 2]!;
    }
    return 0;
  }

  private best(size: number): number {
    let best = 0;
    let bestSize = Number.POSITIVE_INFINITY;
    let p = this.words[this.bins]!;
    for (let left = this.stepsMax(); p !== 0 && bestSize !== size; left--) {
      const present = this.verifyListed(p, left);
      if (present >= size && present < bestSize) {
        best = p;
        bestSize = present;
      }
      p = this.words[p >>> 2]!;
    }
    return best;
  }

  /** More steps than there can be free chunks. */
  private stepsMax(): number {
    return this.words[this.segmentBytes]! / 16;
  }

  private verifyListed(p: number, stepsLeft: number): number {
    const size = this.verifiedSize("free list", p);
    if (this.stateOf(p) !== FREE || stepsLeft <= 0) throw this.damagedLink(p);
    return size;
  }

  private damagedLink(address: number): DamagedMemoryError {
    return new DamagedMemoryError("free list", address, "the links of a free chunk lead astray.");
  }

  protected override indexes(): ChunkIndexes {
    return { free: () => this.listed(), kept: () => [] };
  }

  private *listed(): Generator<ListedChunk> {
    const words = this.words;
    let previous = 0;
    for (let p = words[this.bins]!; p !== 0; p = words[p / 4] ?? 0) {
      const ordered = previous < p && words[p / 4 + 1] === previous;
      yield { p, list: "the list of free chunks", fits: () => ordered };
      previous = p;
    }
  }
}
