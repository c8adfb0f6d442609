// The buddy policy: blocks of 2^n bytes, split in halves and merged with their other half only. Knuth, The Art of Computer
// Programming, volume 1, 2.5, algorithms R and S. What begins where stands in a byte map beside each region, so that blocks
// have no headers and a block of 256 bytes takes 256.

import {
  DamagedMemoryError,
  type DataModel,
  isSize,
  NotABlockError,
  NULL,
  type PageAddress,
  type RawAddress,
  rawAddress,
  type Violation,
} from "@obmalloc/abi";
import { ALIGNMENT_BYTES } from "../heap/chunk-layout.ts";
import { Heap, isAlignment } from "../heap/heap.ts";
import type { HeapBlock, HeapChunk } from "../heap/heap-snapshot.ts";
import { modelAt } from "../heap/heap-state.ts";
import { placeOf } from "../heap/place-of.ts";
import type { LinearMemory } from "../memory/linear-memory.ts";
import { PAGE_BYTES } from "../memory/mapper-layout.ts";
import type { PageMapper } from "../memory/page-mapper.ts";
import { checkBuddyHeap } from "./buddy-check.ts";
import {
  type BuddyRegion,
  buddyState,
  FREE_BLOCK,
  LIVE_BLOCK,
  MAX_ORDER,
  MIN_BLOCK_BYTES,
  MIN_ORDER,
  MIN_REGION_ORDER,
  ORDER_MASK,
  regionRecord,
} from "./buddy-layout.ts";

export class BuddyHeap extends Heap {
  override readonly policy = "buddy";
  override readonly memory: LinearMemory;
  override readonly model: DataModel;
  override readonly stateAddress: RawAddress;
  private readonly mapper: PageMapper;
  private readonly state: number;

  constructor(mapper: PageMapper, stateAddress: RawAddress) {
    super();
    this.mapper = mapper;
    this.memory = mapper.memory;
    this.stateAddress = stateAddress;
    this.state = stateAddress / 4;
    this.model = modelAt(mapper, stateAddress);
  }

  override get footprintBytes(): number {
    return PAGE_BYTES + this.get("held_bytes");
  }

  override get peakBytes(): number {
    return PAGE_BYTES + this.get("peak_bytes");
  }

  malloc(sizeBytes: number): RawAddress {
    this.memory.refresh();
    if (!isSize(sizeBytes, this.model)) return NULL;
    const order = orderFor(sizeBytes);
    if (order > MAX_ORDER) return NULL;
    let present = this.smallestList(order);
    if (present > MAX_ORDER && this.addRegion(order)) present = this.smallestList(order);
    if (present > MAX_ORDER) return NULL;
    const p = this.memory.u32[this.list(present)]!;
    const region = this.regionOfFree(p, present);
    this.unlink(p, present);
    while (present > order) {
      present--;
      this.link(region, p + 2 ** present, present);
    }
    this.mark(region, p, order, LIVE_BLOCK);
    return rawAddress(p);
  }

  free(p: RawAddress): void {
    if (p === 0) return;
    const { region, order } = this.liveBlock("free", p);
    this.merge(region, p, order);
  }

  realloc(p: RawAddress, sizeBytes: number): RawAddress {
    if (p === 0) return this.malloc(sizeBytes);
    const { region, order } = this.liveBlock("realloc", p);
    if (!isSize(sizeBytes, this.model)) return NULL;
    const wanted = orderFor(sizeBytes);
    if (wanted <= order) {
      this.mark(region, p, wanted, LIVE_BLOCK);
      for (let half = order - 1; half >= wanted; half--) this.link(region, p + 2 ** half, half);
      return p;
    }
    if (this.growInPlace(region, p, order, wanted)) return p;
    const moved = this.malloc(sizeBytes);
    if (moved === 0) return NULL;
    this.memory.u8.copyWithin(moved, p, p + 2 ** order);
    this.merge(region, p, order);
    return moved;
  }

  /** Blocks are aligned to their size within a region, and regions to a page. */
  alignedAlloc(alignmentBytes: number, sizeBytes: number): RawAddress {
    if (!isAlignment(alignmentBytes) || !isSize(sizeBytes, this.model)) return NULL;
    return this.malloc(alignmentBytes <= ALIGNMENT_BYTES ? sizeBytes : Math.max(sizeBytes, alignmentBytes));
  }

  usableSize(p: RawAddress): number {
    return p === 0 ? 0 : 2 ** this.liveBlock("usableSize", p).order;
  }

