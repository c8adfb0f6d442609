// What the parts of the runtime share: profile, layouts, memory, allocators.

import type { ObjectLayouts, Profile } from "@obmalloc/abi";
import type { ObjectMemory } from "./memory.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { StaticMemory } from "./static-memory.ts";

/** An allocator of one of CPython's domains. NULL (0) says that there is no room. */
export interface DomainAllocator {
  malloc(sizeBytes: number): number;
  calloc(nelem: number, elsize: number): number;
  realloc(address: number, sizeBytes: number): number;
  free(address: number): void;
}

/** The allocators of the three domains. All addresses are in one linear memory. */
export interface Domains {
  readonly raw: DomainAllocator;
  readonly mem: DomainAllocator;
  readonly object: DomainAllocator;
}

/** What every part of the runtime is made from. */
export interface Ground {
  readonly profile: Profile;
  readonly layouts: ObjectLayouts;
  readonly memory: ObjectMemory;
  readonly domains: Domains;
  readonly index: ObjectIndex;
  readonly statics: StaticMemory;
}
