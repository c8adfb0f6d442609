// Arenas and their pools: which arena gives the next pool, where a pool goes when its last block is freed, and when an
// arena goes back to the system.

import { DamagedMemoryError, DUMMY_SIZE_IDX, NULL, type Profile, type RawAddress } from "@obmalloc/abi";
import type { LinearMemory } from "@obmalloc/raw-heap";
import type { ArenaSlots } from "./arena-slots.ts";
import type { PoolMap } from "./pool-map.ts";
import { obmallocState } from "./state-layout.ts";
import type { Rules } from "./variations.ts";
import { type WordOffsets, wordOffsets } from "./word-offsets.ts";

/** What {@link Arenas} is put together from. */
export interface ArenasParts {
  readonly memory: LinearMemory;
  readonly profile: Profile;
  readonly rules: Rules;
  readonly slots: ArenaSlots;
  readonly poolMap: PoolMap;
  readonly stateAddress: RawAddress;
}

/** The class, and those between it and the compiled one. */
export type ArenasClass = abstract new (parts: ArenasParts) => Arenas;

/**
 * The arenas that have free pools, `usable_arenas`: sorted by their number of free pools, so that pools come from
 * the fullest arena and empty ones get the chance to be given back. One whose pools are all taken is on no list.
 *
 * The list's order, and what happens often, is a matter of the subclasses in hot/. Arena objects are named by their
 * word, pools by the word of their header, 0 = none.
 * @see CPython 3.13 Objects/obmalloc.c, allocate_from_new_pool, insert_to_freepool
 */
export abstract class Arenas {
  declare protected words: Uint32Array;
  declare readonly slots: ArenaSlots;
  declare private readonly poolMap: PoolMap;
  declare private readonly poolBytes: number;
  /** Whether an arena that becomes empty stays when it is the last of the list, whatever else is empty. */
  declare private readonly keepsLast: boolean;
  declare private readonly keptEmptyArenas: number;
  declare private readonly returnsPools: boolean;
  /** Words from a pointer's low half to its high half; 0 where pointers are one word. */
  declare private readonly high: number;
  /** Word of struct _obmalloc_state. */
  declare protected readonly state: number;
  /** Word of usable_arenas. */
  declare private readonly usableArenas: number;
  // Offsets in an arena object and in a pool header, for what happens rarely.
  declare private readonly arena: WordOffsets["arena"];
  declare private readonly pool: WordOffsets["pool"];

  constructor({ memory, profile, rules, slots, poolMap, stateAddress }: ArenasParts) {
    const { high, arena, pool } = wordOffsets(profile.model);
    const versionKeepsLast = profile.pymalloc.emptyArenas === "keep-last";
    this.words = memory.u32;
    this.slots = slots;
    this.poolMap = poolMap;
    this.poolBytes = profile.pymalloc.poolBytes;
    this.keepsLast = versionKeepsLast && rules.keptEmptyArenas === undefined;
    this.keptEmptyArenas = rules.keptEmptyArenas ?? 0;
    this.returnsPools = rules.returnFreePools;
    this.high = high;
    this.state = stateAddress >>> 2;
    this.usableArenas = (stateAddress + obmallocState(profile).offsets.usable_arenas) >>> 2;
    this.arena = arena;
    this.pool = pool;
    memory.onGrow(() => {
      this.words = memory.u32;
    });
  }

  /**
   * Takes a pool from the fullest usable arena, mapping an arena when there is none.
   *
   * Its header has `arenaindex` and the size class of its last use; nothing else is to be relied on.
   * @returns the pool's address, NULL when there is no memory for another arena.
   */
  abstract takePool(words: Uint32Array): number;

  /** Takes back a pool without blocks in use, out of any list. May give its arena back to the system. */
  abstract putPool(words: Uint32Array, header: number): void;

  /** Counts a pool that the head of the list gives away. */
  protected abstract countTaken(words: Uint32Array, head: number): void;
  /** The list was empty, and has this arena now. */
  protected abstract added(arena: number): void;
  /** The head of the list is about to give away one of its `count` free pools. */
  protected abstract taking(words: Uint32Array, head: number, count: number): void;
  /** An arena that had no free pool has become the head of the list. */
  protected abstract entered(head: number): void;
  /** The last arena of the list has one more than `count` free pools; it keeps its place. */
  protected abstract grewAtEnd(words: Uint32Array, arena: number, count: number): void;
  /** An arena had `count` free pools, has one more, and is about to leave the list. */
  protected abstract leaving(arena: number, count: number): void;
  /** An arena of the list has one more than `count` free pools, and may have to move to the right. */
  protected abstract settle(arena: number, count: number): void;

  /** Unlinks an arena of the list, and links it again right behind `left`, one to its right. */
  protected moveBehind(arena: number, left: number): void {
    this.unlink(arena);
    const words = this.words;
    const right = words[left + this.arena.nextarena]!;
    words[arena + this.arena.nextarena] = right;
    words[arena + this.arena.prevarena] = left << 2;
    words[left + this.arena.nextarena] = arena << 2;
    if (right !== 0) words[(right >>> 2) + this.arena.prevarena] = arena << 2;
  }

