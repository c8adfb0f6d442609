// The allocator itself: blocks from pools of one size class. Everything here is CPython's algorithm over the same
// bytes; what happens rarely is in a method of its own, and below it in arenas.ts.

import {
  alignmentShift,
  type BlockAddress,
  blockAddress,
  isSize,
  NULL,
  OutOfMemoryError,
  type PoolAddress,
  type Profile,
  poolHeader,
  poolOverheadBytes,
  type RawAddress,
  rawAddress,
  sizeClassCount,
  type Violation,
} from "@obmalloc/abi";
import type { LinearMemory, RawAllocator } from "@obmalloc/raw-heap";
import type { ArenaAllocator } from "./arena-allocator.ts";
import { makeMembership } from "./arena-lookup.ts";
import type { ArenaMembership } from "./arena-membership.ts";
import { Arenas } from "./arenas.ts";
import { check } from "./check.ts";
import { inspect, type PyMallocSnapshot } from "./inspect.ts";
import { obmallocState } from "./state-layout.ts";
import { collectStats, countAllocatedBlocks, type PyMallocStats } from "./stats.ts";

export interface PyMallocOptions {
  /** Where everything lives; `raw` and `arenas` must give addresses in it. */
  readonly memory: LinearMemory;
  readonly profile: Profile;
  /** Serves requests of 0 and above the threshold, `arenas[]` and the nodes of the radix tree. */
  readonly raw: RawAllocator;
  readonly arenas: ArenaAllocator;
  /**
   * {@link PyMalloc.stateAddress} of an allocator that lives in this memory already, to be its second owner.
   * @defaultValue a new state, from `raw.calloc`
   */
  readonly stateAddress?: RawAddress;
}

/**
 * pymalloc: pools of equal blocks inside arenas, for requests of 1 to 512 bytes; all others go to the raw allocator.
 *
 * Shapes. An arena (`profile.pymalloc.arenaBytes`) holds up to 64 pools; a pool holds blocks of a single size class.
 * A pool is *used*, *full* or *free*; only used pools are linked, in one ring per class, and only the first one of a
 * ring gives blocks.
 * Units. Sizes are bytes, addresses are byte addresses in `memory`; 0 is NULL.
 * Invariant, for each pool that has been used ({@link PyMalloc.check} verifies it and all others):
 * `ref.count + |free list| + blocks never carved === capacity`.
 * State. All of it lies in `memory`: copy the bytes and you have copied the allocator.
 * Errors. As in C, NULL means that there is no room, or that no C size could express the request. An address that is
 * neither NULL nor in an arena goes to the raw allocator, which throws when it does not know it. An address inside an
 * arena that is not a live block is not noticed, as in C.
 *
 * @example const block = pymalloc.malloc(24); pymalloc.free(block);
 * @see CPython 3.13 Objects/obmalloc.c
 */
export class PyMalloc {
  declare readonly memory: LinearMemory;
  declare readonly profile: Profile;
  declare readonly raw: RawAllocator;
  declare readonly arenaAllocator: ArenaAllocator;
  /** Where `struct _obmalloc_state` lies. */
  declare readonly stateAddress: RawAddress;

  declare private readonly arenas: Arenas;
  declare private readonly membership: ArenaMembership;
  declare private words: Uint32Array;

  declare private readonly threshold: number;
  declare private readonly alignmentShift: number;
  declare private readonly poolBytes: number;
  declare private readonly poolMask: number;
  declare private readonly poolOverheadBytes: number;
  /** Byte address of used[0]. */
  declare private readonly usedpools: number;
  /** log2 of the bytes of two pointers, the distance between the rings' anchors. */
  declare private readonly pairShift: number;
  /** Bytes from a ring's anchor, a pool header that does not exist, to its entries in used[]. */
  declare private readonly anchorBytes: number;
  /** Words from a pointer's low half to its high half; 0 where pointers are one word. */
  declare private readonly high: number;
  /** Word of raw_allocated_blocks. */
  declare private readonly rawBlocks: number;
  // Word offsets in a pool header; ref.count is at 0.
  declare private readonly freeblock: number;
  declare private readonly nextpool: number;
  declare private readonly prevpool: number;
  declare private readonly szidx: number;
  declare private readonly nextoffset: number;
  declare private readonly maxnextoffset: number;