  /** Gives regions back that are free as a whole, as long as `padBytes` stay free. */
  mallocTrim(padBytes: number = 0): number {
    this.memory.refresh();
    if (this.get("fixed") === 1) return 0;
    let freeBytes = 0;
    for (const { state, sizeBytes } of this.chunks()) if (state === "free") freeBytes += sizeBytes;
    let givenBack = 0;
    let link = this.state + buddyState.offsets.first_region / 4;
    for (const region of this.regions()) {
      const bytes = 2 ** region.order;
      const isFree = this.memory.u8[region.map] === (FREE_BLOCK | region.order);
      if (isFree && freeBytes - bytes >= Math.max(padBytes, 0)) {
        this.unlink(region.base, region.order);
        this.memory.u32[link] = this.memory.u32[region.record / 4]!;
        this.mapper.munmap(region.base as PageAddress, bytes);
        this.mapper.munmap(region.record as PageAddress, recordBytes(region.order));
        this.set("held_bytes", this.get("held_bytes") - bytes - recordBytes(region.order));
        freeBytes -= bytes;
        givenBack += bytes;
      } else {
        link = region.record / 4;
      }
    }
    return givenBack;
  }

  *blocks(): Generator<HeapBlock> {
    for (const { state, address, sizeBytes } of this.chunks()) {
      if (state === "live") yield { address: rawAddress(address), sizeBytes };
    }
  }

  *chunks(): Generator<HeapChunk> {
    this.memory.refresh();
    const { u8 } = this.memory;
    for (const { base, order, map } of this.regions().sort((a, b) => a.base - b.base)) {
      let p = base;
      while (p < base + 2 ** order) {
        const mark = u8[map + (p - base) / MIN_BLOCK_BYTES]!;
        const sizeBytes = 2 ** (mark & ORDER_MASK);
        if (sizeBytes < MIN_BLOCK_BYTES) return;
        yield { address: p, start: p, sizeBytes, state: (mark & LIVE_BLOCK) !== 0 ? "live" : "free" };
        p += sizeBytes;
      }
    }
  }

  check(): Violation[] {
    this.memory.refresh();
    const lists = Array.from({ length: MAX_ORDER + 1 }, (_, order) => this.memory.u32[this.list(order)]!);
    return checkBuddyHeap(this.memory, this.regions(), lists);
  }

  /** A region of exactly `2^order` bytes for a heap that never grows, or one with room for a block of `order`. */
  addRegion(order: number, exactly: boolean = false): boolean {
    if (this.get("fixed") === 1 && !exactly) return false;
    const held = exactly ? 0 : Math.floor(Math.log2(Math.max(this.get("held_bytes"), 1)));
    const smallest = exactly ? order : Math.max(order, MIN_REGION_ORDER);
    for (let size = Math.max(smallest, Math.min(held, MAX_ORDER)); size >= smallest; size--) {
      if (this.mapRegion(size)) return true;
    }
    return false;
  }

  private mapRegion(order: number): boolean {
    const alignment = Math.max(2 ** order, PAGE_BYTES);
    const base = this.mapper.mmap(2 ** order, alignment);
    if (base === 0) return false;
    const record = this.mapper.mmap(recordBytes(order));
    if (record === 0) {
      this.mapper.munmap(base, 2 ** order);
      return false;
    }
    const words = this.memory.u32;
    words[record / 4] = this.get("first_region");
    words[record / 4 + 1] = base;
    words[record / 4 + 2] = order;
    this.set("first_region", record);
    const held = this.get("held_bytes") + 2 ** order + recordBytes(order);
    this.set("held_bytes", held);
    this.set("peak_bytes", Math.max(held, this.get("peak_bytes")));
    this.link({ record, base, order, map: record + regionRecord.sizeBytes }, base, order);
    return true;
  }

  /** The regions, newest first, as far as their list can be followed. */
  private regions(): BuddyRegion[] {
    const words = this.memory.u32;
    const found: BuddyRegion[] = [];
    let record = this.get("first_region");
    while (record !== 0 && this.mapper.isMapped(record, regionRecord.sizeBytes) && found.length <= 2 ** 16) {
      const base = words[record / 4 + 1]!;
      const order = words[record / 4 + 2]!;
      if (order > MAX_ORDER || !this.mapper.isMapped(base, 2 ** order)) break;
      found.push({ record, base, order, map: record + regionRecord.sizeBytes });
      record = words[record / 4]!;
    }
    return found;
  }

  /** The region that holds an address. There are few: each is as large as all before it. */
  private regionOf(p: number): BuddyRegion | undefined {
    const words = this.memory.u32;
    let record = this.get("first_region");
    for (let steps = 0; record !== 0 && steps < 2 ** 16; steps++) {
      const base = words[record / 4 + 1]!;
      const order = words[record / 4 + 2]!;
      if (p >= base && p < base + 2 ** order)
        return { record, base, order, map: record + regionRecord.sizeBytes };
      record = words[record / 4] ?? 0;
    }
    return undefined;
  }

