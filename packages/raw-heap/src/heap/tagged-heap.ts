// A heap with boundary tags: C's calls over chunks, for every policy that says which free chunk a request gets.

import {
  DamagedMemoryError,
  ilp32,
  isSize,
  NotABlockError,
  NULL,
  type PageAddress,
  type RawAddress,
  rawAddress,
  type Violation,
} from "@obmalloc/abi";
import { PAGE_BYTES } from "../memory/mapper-layout.ts";
import type { PageMapper } from "../memory/page-mapper.ts";
import { type ChunkIndexes, checkTaggedHeap } from "./check-tagged.ts";
import {
  ALIGNMENT_BYTES,
  chunkBytesFor,
  HEADER_BYTES,
  heapState,
  MAPPED_OVERHEAD_BYTES,
  MIN_CHUNK_BYTES,
  PREVIOUS_FREE,
  State,
} from "./chunk-layout.ts";
import { isAlignment } from "./heap.ts";
import type { HeapBlock, HeapChunk, PolicyName } from "./heap-snapshot.ts";
import { placeOf } from "./place-of.ts";
import { TaggedChunks } from "./tagged-chunks.ts";
import { chunksOf, type TaggedHeapView } from "./walk-tagged.ts";

// Of this module, so that V8 folds them into the code.
const FREE = State.free;
const LIVE = State.live;
const KEPT = State.kept;
const TOP = State.top;
const MAPPED = State.mapped;

/** Blocks of this size get pages of their own at first, as with glibc; the threshold rises with what is freed. */
const MMAP_THRESHOLD_BYTES = 1024 * 1024;

/** Every data model has sizes up to here. */
const SMALLEST_LIMIT = ilp32.ssizeLimit;

/** The threshold for pages of their own does not rise above this (glibc's DEFAULT_MMAP_THRESHOLD_MAX). */
const MMAP_THRESHOLD_MAX = 32 * 1024 * 1024;

/** Up to this many bytes are copied word by word: a call of `copyWithin` costs more. */
const COPY_BY_WORD_MAX = 256;

export abstract class TaggedHeap extends TaggedChunks {
  declare private readonly mapped: number;
  declare private readonly mappedCount: number;
  declare private readonly threshold: number;

  protected constructor(mapper: PageMapper, policy: PolicyName, stateAddress: RawAddress) {
    super(mapper, policy, stateAddress);
    const base = stateAddress / 4;
    this.mapped = base + heapState.offsets.mapped / 4;
    this.mappedCount = base + heapState.offsets.mapped_count / 4;
    this.threshold = base + heapState.offsets.mmap_threshold / 4;
  }

  /** Prepares a new heap, all of whose state but the header is 0. False when there is no room. */
  start(fixedBytes: number | undefined): boolean {
    this.words[this.threshold] = MMAP_THRESHOLD_BYTES;
    return fixedBytes === undefined || this.addFixedSegment(fixedBytes);
  }

  /** Finds a free chunk of at least `size` bytes and takes it out of its list: its address, or 0. */
  protected abstract takeFree(size: number): number;

  /** Merges what is kept for later requests, if the policy keeps anything. False when there was nothing. */
  protected mergeKept(): boolean {
    return false;
  }

  malloc(sizeBytes: number): RawAddress {
    if (this.words.length === 0) this.memory.refresh(); // somebody else has grown the memory
    if (!(sizeBytes >= 0 && sizeBytes < SMALLEST_LIMIT && sizeBytes >>> 0 === sizeBytes)) {
      if (!isSize(sizeBytes, this.model)) return NULL;
    }
    const size = chunkBytesFor(sizeBytes);
    if (size >= this.words[this.threshold]! && this.words[this.fixed] === 0) return this.mapBlock(size);
    return rawAddress(this.allocateChunk(size));
  }

  free(p: RawAddress): void {
    if (p === 0) return;
    const size = this.liveSize("free", p);
    if (this.stateOf(p) === MAPPED) this.unmapBlock(p, size);
    else {
      this.freeChunk(p, size);
      this.trimLargeTop();
    }
  }