  /** @throws {OutOfMemoryError} when there is no room for a new state. */
  constructor(options: PyMallocOptions) {
    const { memory, profile, raw } = options;
    this.memory = memory;
    this.profile = profile;
    this.raw = raw;
    this.arenaAllocator = options.arenas;

    const state = obmallocState(profile);
    const pool = poolHeader(profile.model).offsets;
    this.threshold = profile.pymalloc.smallRequestThreshold;
    this.alignmentShift = alignmentShift(profile);
    this.poolBytes = profile.pymalloc.poolBytes;
    this.poolMask = -this.poolBytes;
    this.poolOverheadBytes = poolOverheadBytes(profile);
    this.pairShift = Math.log2(2 * profile.model.pointerBytes);
    this.anchorBytes = pool.nextpool;
    this.high = profile.model.pointerBytes === 8 ? 1 : 0;
    this.freeblock = pool.freeblock >>> 2;
    this.nextpool = pool.nextpool >>> 2;
    this.prevpool = pool.prevpool >>> 2;
    this.szidx = pool.szidx >>> 2;
    this.nextoffset = pool.nextoffset >>> 2;
    this.maxnextoffset = pool.maxnextoffset >>> 2;

    this.stateAddress = options.stateAddress ?? raw.calloc(1, state.sizeBytes);
    if (this.stateAddress === 0) throw new OutOfMemoryError("pymalloc state", state.sizeBytes);
    this.usedpools = this.stateAddress + state.offsets.used;
    this.rawBlocks = (this.stateAddress + state.offsets.raw_allocated_blocks) >>> 2;
    this.words = memory.u32;
    memory.onGrow(() => {
      this.words = memory.u32;
    });
    const membership = makeMembership({ memory, profile, raw, stateAddress: this.stateAddress });
    this.membership = membership;
    this.arenas = new Arenas({
      memory,
      profile,
      raw,
      arenas: options.arenas,
      membership,
      stateAddress: this.stateAddress,
    });
    if (options.stateAddress === undefined) this.emptyRings();
  }

  /**
   * A block of at least `sizeBytes`, content unspecified.
   *
   * @returns NULL when there is no room, or when `sizeBytes` is not a whole number from 0 to PY_SSIZE_T_MAX.
   */
  malloc(sizeBytes: number): BlockAddress {
    if (sizeBytes > 0 && sizeBytes <= this.threshold && (sizeBytes | 0) === sizeBytes) {
      const block = this.allocateSmall(sizeBytes);
      if (block !== 0) return block;
    }
    return this.adopt(this.raw.malloc(sizeBytes));
  }

  /**
   * A block of `nelem * elsize` zero bytes. Only the requested bytes are cleared, not the whole block.
   *
   * @returns NULL as {@link malloc}, and when the product exceeds PY_SSIZE_T_MAX.
   */
  calloc(nelem: number, elsize: number): BlockAddress {
    const { model } = this.profile;
    if (!isSize(nelem, model) || !isSize(elsize, model)) return NULL;
    const sizeBytes = nelem * elsize;
    if (sizeBytes > 0 && sizeBytes <= this.threshold) {
      const block = this.allocateSmall(sizeBytes);
      if (block !== 0) {
        this.memory.u8.fill(0, block, block + sizeBytes);
        return block;
      }
    }
    return this.adopt(this.raw.calloc(nelem, elsize));
  }

  /**
   * Resizes a block. It stays in place when it fits and more than 3/4 of it would be used; a block of the raw
   * allocator stays with the raw allocator, whatever the new size. `p` NULL allocates, a size of 0 counts as 1.
   *
   * @returns the address, perhaps a new one; NULL, with the old block still valid, when it cannot be done.
   */
  realloc(p: BlockAddress, sizeBytes: number): BlockAddress {
    if (p === 0) return this.malloc(sizeBytes);
    if (!isSize(sizeBytes, this.profile.model)) return NULL;
    if (!this.membership.contains(p)) return blockAddress(this.raw.realloc(rawAddress(p), sizeBytes));
    if (this.reallocKeeps(p, sizeBytes)) return p;
    const keptBytes = Math.min(this.blockSizeBytes(p), sizeBytes);
    const moved = this.malloc(sizeBytes);
    if (moved !== 0) {
      this.memory.u8.copyWithin(moved, p, p + keptBytes);
      this.freeSmall(p);
    }
    return moved;
  }

