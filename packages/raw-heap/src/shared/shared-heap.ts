// The default heap for several Workers: a lock around it, and a cache of small blocks for each of them in front.
//
// Each owner has quick lists of its own, so that most calls for small blocks take no lock: blocks move between the lists
// and the heap some at a time. That works because of who writes what. The head of a chunk is written by who owns the
// chunk: its user, the owner of the list that it is kept in, or, when it is free, who holds the lock. The bit in its check
// belongs to who owns the chunk in front, and is written under the lock only. So whoever looks at a neighbour under the
// lock finds it free, or not free, for as long as it holds the lock.

import { DamagedMemoryError, type RawAddress, rawAddress, type Violation } from "@obmalloc/abi";
import type { ChunkIndexes, ListedChunk } from "../heap/check-tagged.ts";
import { heapState, KEPT_MAX, QUICK_CHUNK_MAX, QUICK_LIST_COUNT, State } from "../heap/chunk-layout.ts";
import type { HeapBlock, HeapChunk, HeapSnapshot, HeapStats } from "../heap/heap-snapshot.ts";
import { PAGE_BYTES } from "../memory/mapper-layout.ts";
import type { PageMapper } from "../memory/page-mapper.ts";
import { DefaultHeap } from "../policies/default-heap.ts";
import { HeapLock } from "./heap-lock.ts";
import { DetachedHeapError, LockTimeoutError } from "./lock-errors.ts";
import { OWNER_LISTS_BYTES, OwnerPages } from "./owner-page.ts";

/** How an owner of a shared heap is called, and how long it waits for the others. */
export interface SharedHeapOptions {
  /** What this owner is called in messages, at most 32 characters, different for each. @defaultValue "owner 1", ... */
  readonly name?: string | undefined;
  /** How long a call waits for the others before it fails with a LockTimeoutError. @defaultValue 10,000 ms */
  readonly lockTimeoutMs?: number | undefined;
}

/** Somebody who has attached to a shared heap. */
export interface HeapOwner {
  readonly name: string;
  /** Whether it is in the middle of a call that others wait for. */
  readonly holdsLock: boolean;
  /** Freed blocks that it keeps for its next requests. */
  readonly keptBlocks: number;
}

/** Blocks that move between a list and the heap at once. */
const BATCH = KEPT_MAX / 2;

const KEPT = State.kept;
const DEFAULT_TIMEOUT_MS = 10_000;
const NOBODY = "somebody who is attaching";

/**
 * A heap in shared memory, as one Worker sees it. Every Worker may allocate, and free what any other one has allocated.
 *
 * Errors. Any call may throw a `LockTimeoutError`. Calls that look at the whole heap ({@link check}, {@link stats},
 * {@link blocks}, {@link inspect}) hold the lock meanwhile; what they say of blocks that others keep is exact only while these
 * rest.
 */
export class SharedHeap extends DefaultHeap {
  /** What this owner is called. */
  readonly name: string;
  private readonly lock: HeapLock;
  private readonly holder: number;
  private readonly owners: OwnerPages;
  private readonly lockTimeoutMs: number;
  private page: RawAddress;
  /** Calls of this owner that are inside the lock, one within the other. */
  private depth: number;
  private detached: boolean;

  /** Becomes one more owner of the heap whose state is at `stateAddress`. */
  constructor(mapper: PageMapper, stateAddress: RawAddress, options: SharedHeapOptions = {}) {
    super(mapper, stateAddress);
    const { name, lockTimeoutMs = DEFAULT_TIMEOUT_MS } = options;
    if (!(lockTimeoutMs >= 0)) throw new RangeError(`A time-out of ${lockTimeoutMs} ms cannot be.`);
    this.lock = new HeapLock(this.memory, stateAddress + heapState.offsets.lock);
    this.holder = (stateAddress + heapState.offsets.holder) / 4;
    this.owners = new OwnerPages(mapper, stateAddress);
    this.lockTimeoutMs = lockTimeoutMs;
    this.page = rawAddress(0);
    this.depth = 0;
    this.detached = false;
    this.page = this.locked(() => this.owners.take(name));
    this.name = this.owners.nameOf(this.page);
    this.quick = (this.page + OWNER_LISTS_BYTES) / 4;
  }

  /**
   * Runs `action` while no other owner is in the heap or maps pages. For work with the pages of the memory, which have no
   * lock of their own, and for several calls that belong together. It may call the heap.
   */
  locked<Result>(action: () => Result): Result {
    this.enter();
    try {
      return action();
    } finally {
      this.leave();
    }
  }

  /** Gives back what this owner keeps. It can do nothing more then; the heap and its blocks stay. */
  detach(): void {
    if (this.detached) return;
    this.locked(() => {
      this.mergeKept();
      this.owners.giveUp(this.page);
    });
    this.detached = true;
    this.stopFollowing();
    this.lock.close();
    this.words = new Uint32Array(0); // where every fast path ends
  }

  /** Everybody who is attached, at about this moment: it does not wait for the lock, so that it can say who holds it. */
  attached(): HeapOwner[] {
    return this.usedPages().map((page) => this.describe(page));
  }