  realloc(p: RawAddress, sizeBytes: number): RawAddress {
    if (p === 0) return this.malloc(sizeBytes);
    const size = this.liveSize("realloc", p);
    if (!isSize(sizeBytes, this.model)) return NULL;
    const wanted = chunkBytesFor(sizeBytes);
    if (this.resizeWhereItIs(p, size, wanted)) return p;
    const moved = this.malloc(sizeBytes);
    if (moved === 0) return NULL;
    this.copy(p, moved, Math.min(size, wanted) - HEADER_BYTES);
    this.free(p);
    return moved;
  }

  override calloc(nelem: number, elsize: number): RawAddress {
    if (!isSize(nelem, this.model) || !isSize(elsize, this.model)) return NULL;
    const sizeBytes = nelem * elsize;
    const p = this.malloc(sizeBytes); // an overflowing product is no size
    if (p !== 0 && this.stateOf(p) !== MAPPED) this.clear(p, sizeBytes); // fresh pages are zero
    return p;
  }

  alignedAlloc(alignmentBytes: number, sizeBytes: number): RawAddress {
    if (!isAlignment(alignmentBytes) || !isSize(sizeBytes, this.model)) return NULL;
    if (alignmentBytes <= ALIGNMENT_BYTES) return this.malloc(sizeBytes);
    if (this.words.length === 0) this.memory.refresh();
    const size = chunkBytesFor(sizeBytes);
    const p = this.allocateChunk(size + alignmentBytes + MIN_CHUNK_BYTES);
    if (p === 0) return NULL;
    const available = this.verifiedSize("alignedAlloc", p);
    let aligned = Math.ceil(p / alignmentBytes) * alignmentBytes;
    if (aligned !== p && aligned - p < MIN_CHUNK_BYTES) aligned += alignmentBytes;
    if (aligned !== p) {
      this.writeHeader(aligned, available - (aligned - p), LIVE);
      this.writeHeader(p, aligned - p, LIVE);
      this.freeChunk(p, aligned - p);
    }
    this.shrink(aligned, available - (aligned - p), size);
    return rawAddress(aligned);
  }

  usableSize(p: RawAddress): number {
    if (p === 0) return 0;
    return this.liveSize("usableSize", p) - HEADER_BYTES;
  }

  mallocTrim(padBytes: number = 0): number {
    this.memory.refresh();
    this.mergeKept();
    return this.trimTop(Number.isFinite(padBytes) && padBytes > 0 ? padBytes : 0);
  }

  *blocks(): Generator<HeapBlock> {
    for (const { state, address } of this.chunks()) {
      if (state !== "live" && state !== "mapped") continue;
      yield { address: rawAddress(address), sizeBytes: this.usableSize(rawAddress(address)) };
    }
  }

  chunks(): Generator<HeapChunk> {
    return chunksOf(this.lookInside());
  }

  check(): Violation[] {
    return checkTaggedHeap(this.lookInside(), this.indexes());
  }

  /** What walks and checks need to know. */
  protected lookInside(): TaggedHeapView {
    this.memory.refresh();
    return {
      memory: this.memory,
      segments: this.segments(),
      newestMapped: this.words[this.mapped]!,
      mappedCount: this.words[this.mappedCount]!,
      mappedBytes: this.words[this.mappedBytes]!,
      segmentBytes: this.words[this.segmentBytes]!,
      top: this.words[this.top]!,
      stateAddress: this.stateAddress,
      isChunk: (p: number) => this.isChunk(p),
      isMapped: (address: number, sizeBytes: number) => this.mapper.isMapped(address, sizeBytes),
    };
  }

  /** The policy's lists, for checks. */
  protected abstract indexes(): ChunkIndexes;

  /** A live chunk of `size` bytes from the heap: a free one that fits, the top, or more from the system. */
  protected allocateChunk(size: number): number {
    let p = this.takeFit(size);
    if (p === 0 && this.mergeKept()) p = this.takeFit(size);
    if (p === 0 && this.extendTop(size)) p = this.takeFromTop(size, LIVE);
    return p;
  }