  /** Gives a block back. NULL is ignored; what is in no arena goes to the raw allocator. */
  free(p: BlockAddress): void {
    if (p === 0) return;
    if (this.membership.contains(p)) {
      this.freeSmall(p);
    } else {
      this.raw.free(rawAddress(p));
      this.countRawBlocks(-1);
    }
  }

  /** Whether `p` lies in one of the arenas, be it a block or not (`address_in_range`). */
  addressInRange(p: number): boolean {
    return this.membership.contains(p);
  }

  /**
   * Pops a block for `sizeBytes` from 1 to the threshold, which is not checked; never asks the raw allocator for a
   * block (`pymalloc_alloc`).
   *
   * @returns NULL when there is no memory for another arena.
   */
  allocateSmall(sizeBytes: number): BlockAddress {
    const words = this.words;
    const szidx = (sizeBytes - 1) >>> this.alignmentShift;
    const ring = this.usedpools + (szidx << this.pairShift);
    const pool = words[ring >>> 2]!;
    if (pool === ring - this.anchorBytes) return this.allocateFromNewPool(szidx);

    const header = pool >>> 2;
    const block = words[header + this.freeblock]!;
    const next = words[block >>> 2]!; // the first word of a free block is its link
    words[header]!++;
    words[header + this.freeblock] = next;
    if (next === 0) this.pymallocPoolExtend(pool, szidx);
    return block as BlockAddress;
  }

  /** Pushes a block back that is known to lie in an arena (`pymalloc_free`); nothing is checked. */
  freeSmall(p: BlockAddress): void {
    const words = this.words;
    const header = (p & this.poolMask) >>> 2;
    const lastFree = words[header + this.freeblock]!;
    words[(p >>> 2) + this.high] = 0;
    words[p >>> 2] = lastFree; // after the high half: where pointers are one word, both are the same word
    words[header + this.freeblock] = p;
    const count = words[header]! - 1;
    words[header] = count;
    if (lastFree === 0) this.insertToUsedpool(header);
    else if (count === 0) this.insertToFreepool(header);
  }

  /** Whether `realloc` leaves a block that lies in an arena where it is: it fits, and uses more than 3/4. */
  reallocKeeps(p: BlockAddress, sizeBytes: number): boolean {
    const present = this.blockSizeBytes(p);
    return sizeBytes <= present && 4 * sizeBytes > 3 * present;
  }

  /** Bytes of a block that lies in an arena: those of its class, not those that were asked for. */
  blockSizeBytes(p: BlockAddress): number {
    return (this.words[((p & this.poolMask) >>> 2) + this.szidx]! + 1) << this.alignmentShift;
  }

  /** Adds `delta` to the number of blocks that the raw allocator holds for this one. */
  countRawBlocks(delta: number): void {
    const count = (this.words[this.rawBlocks]! + delta) | 0;
    if (this.high === 1) this.words[this.rawBlocks + 1] = count >> 31;
    this.words[this.rawBlocks] = count;
  }

  /** Blocks in use, those of the raw allocator included (`sys.getallocatedblocks`). O(pools). */
  getAllocatedBlocks(): number {
    return countAllocatedBlocks(this);
  }

  /** Counts what is held. O(pools). */
  collectStats(): PyMallocStats {
    return collectStats(this);
  }

  /** Everything at this moment as plain frozen data. O(pools + free blocks). */
  inspect(): PyMallocSnapshot {
    return inspect(this);
  }

  /** Verifies every invariant from the bytes; returns what is violated, each with its address. */
  check(): Violation[] {
    return check(this);
  }

