// The allocator as its users see it, and the parts of it that do not have to be fast. What has to is in hot/.

import {
  type BlockAddress,
  blockAddress,
  formatAddress,
  isSize,
  NotABlockError,
  NULL,
  type Profile,
  type RawAddress,
  rawAddress,
  type Violation,
} from "@obmalloc/abi";
import type { LinearMemory, RawAllocator } from "@obmalloc/raw-heap";
import type { ArenaAllocator } from "./arena-allocator.ts";
import type { ArenaEvent, ArenaHistory } from "./arena-history.ts";
import type { ArenaMembership } from "./arena-membership.ts";
import type { Arenas } from "./arenas.ts";
import { check } from "./check.ts";
import { inspect, type PyMallocSnapshot } from "./inspect.ts";
import { collectStats, countAllocatedBlocks, type PyMallocStats } from "./stats.ts";
import type { Rules } from "./variations.ts";

/** What a {@link PyMalloc} is put together from; `createPyMalloc` and `attachPyMalloc` do that. */
export interface PyMallocParts {
  readonly memory: LinearMemory;
  readonly profile: Profile;
  readonly rules: Rules;
  readonly raw: RawAllocator;
  readonly arenas: Arenas;
  readonly membership: ArenaMembership;
  readonly history: ArenaHistory | undefined;
  readonly address: RawAddress;
  readonly stateAddress: RawAddress;
  /** Words of used[0], of raw_allocated_blocks, and of the map of carved pools. */
  readonly usedpools: number;
  readonly rawBlocks: number;
  readonly carvedMap: number;
}

/** The class, and those between it and the compiled one. */
export type PyMallocClass = (abstract new (
  parts: PyMallocParts,
) => PyMalloc) & { readonly prototype: PyMalloc };

/**
 * pymalloc: pools of equal blocks inside arenas, for requests of 1 to 512 bytes; all others go to the raw allocator.
 *
 * Shapes. An arena (`profile.pymalloc.arenaBytes`) holds up to 64 pools; a pool holds blocks of a single size class.
 * A pool is *used*, *full* or *free*; only used pools are linked, in one ring per class, and only the first one of a
 * ring gives blocks.
 * Units. Sizes are bytes, addresses are byte addresses in `memory`; 0 is NULL.
 * Invariant, for each pool that has been used ({@link PyMalloc.check} verifies it and all others):
 * `ref.count + |free list| + blocks never carved === capacity`.
 * State. All of it lies in `memory`: copy the bytes and you have copied the allocator; another owner of the memory, in
 * a Worker say, attaches to {@link PyMalloc.address}. There is no lock, as there is none in C: CPython holds the GIL
 * around each call. Owners that take turns have to do so themselves.
 * Errors. As in C, NULL means that there is no room, or that no C size could express the request. `free` and `realloc`
 * throw a {@link NotABlockError} for an address inside an arena when no block of its pool is in use or no pool
 * was carved there; an address outside of all arenas goes to the raw allocator, which throws when it does not know it.
 * Other addresses that are no live block are not noticed, as in C, unless the allocator was made `checked`.
 *
 * @example const block = pymalloc.malloc(24); pymalloc.free(block);
 * @see CPython 3.13 Objects/obmalloc.c
 */
export abstract class PyMalloc {
  declare readonly memory: LinearMemory;
  declare readonly profile: Profile;
  /** What it does that CPython does not; see `Variations`. */
  declare readonly rules: Rules;
  declare readonly raw: RawAllocator;
  /** Where all its state is found: what another owner needs to attach. */
  declare readonly address: RawAddress;
  /** Where `struct _obmalloc_state` lies. */
  declare readonly stateAddress: RawAddress;

  declare protected words: Uint32Array;
  declare protected readonly arenas: Arenas;
  declare protected readonly usedpools: number;
  declare protected readonly carvedMap: number;
  declare private readonly membership: ArenaMembership;
  declare private readonly arenaHistory: ArenaHistory | undefined;
  declare private readonly rawBlocks: number;
  declare private readonly threshold: number;
  declare private readonly pointerIsTwoWords: boolean;

