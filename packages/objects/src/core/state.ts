// What the parts of the runtime share: profile, layouts, memory, allocators.

import type { ObjectLayouts, Profile } from "@obmalloc/abi";
import type { Domains } from "./domains.ts";
import type { ObjectMemory } from "./memory.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { StaticMemory } from "./static-memory.ts";

/** What every part of the runtime is made from. */
export interface Ground {
  readonly profile: Profile;
  readonly layouts: ObjectLayouts;
  readonly memory: ObjectMemory;
  readonly domains: Domains;
  readonly index: ObjectIndex;
  readonly statics: StaticMemory;
}