  /** Arenas allocated at present. */
  get arenaCount(): number {
    return this.arenas.currentCount;
  }

  /** Times an arena was allocated. */
  get arenasAllocatedTotal(): number {
    return this.arenas.totalCount;
  }

  /** The largest number of arenas at one time. */
  get arenasHighwater(): number {
    return this.arenas.highwaterCount;
  }

  /** A pool for a class that has none in use (`allocate_from_new_pool`): its first block, or NULL. */
  private allocateFromNewPool(szidx: number): BlockAddress {
    const pool = this.arenas.takePool();
    if (pool === 0) return NULL;
    const words = this.words;
    const header = pool >>> 2;
    const ring = (this.usedpools + (szidx << this.pairShift)) >>> 2;
    const anchor = words[ring]!; // the ring is empty: both of its ends
    words[header + this.nextpool] = anchor;
    words[header + this.prevpool] = anchor;
    words[ring] = pool;
    words[ring + this.prevpool - this.nextpool] = pool;
    words[header] = 1;
    if (words[header + this.szidx] === szidx) {
      // Same class as last time: the free list is still good, in the order of the frees.
      const block = words[header + this.freeblock]!;
      words[header + this.freeblock] = words[block >>> 2]!;
      return block as BlockAddress;
    }
    const sizeBytes = (szidx + 1) << this.alignmentShift;
    const block = pool + this.poolOverheadBytes;
    const second = block + sizeBytes;
    words[header + this.szidx] = szidx;
    words[header + this.nextoffset] = this.poolOverheadBytes + 2 * sizeBytes;
    words[header + this.maxnextoffset] = this.poolBytes - sizeBytes;
    words[header + this.freeblock] = second;
    words[second >>> 2] = 0;
    words[(second >>> 2) + this.high] = 0;
    return block as BlockAddress;
  }

  /** The free list has run dry: carve one more block, or take the full pool out of its ring. */
  private pymallocPoolExtend(pool: number, szidx: number): void {
    const words = this.words;
    const header = pool >>> 2;
    const offset = words[header + this.nextoffset]!;
    if (offset <= words[header + this.maxnextoffset]!) {
      const block = pool + offset;
      words[header + this.freeblock] = block;
      words[header + this.nextoffset] = offset + ((szidx + 1) << this.alignmentShift);
      words[block >>> 2] = 0;
      words[(block >>> 2) + this.high] = 0;
    } else {
      this.unlinkFromRing(header);
    }
  }

  /** A full pool has a free block again: it becomes the first of its ring. */
  private insertToUsedpool(header: number): void {
    const words = this.words;
    const ring = this.usedpools + (words[header + this.szidx]! << this.pairShift);
    const pool = header * 4;
    const first = words[ring >>> 2]!;
    words[header + this.nextpool] = first;
    words[header + this.prevpool] = ring - this.anchorBytes;
    words[(first >>> 2) + this.prevpool] = pool;
    words[ring >>> 2] = pool;
  }

  /** The last block of a pool is free: the pool goes back to its arena. */
  private insertToFreepool(header: number): void {
    this.unlinkFromRing(header);
    this.arenas.putPool((header * 4) as PoolAddress);
  }

  private unlinkFromRing(header: number): void {
    const words = this.words;
    const next = words[header + this.nextpool]!;
    const previous = words[header + this.prevpool]!;
    words[(next >>> 2) + this.prevpool] = previous;
    words[(previous >>> 2) + this.nextpool] = next;
  }

  /** Counts a block of the raw allocator and passes it on. */
  private adopt(p: RawAddress): BlockAddress {
    if (p !== 0) this.countRawBlocks(1);
    return blockAddress(p);
  }

  /** Makes every ring point to its own anchor. */
  private emptyRings(): void {
    const words = this.words;
    for (let szidx = 0; szidx < sizeClassCount(this.profile); szidx++) {
      const ring = this.usedpools + (szidx << this.pairShift);
      words[ring >>> 2] = ring - this.anchorBytes;
      words[(ring >>> 2) + this.prevpool - this.nextpool] = ring - this.anchorBytes;
    }
  }
}