  constructor(parts: PyMallocParts) {
    const { memory, profile } = parts;
    this.memory = memory;
    this.profile = profile;
    this.rules = parts.rules;
    this.raw = parts.raw;
    this.address = parts.address;
    this.stateAddress = parts.stateAddress;
    this.words = memory.u32;
    this.arenas = parts.arenas;
    this.usedpools = parts.usedpools;
    this.carvedMap = parts.carvedMap;
    this.membership = parts.membership;
    this.arenaHistory = parts.history;
    this.rawBlocks = parts.rawBlocks;
    this.threshold = profile.pymalloc.smallRequestThreshold;
    this.pointerIsTwoWords = profile.model.pointerBytes === 8;
    memory.onGrow(() => {
      this.words = memory.u32;
    });
  }

  /**
   * A block of at least `sizeBytes`, content unspecified.
   *
   * @returns NULL when there is no room, or when `sizeBytes` is not a whole number from 0 to PY_SSIZE_T_MAX.
   */
  abstract malloc(sizeBytes: number): BlockAddress;

  /**
   * Gives a block back. NULL is ignored; what is in no arena goes to the raw allocator.
   *
   * @throws {NotABlockError} as the class says.
   */
  abstract free(p: BlockAddress): void;

  /**
   * Pops a block for `sizeBytes` from 1 to the threshold, which is not checked; never asks the raw allocator for a
   * block (`pymalloc_alloc`).
   *
   * @returns NULL when there is no memory for another arena, or when somebody else has just grown the memory.
   */
  abstract allocateSmall(sizeBytes: number): BlockAddress;

  /**
   * Pushes a block back that is known to lie in a pool (`pymalloc_free`).
   *
   * @throws {NotABlockError} when no block of the pool is in use.
   */
  abstract freeSmall(p: BlockAddress): void;

  /** Bytes of a block that lies in a pool: those of its class, not those that were asked for. */
  abstract blockSizeBytes(p: BlockAddress): number;

  /** {@link isCarved} for views that are sure to be good. */
  protected abstract inPool(p: number): boolean;

  /** A pool for a class that has none in use: its first block, or NULL. `ring` is the word of the class's ring. */
  protected abstract allocateFromNewPool(ring: number, szidx: number): BlockAddress;