  /** An arena has got its `count + 1`st free pool: it may enter the list, move in it, or go back to the system. */
  protected place(arena: number, count: number): void {
    if (count + 1 === this.words[arena + this.arena.ntotalpools] && this.isReleased(arena, count)) {
      this.leaving(arena, count);
      if (count > 0) this.unlink(arena);
      this.forgetPools(arena);
      this.slots.release(arena);
    } else if (count === 0) {
      this.linkFirst(arena);
      this.entered(arena);
    } else {
      this.settle(arena, count);
    }
  }

  private next(arena: number): number {
    return this.words[arena + this.arena.nextarena]! >>> 2;
  }

  /** Whether an arena that has become empty, and had `count` free pools before, goes back. */
  private isReleased(arena: number, count: number): boolean {
    const words = this.words;
    if (this.keepsLast) return words[count === 0 ? this.usableArenas : arena + this.arena.nextarena] !== 0;
    if (this.keptEmptyArenas === 0) return true;
    let empty = 0;
    let steps = this.slots.currentCount;
    for (let other = words[this.usableArenas]! >>> 2; other !== 0; other = this.next(other)) {
      if (steps-- === 0) throw new DamagedMemoryError("free", other * 4, "usable_arenas has no end.");
      if (other !== arena && words[other + this.arena.nfreepools] === words[other + this.arena.ntotalpools]) {
        empty++;
      }
    }
    return empty >= this.keptEmptyArenas;
  }

  /** A pool that is on no list of free ones: a returned one, or one more that is carved, of a new arena if need be. */
  protected takeUnlistedPool(): number {
    if (this.words[this.usableArenas] === 0) {
      const arena = this.slots.occupy();
      if (arena === 0) return NULL;
      this.linkFirst(arena);
      this.added(arena);
    }
    const arena = this.words[this.usableArenas]! >>> 2;
    const pool = (this.returnsPools && this.reclaimPool(arena)) || this.carvePool(arena);
    this.countTaken(this.words, arena);
    return pool;
  }

  /** Cuts the next pool off an arena. */
  private carvePool(arena: number): number {
    const pool = this.words[arena + this.arena.pool_address]!;
    this.setUp(arena, pool);
    this.words[arena + this.arena.pool_address] = pool + this.poolBytes;
    return pool;
  }

  private setUp(arena: number, pool: number): void {
    const words = this.words;
    const header = pool >>> 2;
    words[header + this.pool.arenaindex] = this.slots.indexOf(arena);
    words[header + this.pool.szidx] = DUMMY_SIZE_IDX;
    // High halves are written here once and stay 0 from then on.
    words[header + this.high] = 0;
    words[header + this.pool.freeblock + this.high] = 0;
    words[header + this.pool.nextpool + this.high] = 0;
    words[header + this.pool.prevpool + this.high] = 0;
    this.poolMap.setCarved(pool, true);
  }

  /** The lowest pool of the arena whose memory went back, set up anew; 0 when there is none. */
  private reclaimPool(arena: number): number {
    const end = this.words[arena + this.arena.pool_address]!;
    for (let pool = this.slots.firstPool(arena); pool < end; pool += this.poolBytes) {
      if (!this.poolMap.isReturned(pool)) continue;
      this.poolMap.setReturned(pool, false);
      this.setUp(arena, pool);
      return pool;
    }
    return 0;
  }

  protected returnPool(header: number): void {
    const pool = header * 4;
    this.poolMap.setCarved(pool, false);
    this.poolMap.setReturned(pool, true);
    this.slots.discard(pool, this.poolBytes);
  }

  /** An arena is about to be given back: its pools are nobody's from now on. */
  private forgetPools(arena: number): void {
    const end = this.words[arena + this.arena.pool_address]!;
    for (let pool = this.slots.firstPool(arena); pool < end; pool += this.poolBytes) {
      this.poolMap.setCarved(pool, false);
      if (this.returnsPools) this.poolMap.setReturned(pool, false);
    }
  }

  private linkFirst(arena: number): void {
    const words = this.words;
    const next = words[this.usableArenas]!;
    words[arena + this.arena.nextarena] = next;
    words[arena + this.arena.prevarena] = 0;
    if (next !== 0) words[(next >>> 2) + this.arena.prevarena] = arena << 2;
    words[this.usableArenas] = arena << 2;
  }

  private unlink(arena: number): void {
    const words = this.words;
    const next = words[arena + this.arena.nextarena]!;
    const previous = words[arena + this.arena.prevarena]!;
    if (previous === 0) words[this.usableArenas] = next;
    else words[(previous >>> 2) + this.arena.nextarena] = next;
    if (next !== 0) words[(next >>> 2) + this.arena.prevarena] = previous;
  }
}