  private takeFit(size: number): number {
    const p = this.takeFree(size);
    if (p === 0) return this.takeFromTop(size, LIVE);
    this.carve(p, this.verifiedSize("malloc", p), size, LIVE);
    return p;
  }

  /** The chunk size of a live block. */
  protected liveSize(operation: string, p: number): number {
    if (this.isChunk(p)) {
      const head = this.words[(p >>> 2) - 2]!;
      const state = head & 15;
      if (state === LIVE || state === MAPPED) return (head - state) >>> 0;
    } else if (this.memory.reach(p)) {
      return this.liveSize(operation, p);
    }
    throw new NotABlockError(operation, p, { details: placeOf(this, p) });
  }

  /** Makes a live chunk, or the pages that it has of its own, `wanted` bytes long, if that can be without moving it. */
  protected resizeWhereItIs(p: number, size: number, wanted: number): boolean {
    if (this.stateOf(p) === MAPPED) return this.resizeMapped(p, size, wanted);
    return this.resizeInPlace(p, size, wanted);
  }

  private resizeInPlace(p: number, size: number, wanted: number): boolean {
    if (wanted <= size) {
      this.shrink(p, size, wanted);
      return true;
    }
    const next = p + size;
    const nextSize = this.verifiedSize("realloc", next);
    const state = this.stateOf(next);
    if (state === KEPT && size + nextSize >= wanted && this.mergeKeptOf(nextSize)) {
      return this.resizeInPlace(p, size, wanted);
    }
    if (state === TOP) return this.growIntoTop(p, size, wanted);
    if (state !== FREE || size + nextSize < wanted) return false;
    this.removeFree(next, nextSize);
    this.words[(next >>> 2) - 1] = 0;
    this.resizeTo(p, size + nextSize, wanted);
    return true;
  }

  /** Merges the chunks of one size that are kept, if the policy keeps any. */
  protected mergeKeptOf(_size: number): boolean {
    return false;
  }

  /** The block is the last one: it can grow as long as the heap can, without moving. */
  private growIntoTop(p: number, size: number, wanted: number): boolean {
    const words = this.words;
    const more = wanted - size;
    const top = words[this.top]!;
    if (this.verifiedSize("realloc", top) < more) {
      // Behind pages of somebody else the heap goes on elsewhere: then the top is not behind the block any more.
      if (wanted >= words[this.threshold]! || !this.extendTop(more) || this.words[this.top] !== top)
        return false;
    }
    const available = this.verifiedSize("realloc", top);
    this.words[(top >>> 2) - 1] = 0;
    if (available - more >= MIN_CHUNK_BYTES) {
      this.setSize(p, wanted);
      this.becomeTop(p + wanted, available - more);
    } else {
      this.setSize(p, size + available);
      this.words[this.top] = 0;
    }
    return true;
  }

  /** Cuts what is not needed off the end of a live chunk, when it is enough for a chunk of its own. */
  private shrink(p: number, size: number, wanted: number): void {
    if (size - wanted < MIN_CHUNK_BYTES) return;
    this.setSize(p, wanted);
    this.writeHeader(p + wanted, size - wanted, LIVE);
    this.freeChunk(p + wanted, size - wanted);
  }

  /** Makes a live chunk of `available` bytes, of which what is behind is in no list, `wanted` bytes long. */
  private resizeTo(p: number, available: number, wanted: number): void {
    if (available - wanted >= MIN_CHUNK_BYTES) {
      this.setSize(p, wanted);
      this.writeHeader(p + wanted, available - wanted, LIVE);
      this.freeChunk(p + wanted, available - wanted);
    } else {
      this.setSize(p, available);
      this.words[((p + available) >>> 2) - 1]! &= ~PREVIOUS_FREE;
    }
  }

  /** Another size for a live chunk; whether the one in front is free stays as it was. */
  private setSize(p: number, size: number): void {
    const w = p >>> 2;
    const previousFree = this.words[w - 1]! & PREVIOUS_FREE;
    this.words[w - 2] = size | LIVE;
    this.words[w - 1] = this.checkOf(p, size) | previousFree;
  }

