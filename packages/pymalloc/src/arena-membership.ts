// What the engine asks of the structure that knows its arenas.

import type { Profile, RawAddress } from "@obmalloc/abi";
import type { LinearMemory, RawAllocator } from "@obmalloc/raw-heap";

/** Knows which addresses belong to arenas. */
export interface ArenaMembership {
  /** Whether `p` lies in an arena (`address_in_range`). */
  contains(p: number): boolean;
  /** Learns of a new arena; false when there is no memory to remember it. */
  mark(base: number): boolean;
  /** Forgets an arena that is about to be given back. */
  unmark(base: number): void;
}

/** What an {@link ArenaMembership} is made from. */
export interface MembershipOptions {
  readonly memory: LinearMemory;
  readonly profile: Profile;
  /** Gives the nodes of the radix tree. */
  readonly raw: RawAllocator;
  /** Where `struct _obmalloc_state` lies. */
  readonly stateAddress: RawAddress;
}
