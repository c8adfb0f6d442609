// How usable_arenas stays sorted by the number of free pools, fullest arena first. Both ways give the same order;
// one searches for the place, the other keeps a finger on the last arena of each number.

import { arenaObject, type Profile, type RawAddress } from "@obmalloc/abi";
import type { LinearMemory } from "@obmalloc/raw-heap";
import { obmallocState } from "./state-layout.ts";

/** Keeps the place of an arena object in the list. Arena objects are named by their byte address. */
export interface UsableOrder {
  /** A new arena has become the only one of the list. */
  added(arena: number): void;
  /** The head of the list is about to give one of its free pools away. */
  taking(head: number): void;
  /**
   * An arena is about to gain a free pool.
   *
   * @returns the last arena that has the count which `arena` still has, 0 when that is not kept.
   */
  leaving(arena: number): number;
  /** An arena with its first free pool has become the head of the list. */
  entered(head: number): void;
  /** An arena has one more free pool and may have to move to the right. `lastOfOldCount` is from {@link leaving}. */
  settle(arena: number, lastOfOldCount: number): void;
}

/** The order that the profile names. */
export function makeUsableOrder(
  memory: LinearMemory,
  profile: Profile,
  stateAddress: RawAddress,
): UsableOrder {
  return profile.pymalloc.usableArenasOrder === "linear"
    ? new LinearOrder(memory, profile, stateAddress)
    : new FingerOrder(memory, profile, stateAddress);
}

abstract class ListOrder {
  declare protected words: Uint32Array;
  declare protected readonly nfreepools: number;
  declare protected readonly nextarena: number;
  declare protected readonly prevarena: number;
  declare private readonly usableArenas: number;

  constructor(memory: LinearMemory, profile: Profile, stateAddress: RawAddress) {
    const arena = arenaObject(profile.model).offsets;
    this.nfreepools = arena.nfreepools >>> 2;
    this.nextarena = arena.nextarena >>> 2;
    this.prevarena = arena.prevarena >>> 2;
    this.usableArenas = (stateAddress + obmallocState(profile).offsets.usable_arenas) >>> 2;
    this.words = memory.u32;
    memory.onGrow(() => {
      this.words = memory.u32;
    });
  }

  /** Unlinks `arena` and links it again right behind `left`, an arena of the list to its right. */
  protected moveBehind(arena: number, left: number): void {
    const words = this.words;
    const next = words[(arena >>> 2) + this.nextarena]!;
    const previous = words[(arena >>> 2) + this.prevarena]!;
    if (previous === 0) words[this.usableArenas] = next;
    else words[(previous >>> 2) + this.nextarena] = next;
    words[(next >>> 2) + this.prevarena] = previous; // there is a next one: left is behind arena
    const right = words[(left >>> 2) + this.nextarena]!;
    words[(arena >>> 2) + this.nextarena] = right;
    words[(arena >>> 2) + this.prevarena] = left;
    words[(left >>> 2) + this.nextarena] = arena;
    if (right !== 0) words[(right >>> 2) + this.prevarena] = arena;
  }
}

/** Walks to the right for the place (3.7). @see CPython 3.7 Objects/obmalloc.c, pymalloc_free */
class LinearOrder extends ListOrder implements UsableOrder {
  added(): void {}

  taking(): void {}

  leaving(): number {
    return 0;
  }

  entered(): void {}

  settle(arena: number): void {
    const words = this.words;
    const count = words[(arena >>> 2) + this.nfreepools]!;
    let left = arena;
    let right = words[(left >>> 2) + this.nextarena]!;
    while (right !== 0 && words[(right >>> 2) + this.nfreepools]! < count) {
      left = right;
      right = words[(left >>> 2) + this.nextarena]!;
    }
    if (left !== arena) this.moveBehind(arena, left);
  }
}

/** Keeps `nfp2lasta` (3.8 on). @see CPython 3.13 Objects/obmalloc.c, insert_to_freepool, allocate_from_new_pool */
class FingerOrder extends ListOrder implements UsableOrder {
  /** Word of nfp2lasta[0] and words from one entry to the next. */
  declare private readonly fingers: number;
  declare private readonly entryWords: number;

  constructor(memory: LinearMemory, profile: Profile, stateAddress: RawAddress) {
    super(memory, profile, stateAddress);
    this.fingers = (stateAddress + obmallocState(profile).offsets.nfp2lasta) >>> 2;
    this.entryWords = profile.model.pointerBytes >>> 2;
  }

  added(arena: number): void {
    this.words[this.finger(this.freePools(arena))] = arena;
  }

  taking(head: number): void {
    const count = this.freePools(head);
    if (this.words[this.finger(count)] === head) this.words[this.finger(count)] = 0;
    if (count > 1) this.words[this.finger(count - 1)] = head;
  }

  leaving(arena: number): number {
    const words = this.words;
    const count = this.freePools(arena);
    const last = words[this.finger(count)]!;
    if (last === arena) {
      const previous = words[(arena >>> 2) + this.prevarena]!;
      words[this.finger(count)] = previous !== 0 && this.freePools(previous) === count ? previous : 0;
    }
    return last;
  }

  entered(head: number): void {
    if (this.words[this.finger(1)] === 0) this.words[this.finger(1)] = head;
  }

  settle(arena: number, lastOfOldCount: number): void {
    const finger = this.finger(this.freePools(arena));
    if (this.words[finger] === 0) this.words[finger] = arena;
    if (arena !== lastOfOldCount) this.moveBehind(arena, lastOfOldCount);
  }

  private freePools(arena: number): number {
    return this.words[(arena >>> 2) + this.nfreepools]!;
  }

  private finger(count: number): number {
    return this.fingers + count * this.entryWords;
  }
}