  private copy(from: number, to: number, sizeBytes: number): void {
    if (sizeBytes > COPY_BY_WORD_MAX) {
      this.memory.u8.copyWithin(to, from, from + sizeBytes);
      return;
    }
    const words = this.words;
    const end = (from + sizeBytes) >>> 2;
    for (let source = from >>> 2, target = to >>> 2; source < end; source++, target++) {
      words[target] = words[source]!;
    }
  }

  /** Gives back what is free at the end when it is more than half of the heap: somebody else may need the pages. */
  private trimLargeTop(): void {
    const words = this.words;
    const top = words[this.top]!;
    if (top === 0) return;
    const size = words[(top >>> 2) - 2]! - TOP;
    const half = words[this.segmentBytes]! / 2;
    if (size > half && size > 2 * words[this.threshold]!) this.trimTop(half / 2);
  }

  /** A block with pages of its own, linked into the list of them. */
  private mapBlock(size: number): RawAddress {
    const bytes = Math.ceil((size + MAPPED_OVERHEAD_BYTES) / PAGE_BYTES) * PAGE_BYTES;
    const mapping = this.mapper.mmap(bytes);
    if (mapping === 0) return NULL;
    const words = this.words;
    const p = mapping + MAPPED_OVERHEAD_BYTES;
    const newest = words[this.mapped]!;
    words[p / 4 - 4] = newest;
    words[p / 4 - 3] = 0;
    if (newest !== 0) words[newest / 4 - 3] = p;
    words[this.mapped] = p;
    this.writeHeader(p, bytes - MAPPED_OVERHEAD_BYTES, MAPPED);
    words[this.mappedCount]!++;
    this.countMappedBytes(bytes);
    return rawAddress(p);
  }

  private unmapBlock(p: number, size: number): void {
    const words = this.words;
    const next = words[p / 4 - 4]!;
    const previous = words[p / 4 - 3]!;
    const linked =
      (next === 0 || (this.isChunk(next) && words[next / 4 - 3] === p)) &&
      (previous === 0 ? words[this.mapped] === p : this.isChunk(previous) && words[previous / 4 - 4] === p);
    if (!linked) {
      throw new DamagedMemoryError(
        "free",
        p - MAPPED_OVERHEAD_BYTES,
        "the links of the mapping lead astray.",
      );
    }
    if (next !== 0) words[next / 4 - 3] = previous;
    if (previous === 0) words[this.mapped] = next;
    else words[previous / 4 - 4] = next;
    const bytes = size + MAPPED_OVERHEAD_BYTES;
    words[this.mappedCount]!--;
    this.countMappedBytes(-bytes);
    // As glibc does: who frees such a block will want another one, and the heap serves that without system calls.
    const raised = Math.min(size, MMAP_THRESHOLD_MAX);
    if (raised >= words[this.threshold]!) words[this.threshold] = raised + ALIGNMENT_BYTES;
    this.mapper.munmap((p - MAPPED_OVERHEAD_BYTES) as PageAddress, bytes);
  }

  /** Gives pages at the end of a mapping back, or maps those behind it. */
  private resizeMapped(p: number, size: number, wanted: number): boolean {
    if (wanted < this.words[this.threshold]! / 2) return false; // small enough for the heap
    const end = p + size;
    const wantedEnd = Math.ceil((p + wanted) / PAGE_BYTES) * PAGE_BYTES;
    if (wantedEnd > end && !this.mapper.extend(end, wantedEnd - end)) return false;
    if (wantedEnd < end) this.mapper.munmap(wantedEnd as PageAddress, end - wantedEnd);
    this.writeHeader(p, wantedEnd - p, MAPPED);
    this.countMappedBytes(wantedEnd - end);
    return true;
  }

  private countMappedBytes(delta: number): void {
    this.words[this.mappedBytes]! += delta;
    this.notePeak();
  }
}