  /**
   * Gives back what an owner keeps that is gone, as `detach` would have done: a Worker that was terminated. If it was in
   * the middle of a call, its lock is taken over.
   *
   * @throws {RangeError} when nobody has that name.
   * @throws {DamagedMemoryError} when it was terminated amid a change of the heap, which cannot be used any more.
   */
  reclaim(name: string): void {
    const page = this.usedPages().find((candidate) => this.owners.nameOf(candidate) === name);
    if (page === undefined || page === this.page) {
      throw new RangeError(`The heap has no other owner ${JSON.stringify(name)}.`);
    }
    if (this.holds(page)) this.takeOver();
    else this.enter();
    try {
      const [violation] = this.check();
      if (violation !== undefined) {
        throw new DamagedMemoryError("reclaim", violation.address, violation.message);
      }
      this.withListsOf(page, () => this.mergeKept());
      this.owners.giveUp(page);
    } finally {
      this.leave();
    }
  }

  override alignedAlloc(alignmentBytes: number, sizeBytes: number): RawAddress {
    return this.locked(() => super.alignedAlloc(alignmentBytes, sizeBytes));
  }

  override mallocTrim(padBytes?: number): number {
    return this.locked(() => super.mallocTrim(padBytes));
  }

  override *blocks(): Generator<HeapBlock> {
    yield* this.locked(() => [...super.blocks()]);
  }

  override *chunks(): Generator<HeapChunk> {
    yield* this.locked(() => [...super.chunks()]);
  }

  override check(): Violation[] {
    return this.locked(() => super.check());
  }

  override stats(): HeapStats {
    return this.locked(() => super.stats());
  }

  override inspect(): HeapSnapshot {
    return this.locked(() => super.inspect());
  }

  override get footprintBytes(): number {
    return this.locked(() => super.footprintBytes + this.owners.all().length * PAGE_BYTES);
  }

  override get peakBytes(): number {
    return this.locked(() => super.peakBytes + this.owners.all().length * PAGE_BYTES);
  }

  /** Some blocks of the size at once, all but one of which are kept. */
  protected override mallocMissed(size: number): RawAddress {
    this.enter();
    try {
      for (let i = 1; i < BATCH; i++) {
        const p = this.allocateChunk(size);
        if (p === 0) break;
        if (!this.keep(p)) return rawAddress(p);
      }
      return rawAddress(this.allocateChunk(size));
    } finally {
      this.leave();
    }
  }

  /** A list is full: the block and half of the list go back to the heap. */
  protected override freeUnkept(p: number, size: number): void {
    this.enter();
    try {
      this.freeChunk(p, size);
      this.mergeSome(size, BATCH);
    } finally {
      this.leave();
    }
  }

  protected override freeSlow(p: RawAddress): void {
    if (p === 0) return;
    this.enter();
    try {
      super.freeSlow(p);
    } finally {
      this.leave();
    }
  }

  protected override mallocSlow(sizeBytes: number): RawAddress {
    this.enter();
    try {
      return super.mallocSlow(sizeBytes);
    } finally {
      this.leave();
    }
  }

  protected override resizeWhereItIs(p: number, size: number, wanted: number): boolean {
    if (wanted === size) return true;
    this.enter();
    try {
      return super.resizeWhereItIs(p, size, wanted);
    } finally {
      this.leave();
    }
  }

  protected override indexes(): ChunkIndexes {
    return { free: () => this.listedFree(), kept: () => this.listedKeptByAll() };
  }

  private *listedKeptByAll(): Generator<ListedChunk> {
    for (const page of this.usedPages()) yield* this.listedKept((page + OWNER_LISTS_BYTES) / 4);
  }

  /** Puts a live chunk into the list of its size. @returns false when there is none for it. */
  private keep(p: number): boolean {
    const words = this.words;
    const w = p >>> 2;
    const size = this.verifiedSize("malloc", p);
    if (size > QUICK_CHUNK_MAX) return false;
    const list = this.listOf(size);
    words[w] = words[list]!;
    words[w - 2] = size | KEPT;
    words[list] = p;
    words[list + 1]!++;
    return true;
  }

  private usedPages(): RawAddress[] {
    return this.owners.all().filter((page) => this.owners.isUsed(page));
  }

  private describe(page: RawAddress): HeapOwner {
    let keptBlocks = 0;
    for (let index = 0; index < QUICK_LIST_COUNT; index++) {
      keptBlocks += this.words[(page + OWNER_LISTS_BYTES) / 4 + 2 * index + 1]!;
    }
    return Object.freeze({ name: this.owners.nameOf(page), holdsLock: this.holds(page), keptBlocks });
  }

  private holds(page: RawAddress): boolean {
    return this.lock.isHeld && this.words[this.holder] === page;
  }

  private withListsOf(page: RawAddress, action: () => void): void {
    const own = this.quick;
    this.quick = (page + OWNER_LISTS_BYTES) / 4;
    try {
      action();
    } finally {
      this.quick = own;
    }
  }

  private enter(): void {
    if (this.depth > 0) {
      this.depth++;
      return;
    }
    if (this.detached) throw new DetachedHeapError(this.name);
    if (!this.lock.acquire(this.lockTimeoutMs)) throw this.timeout();
    this.entered();
  }

  private takeOver(): void {
    this.lock.takeOver();
    this.entered();
  }

  private entered(): void {
    this.depth = 1;
    // What another Worker has grown may not be visible here yet.
    const { knownBytes } = this.mapper;
    if (this.memory.byteLength < knownBytes) this.memory.reach(knownBytes - 1);
    this.words[this.holder] = this.page;
  }

  private leave(): void {
    if (--this.depth === 0) this.lock.release();
  }

  private timeout(): LockTimeoutError {
    const holder = rawAddress(this.words[this.holder]!);
    return new LockTimeoutError(holder === 0 ? NOBODY : this.owners.nameOf(holder), this.lockTimeoutMs);
  }
}
