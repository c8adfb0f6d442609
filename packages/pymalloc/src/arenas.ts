// Arenas and their pools: which arena gives the next pool, where a pool goes when its last block is freed, and when an
// arena goes back to the system.

import {
  arenaObject,
  DUMMY_SIZE_IDX,
  NULL,
  type PoolAddress,
  type Profile,
  poolHeader,
  type RawAddress,
} from "@obmalloc/abi";
import type { LinearMemory, RawAllocator } from "@obmalloc/raw-heap";
import type { ArenaAllocator } from "./arena-allocator.ts";
import type { ArenaMembership } from "./arena-membership.ts";
import { obmallocState } from "./state-layout.ts";
import { makeUsableOrder, type UsableOrder } from "./usable-arenas.ts";

/** What {@link Arenas} is made from. */
export interface ArenasOptions {
  readonly memory: LinearMemory;
  readonly profile: Profile;
  readonly raw: RawAllocator;
  readonly arenas: ArenaAllocator;
  readonly membership: ArenaMembership;
  readonly stateAddress: RawAddress;
}

/**
 * `arenas[]` and its two lists.
 *
 * A slot of `arenas[]` without an arena is on `unused_arena_objects`, last freed first. One whose arena has free
 * pools is on `usable_arenas`, sorted by their number, so that pools come from the fullest arena and empty ones get
 * the chance to be given back. One whose arena is full is on neither.
 *
 * Arena objects are named by their byte address, 0 = none.
 * @see CPython 3.13 Objects/obmalloc.c, new_arena, allocate_from_new_pool, insert_to_freepool
 */
export class Arenas {
  declare private readonly memory: LinearMemory;
  declare private readonly raw: RawAllocator;
  declare private readonly allocator: ArenaAllocator;
  declare private readonly membership: ArenaMembership;
  declare private readonly order: UsableOrder;
  declare private readonly arenaBytes: number;
  declare private readonly poolBytes: number;
  declare private readonly initialArenaObjects: number;
  declare private readonly releaseLast: boolean;
  /** Words from a pointer's low half to its high half; 0 where pointers are one word. */
  declare private readonly high: number;
  declare private words: Uint32Array;

  // Words of the state.
  declare private readonly arenas: number;
  declare private readonly maxarenas: number;
  declare private readonly unusedArenaObjects: number;
  declare private readonly usableArenas: number;
  declare private readonly current: number;
  declare private readonly total: number;
  declare private readonly highwater: number;
  // Word offsets in an arena object, and its size in bytes.
  declare private readonly address: number;
  declare private readonly poolAddress: number;
  declare private readonly nfreepools: number;
  declare private readonly ntotalpools: number;
  declare private readonly freepools: number;
  declare private readonly nextarena: number;
  declare private readonly prevarena: number;
  declare private readonly arenaObjectBytes: number;
  // Word offsets in a pool header.
  declare private readonly freeblock: number;
  declare private readonly nextpool: number;
  declare private readonly prevpool: number;
  declare private readonly arenaindex: number;
  declare private readonly szidx: number;