  /**
   * A block of `nelem * elsize` zero bytes. Only the requested bytes are cleared, not the whole block.
   *
   * @returns NULL as {@link malloc}, and when the product exceeds PY_SSIZE_T_MAX.
   */
  calloc(nelem: number, elsize: number): BlockAddress {
    const { model } = this.profile;
    if (!isSize(nelem, model) || !isSize(elsize, model)) return NULL;
    this.hasNewViews();
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
   * @throws {NotABlockError} as the class says.
   */
  realloc(p: BlockAddress, sizeBytes: number): BlockAddress {
    if (p === 0) return this.obtain(sizeBytes);
    if (!isSize(sizeBytes, this.profile.model)) return NULL;
    if (!this.isCarved(p)) return this.reallocElsewhere(p, sizeBytes);
    if (this.reallocKeeps(p, sizeBytes)) return p;
    const keptBytes = Math.min(this.blockSizeBytes(p), sizeBytes);
    const moved = this.obtain(sizeBytes);
    if (moved !== 0) {
      this.memory.u8.copyWithin(moved, p, p + keptBytes);
      this.freeSmall(p);
    }
    return moved;
  }

  /** Whether `p` lies in a pool that has been carved, be it in use or free. */
  isCarved(p: number): boolean {
    this.hasNewViews();
    return this.inPool(p);
  }

  /** Whether `p` lies in one of the arenas, be it a block or not (`address_in_range`). */
  addressInRange(p: number): boolean {
    this.hasNewViews();
    return this.membership.contains(p);
  }

  /** Whether `realloc` leaves a block that lies in a pool where it is: it fits, and uses more than 3/4. */
  reallocKeeps(p: BlockAddress, sizeBytes: number): boolean {
    const present = this.blockSizeBytes(p);
    return sizeBytes <= present && 4 * sizeBytes > 3 * present;
  }

  /** Adds `delta` to the number of blocks that the raw allocator holds for this one. */
  countRawBlocks(delta: number): void {
    this.hasNewViews();
    const count = (this.words[this.rawBlocks]! + delta) | 0;
    if (this.pointerIsTwoWords) this.words[this.rawBlocks + 1] = count >> 31;
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

  /** Arenas that were mapped and given back, oldest first; empty unless the allocator was made with `history`. */
  history(): readonly ArenaEvent[] {
    this.hasNewViews();
    return this.arenaHistory?.events() ?? [];
  }

  /** Arenas that came or went without room to remember it. */
  get lostHistoryCount(): number {
    this.hasNewViews();
    return this.arenaHistory?.lostCount ?? 0;
  }

  /** Calls of malloc, calloc, realloc and free so far; 0 unless the allocator was made with `history`. */
  get callCount(): number {
    this.hasNewViews();
    return this.arenaHistory?.callCount ?? 0;
  }

  /** Where arenas come from and go to; may be exchanged at any time, as in C. */
  get arenaAllocator(): ArenaAllocator {
    return this.arenas.slots.allocator;
  }

  set arenaAllocator(allocator: ArenaAllocator) {
    this.arenas.slots.allocator = allocator;
  }

  /** Arenas allocated at present. */
  get arenaCount(): number {
    this.hasNewViews();
    return this.arenas.slots.currentCount;
  }

  /** Times an arena was allocated. */
  get arenasAllocatedTotal(): number {
    this.hasNewViews();
    return this.arenas.slots.totalCount;
  }

  /** The largest number of arenas at one time. */
  get arenasHighwater(): number {
    this.hasNewViews();
    return this.arenas.slots.highwaterCount;
  }

  /**
   * Looks whether somebody else has grown the memory, which takes our views' bytes away.
   *
   * @returns whether the views are new: what was read before has to be read again.
   */
  protected hasNewViews(): boolean {
    return this.words.length === 0 && this.memory.refresh();
  }

  /** `malloc` for what is not small, or when there is no memory for another arena. */
  protected mallocRaw(sizeBytes: number): BlockAddress {
    if (this.hasNewViews()) return this.obtain(sizeBytes);
    return this.adopt(this.raw.malloc(sizeBytes));
  }

  /** `free` of what lies in no pool. */
  protected freeElsewhere(p: BlockAddress): void {
    if (p === 0) return;
    if (this.hasNewViews() && this.inPool(p)) {
      this.freeSmall(p);
      return;
    }
    if (this.membership.contains(p))
      this.refuse("free", p, "It lies in an arena, where no pool has been carved.");
    this.raw.free(rawAddress(p));
    this.countRawBlocks(-1);
  }

  /** No block of the pool that `p` lies in is in use. */
  protected refuseFree(p: BlockAddress): never {
    const pool = p - (p % this.profile.pymalloc.poolBytes);
    this.refuse("free", p, `No block of its pool, ${formatAddress(pool)}, is in use.`);
  }

  private refuse(operation: string, p: number, detail: string): never {
    throw new NotABlockError(operation, p, { details: [detail] });
  }

  /** `malloc`, not counted as a call. */
  private obtain(sizeBytes: number): BlockAddress {
    if (sizeBytes > 0 && sizeBytes <= this.threshold && Number.isInteger(sizeBytes)) {
      const block = this.allocateSmall(sizeBytes);
      if (block !== 0) return block;
    }
    return this.mallocRaw(sizeBytes);
  }

  /** `realloc` of what lies in no pool: it stays with the raw allocator. */
  private reallocElsewhere(p: BlockAddress, sizeBytes: number): BlockAddress {
    if (this.membership.contains(p)) {
      this.refuse("realloc", p, "It lies in an arena, where no pool has been carved.");
    }
    return blockAddress(this.raw.realloc(rawAddress(p), sizeBytes));
  }

  /** Counts a block of the raw allocator and passes it on. */
  private adopt(p: RawAddress): BlockAddress {
    if (p !== 0) this.countRawBlocks(1);
    return blockAddress(p);
  }
}