  private regionOfFree(p: number, order: number): BuddyRegion {
    const region = this.regionOf(p);
    if (region !== undefined && this.memory.u8[markAt(region, p)] === (FREE_BLOCK | order)) return region;
    throw new DamagedMemoryError(
      "free list",
      p,
      `the list of order ${order} leads there, and no such block is free.`,
    );
  }

  private liveBlock(operation: string, p: number): { readonly region: BuddyRegion; readonly order: number } {
    this.memory.refresh();
    const region = p % MIN_BLOCK_BYTES === 0 ? this.regionOf(p) : undefined;
    const mark = region === undefined ? 0 : this.memory.u8[markAt(region, p)]!;
    const order = mark & ORDER_MASK;
    if (region !== undefined && mark === (LIVE_BLOCK | order) && order >= MIN_ORDER) return { region, order };
    throw new NotABlockError(operation, p, { details: placeOf(this, p) });
  }

  /** Frees a block and merges it with its buddy as long as that is free as a whole. */
  private merge(region: BuddyRegion, p: number, order: number): void {
    const { u8 } = this.memory;
    u8[markAt(region, p)] = 0;
    let start = p - region.base;
    let size = order;
    while (size < region.order) {
      const buddy = region.base + (start ^ (2 ** size));
      if (u8[markAt(region, buddy)] !== (FREE_BLOCK | size)) break;
      this.unlink(buddy, size);
      u8[markAt(region, buddy)] = 0;
      start &= ~(2 ** size);
      size++;
    }
    this.link(region, region.base + start, size);
  }

  /** Takes the buddies behind a block as long as they are free, up to the wanted order. All or nothing. */
  private growInPlace(region: BuddyRegion, p: number, order: number, wanted: number): boolean {
    if (wanted > region.order || (p - region.base) % 2 ** wanted !== 0) return false;
    const { u8 } = this.memory;
    for (let size = order; size < wanted; size++) {
      if (u8[markAt(region, p + 2 ** size)] !== (FREE_BLOCK | size)) return false;
    }
    for (let size = order; size < wanted; size++) {
      this.unlink(p + 2 ** size, size);
      u8[markAt(region, p + 2 ** size)] = 0;
    }
    this.mark(region, p, wanted, LIVE_BLOCK);
    return true;
  }

  private mark(region: BuddyRegion, p: number, order: number, state: number): void {
    this.memory.u8[markAt(region, p)] = state | order;
  }

  private link(region: BuddyRegion, p: number, order: number): void {
    const words = this.memory.u32;
    const head = words[this.list(order)]!;
    words[p / 4] = head;
    words[p / 4 + 1] = 0;
    if (head !== 0) words[head / 4 + 1] = p;
    words[this.list(order)] = p;
    this.mark(region, p, order, FREE_BLOCK);
  }

  private unlink(p: number, order: number): void {
    const words = this.memory.u32;
    const next = words[p / 4]!;
    const previous = words[p / 4 + 1]!;
    const links = (previous === 0 ? words[this.list(order)] : words[previous / 4]) === p;
    if (!links || (next !== 0 && words[next / 4 + 1] !== p)) {
      throw new DamagedMemoryError("free list", p, "the links of a free block lead astray.");
    }
    if (next !== 0) words[next / 4 + 1] = previous;
    if (previous === 0) words[this.list(order)] = next;
    else words[previous / 4] = next;
  }

  /** The smallest order from `order` on that has a free block; above the largest when none has. */
  private smallestList(order: number): number {
    let present = order;
    while (present <= MAX_ORDER && this.memory.u32[this.list(present)] === 0) present++;
    return present;
  }

  private list(order: number): number {
    return this.state + buddyState.offsets.lists / 4 + order;
  }

  private get(field: Exclude<keyof typeof buddyState.offsets, "lists">): number {
    return this.memory.u32[this.state + buddyState.offsets[field] / 4]!;
  }

  private set(field: Exclude<keyof typeof buddyState.offsets, "lists">, value: number): void {
    this.memory.u32[this.state + buddyState.offsets[field] / 4] = value;
  }
}

/** The smallest order with room for `sizeBytes`. */
function orderFor(sizeBytes: number): number {
  return Math.max(MIN_ORDER, Math.ceil(Math.log2(Math.max(sizeBytes, 1))));
}

function recordBytes(order: number): number {
  const bytes = regionRecord.sizeBytes + 2 ** order / MIN_BLOCK_BYTES;
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

function markAt({ base, map }: BuddyRegion, p: number): number {
  return map + (p - base) / MIN_BLOCK_BYTES;
}