  constructor({ memory, profile, raw, arenas, membership, stateAddress }: ArenasOptions) {
    this.memory = memory;
    this.raw = raw;
    this.allocator = arenas;
    this.membership = membership;
    this.order = makeUsableOrder(memory, profile, stateAddress);
    this.arenaBytes = profile.pymalloc.arenaBytes;
    this.poolBytes = profile.pymalloc.poolBytes;
    this.initialArenaObjects = profile.pymalloc.initialArenaObjects;
    this.releaseLast = profile.pymalloc.emptyArenas === "release-all";
    this.high = profile.model.pointerBytes === 8 ? 1 : 0;

    const state = obmallocState(profile).offsets;
    this.arenas = (stateAddress + state.arenas) >>> 2;
    this.maxarenas = (stateAddress + state.maxarenas) >>> 2;
    this.unusedArenaObjects = (stateAddress + state.unused_arena_objects) >>> 2;
    this.usableArenas = (stateAddress + state.usable_arenas) >>> 2;
    this.current = (stateAddress + state.narenas_currently_allocated) >>> 2;
    this.total = (stateAddress + state.ntimes_arena_allocated) >>> 2;
    this.highwater = (stateAddress + state.narenas_highwater) >>> 2;

    const arena = arenaObject(profile.model);
    this.address = arena.offsets.address >>> 2;
    this.poolAddress = arena.offsets.pool_address >>> 2;
    this.nfreepools = arena.offsets.nfreepools >>> 2;
    this.ntotalpools = arena.offsets.ntotalpools >>> 2;
    this.freepools = arena.offsets.freepools >>> 2;
    this.nextarena = arena.offsets.nextarena >>> 2;
    this.prevarena = arena.offsets.prevarena >>> 2;
    this.arenaObjectBytes = arena.sizeBytes;

    const pool = poolHeader(profile.model).offsets;
    this.freeblock = pool.freeblock >>> 2;
    this.nextpool = pool.nextpool >>> 2;
    this.prevpool = pool.prevpool >>> 2;
    this.arenaindex = pool.arenaindex >>> 2;
    this.szidx = pool.szidx >>> 2;

    this.words = memory.u32;
    memory.onGrow(() => {
      this.words = memory.u32;
    });
  }

  /** Arenas allocated at present. */
  get currentCount(): number {
    return this.words[this.current]!;
  }

  /** Times an arena was allocated. */
  get totalCount(): number {
    return this.words[this.total]!;
  }

  /** The largest number of arenas at one time. */
  get highwaterCount(): number {
    return this.words[this.highwater]!;
  }

  /**
   * Takes a pool from the fullest usable arena, mapping an arena when there is none.
   *
   * Its header has `arenaindex` and the size class of its last use; nothing else is to be relied on.
   * @returns NULL when there is no memory for another arena.
   */
  takePool(): PoolAddress {
    if (this.words[this.usableArenas] === 0 && !this.addArena()) return NULL;
    const words = this.words;
    const head = words[this.usableArenas]!;
    const arena = head >>> 2;
    this.order.taking(head);
    const pool = words[arena + this.freepools]!;
    if (pool !== 0) words[arena + this.freepools] = words[(pool >>> 2) + this.nextpool]!;
    const taken = pool === 0 ? this.carvePool(head) : pool;
    if (--words[arena + this.nfreepools]! === 0) {
      const next = words[arena + this.nextarena]!;
      words[this.usableArenas] = next;
      if (next !== 0) words[(next >>> 2) + this.prevarena] = 0;
    }
    return taken as PoolAddress;
  }

  /** Takes back a pool without blocks in use, out of any list. May give its arena back to the system. */
  putPool(pool: PoolAddress): void {
    const words = this.words;
    const header = pool >>> 2;
    const object = words[this.arenas]! + words[header + this.arenaindex]! * this.arenaObjectBytes;
    const arena = object >>> 2;
    words[header + this.nextpool] = words[arena + this.freepools]!;
    words[arena + this.freepools] = pool;
    const lastOfOldCount = this.order.leaving(object);
    const free = ++words[arena + this.nfreepools]!;
    if (
      free === words[arena + this.ntotalpools] &&
      (this.releaseLast || words[arena + this.nextarena] !== 0)
    ) {
      this.releaseArena(object);
    } else if (free === 1) {
      const next = words[this.usableArenas]!;
      words[arena + this.nextarena] = next;
      words[arena + this.prevarena] = 0;
      if (next !== 0) words[(next >>> 2) + this.prevarena] = object;
      words[this.usableArenas] = object;
      this.order.entered(object);
    } else {
      this.order.settle(object, lastOfOldCount);
    }
  }

