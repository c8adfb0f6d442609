// First fit in its naive form, as textbooks show it over a bytearray: a fixed number of bytes, a map with a mark for each of
// them, scanned from the start for a gap that is long enough. Every call takes as long as the memory is.

import {
  type DataModel,
  formatAddress,
  ilp32,
  isSize,
  NotABlockError,
  NULL,
  type RawAddress,
  rawAddress,
  readStruct,
  struct,
  type Violation,
} from "@obmalloc/abi";
import { ALIGNMENT_BYTES } from "../heap/chunk-layout.ts";
import { Heap, isAlignment } from "../heap/heap.ts";
import type { HeapBlock, HeapChunk } from "../heap/heap-snapshot.ts";
import { modelAt, stateHeader } from "../heap/heap-state.ts";
import { placeOf } from "../heap/place-of.ts";
import type { LinearMemory } from "../memory/linear-memory.ts";
import { PAGE_BYTES } from "../memory/mapper-layout.ts";
import type { PageMapper } from "../memory/page-mapper.ts";

/** Its state, in a page of its own. */
const byteMapState = struct(ilp32, {
  ...stateHeader,
  data: "u32", // address of the first byte that can be given out
  size_bytes: "u32",
  map: "u32", // address of the marks, one byte for each byte
});

/** Marks in the map. */
const FREE = 0;
const FIRST = 1;
const INSIDE = 2;

export class ByteMapHeap extends Heap {
  override readonly policy = "byte-map";
  override readonly memory: LinearMemory;
  override readonly model: DataModel;
  override readonly stateAddress: RawAddress;
  private readonly mapper: PageMapper;
  private data = 0;
  private sizeBytes = 0;
  private map = 0;

  constructor(mapper: PageMapper, stateAddress: RawAddress) {
    super();
    this.mapper = mapper;
    this.memory = mapper.memory;
    this.stateAddress = stateAddress;
    this.model = modelAt(mapper, stateAddress);
    this.readState();
  }

  /** Takes the pages of a new heap. */
  start(sizeBytes: number): boolean {
    const data = this.mapper.mmap(sizeBytes);
    const map = data === 0 ? NULL : this.mapper.mmap(sizeBytes);
    if (map === 0) return false;
    const words = this.memory.u32;
    words[(this.stateAddress + byteMapState.offsets.data) / 4] = data;
    words[(this.stateAddress + byteMapState.offsets.size_bytes) / 4] = sizeBytes;
    words[(this.stateAddress + byteMapState.offsets.map) / 4] = map;
    this.readState();
    return true;
  }

  private readState(): void {
    const state = readStruct(this.memory.u32, byteMapState, this.stateAddress);
    this.data = state.data;
    this.sizeBytes = state.size_bytes;
    this.map = state.map;
  }

  override get footprintBytes(): number {
    const pages = Math.ceil(this.sizeBytes / PAGE_BYTES);
    return (1 + 2 * pages) * PAGE_BYTES;
  }

  override get peakBytes(): number {
    return this.footprintBytes;
  }

  malloc(sizeBytes: number): RawAddress {
    return this.alignedAlloc(ALIGNMENT_BYTES, sizeBytes);
  }

  free(p: RawAddress): void {
    if (p === 0) return;
    const length = this.liveLength("free", p);
    const at = this.markOf(p);
    this.memory.u8.fill(FREE, at, at + length);
  }

  realloc(p: RawAddress, sizeBytes: number): RawAddress {
    if (p === 0) return this.malloc(sizeBytes);
    const length = this.liveLength("realloc", p);
    if (!isSize(sizeBytes, this.model)) return NULL;
    const wanted = Math.max(sizeBytes, 1);
    const { u8 } = this.memory;
    const at = this.markOf(p);
    if (wanted <= length || this.gapLength(p + length, wanted - length) === wanted - length) {
      u8.fill(INSIDE, at + 1, at + wanted);
      u8.fill(FREE, at + wanted, at + Math.max(wanted, length));
      return p;
    }
    const moved = this.malloc(wanted);
    if (moved === 0) return NULL;
    u8.copyWithin(moved, p, p + length);
    u8.fill(FREE, at, at + length);
    return moved;
  }

  alignedAlloc(alignmentBytes: number, sizeBytes: number): RawAddress {
    this.memory.refresh();
    if (!isAlignment(alignmentBytes) || !isSize(sizeBytes, this.model)) return NULL;
    const wanted = Math.max(sizeBytes, 1);
    const unit = Math.max(alignmentBytes, ALIGNMENT_BYTES);
    let p = Math.ceil(this.data / unit) * unit;
    while (p + wanted <= this.data + this.sizeBytes) {
      const gap = this.gapLength(p, wanted);
      if (gap === wanted) {
        const at = this.markOf(p);
        this.memory.u8.fill(INSIDE, at, at + wanted);
        this.memory.u8[at] = FIRST;
        return rawAddress(p);
      }
      p = Math.ceil((p + gap + 1) / unit) * unit;
    }
    return NULL;
  }

  usableSize(p: RawAddress): number {
    return p === 0 ? 0 : this.liveLength("usableSize", p);
  }

  /** The memory has a fixed size: nothing is given back. */
  mallocTrim(): number {
    return 0;
  }

  *blocks(): Generator<HeapBlock> {
    for (const { state, address, sizeBytes } of this.chunks()) {
      if (state === "live") yield { address: rawAddress(address), sizeBytes };
    }
  }

  *chunks(): Generator<HeapChunk> {
    this.memory.refresh();
    const { u8 } = this.memory;
    const end = this.data + this.sizeBytes;
    let p = this.data;
    while (p < end) {
      const first = u8[this.markOf(p)]!;
      const inside = first === FREE ? FREE : INSIDE;
      let length = 1;
      while (p + length < end && u8[this.markOf(p + length)] === inside) length++;
      yield { address: p, start: p, sizeBytes: length, state: first === FREE ? "free" : "live" };
      p += length;
    }
  }

  check(): Violation[] {
    this.memory.refresh();
    const violations: Violation[] = [];
    const { u8 } = this.memory;
    let before = FREE;
    for (let p = this.data; p < this.data + this.sizeBytes; p++) {
      const mark = u8[this.markOf(p)]!;
      if (mark > INSIDE || (mark === INSIDE && before === FREE)) {
        const message = `The mark for ${formatAddress(p)} is ${mark}, which cannot follow ${before}.`;
        violations.push(Object.freeze({ rule: "map", address: this.markOf(p), message }));
      }
      before = mark;
    }
    return violations;
  }

  private markOf(p: number): number {
    return this.map + p - this.data;
  }

  /** How many bytes are free from `p` on, up to `wanted`. */
  private gapLength(p: number, wanted: number): number {
    const { u8 } = this.memory;
    const end = Math.min(p + wanted, this.data + this.sizeBytes);
    let q = p;
    while (q < end && u8[this.markOf(q)] === FREE) q++;
    return q - p;
  }

  private liveLength(operation: string, p: number): number {
    this.memory.refresh();
    const { u8 } = this.memory;
    const end = this.data + this.sizeBytes;
    if (!Number.isInteger(p) || p < this.data || p >= end || u8[this.markOf(p)] !== FIRST) {
      throw new NotABlockError(operation, p, { details: placeOf(this, p) });
    }
    let length = 1;
    while (p + length < end && u8[this.markOf(p + length)] === INSIDE) length++;
    return length;
  }
}