  /** Cuts the next pool off an arena that has no free ones. */
  private carvePool(object: number): number {
    const words = this.words;
    const arena = object >>> 2;
    const pool = words[arena + this.poolAddress]!;
    const header = pool >>> 2;
    words[header + this.arenaindex] = (object - words[this.arenas]!) / this.arenaObjectBytes;
    words[header + this.szidx] = DUMMY_SIZE_IDX;
    // High halves are written here once and stay 0 from then on.
    words[header + this.freeblock + this.high] = 0;
    words[header + this.nextpool + this.high] = 0;
    words[header + this.prevpool + this.high] = 0;
    words[arena + this.poolAddress] = pool + this.poolBytes;
    return pool;
  }

  /** Makes a new arena the only usable one. */
  private addArena(): boolean {
    const object = this.newArena();
    if (object === 0) return false;
    this.words[this.usableArenas] = object;
    this.words[(object >>> 2) + this.nextarena] = 0;
    this.words[(object >>> 2) + this.prevarena] = 0;
    this.order.added(object);
    return true;
  }

  /** Maps an arena and gives it a slot (`new_arena`); 0 when there is no memory for either. */
  private newArena(): number {
    if (this.words[this.unusedArenaObjects] === 0 && !this.growArenaObjects()) return 0;
    const object = this.words[this.unusedArenaObjects]!;
    const arena = object >>> 2;
    const base = this.allocator.alloc(this.allocator.ctx, this.arenaBytes);
    if (base === 0) return 0;
    if (!this.membership.mark(base)) {
      this.allocator.free(this.allocator.ctx, base, this.arenaBytes);
      return 0;
    }
    const words = this.words; // both calls may have grown the memory
    words[this.unusedArenaObjects] = words[arena + this.nextarena]!;
    const misaligned = base % this.poolBytes;
    const pools = this.arenaBytes / this.poolBytes - (misaligned === 0 ? 0 : 1);
    words[arena + this.address] = base;
    words[arena + this.poolAddress] = misaligned === 0 ? base : base - misaligned + this.poolBytes;
    words[arena + this.nfreepools] = pools;
    words[arena + this.ntotalpools] = pools;
    words[arena + this.freepools] = 0;
    words[this.total]!++;
    const current = ++words[this.current]!;
    if (current > words[this.highwater]!) words[this.highwater] = current;
    return object;
  }

  /** Doubles `arenas[]`. Nothing points into it then: every arena is full, and no slot is unused. */
  private growArenaObjects(): boolean {
    const count = this.words[this.maxarenas]!;
    const newCount = count === 0 ? this.initialArenaObjects : count * 2;
    const sizeBytes = newCount * this.arenaObjectBytes;
    const table = this.raw.realloc(this.words[this.arenas]! as RawAddress, sizeBytes);
    if (table === 0) return false;
    const words = this.words; // realloc may have grown the memory
    this.memory.u8.fill(0, table + count * this.arenaObjectBytes, table + sizeBytes);
    for (let index = count; index < newCount; index++) {
      const object = table + index * this.arenaObjectBytes;
      const next = index + 1 < newCount ? object + this.arenaObjectBytes : 0;
      words[(object >>> 2) + this.nextarena] = next;
    }
    words[this.arenas] = table;
    words[this.maxarenas] = newCount;
    words[this.unusedArenaObjects] = table + count * this.arenaObjectBytes;
    return true;
  }

  /** Takes an arena out of usable_arenas and gives it back to the system. */
  private releaseArena(object: number): void {
    const words = this.words;
    const arena = object >>> 2;
    const next = words[arena + this.nextarena]!;
    const previous = words[arena + this.prevarena]!;
    if (previous === 0) words[this.usableArenas] = next;
    else words[(previous >>> 2) + this.nextarena] = next;
    if (next !== 0) words[(next >>> 2) + this.prevarena] = previous;
    words[arena + this.nextarena] = words[this.unusedArenaObjects]!;
    words[this.unusedArenaObjects] = object;
    const base = words[arena + this.address]!;
    this.membership.unmark(base);
    this.allocator.free(this.allocator.ctx, base, this.arenaBytes);
    words[arena + this.address] = 0;
    words[this.current]!--;
  }
}
