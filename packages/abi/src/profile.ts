// What differs between CPython versions, as types. The values are in profiles.ts.

import type { DataModel } from "./data-model.ts";
import type { DomainsProfile } from "./domains-profile.ts";
import type { MicroVersions, ObjectProfile } from "./objects/object-profile.ts";

/** How `free` learns whether an address lies in an arena. */
export type ArenaLookup =
  /** The pool header's `arenaindex`, checked against `arenas[]` (up to 3.9). */
  | { readonly kind: "index" }
  /** A radix tree over the address space (3.10 on). */
  | {
      readonly kind: "radix";
      /** Bits of the address that select an entry of the root; 0 when the leaf is the root. */
      readonly rootBits: number;
      readonly midBits: number;
      readonly leafBits: number;
      /** High bits of a pointer that the tree does not look at. */
      readonly ignoredBits: number;
    };

/**
 * What happens to an arena whose pools are all free: it goes back to the system at once ("release-all"),
 * or it stays while it is the last of the usable arenas ("keep-last").
 */
export type EmptyArenas = "release-all" | "keep-last";

/**
 * How an arena finds its new place among the usable arenas when a pool of it becomes free: by walking to
 * the right ("linear"), or by `nfp2lasta`, the last arena for each number of free pools ("fingers").
 */
export type UsableArenasOrder = "linear" | "fingers";

/** What `sys._debugmallocstats()` prints beyond the common lines. */
export interface StatsText {
  /** Whether `# times object malloc called` is printed when the debug hooks are installed. */
  readonly objectMallocCalls: boolean;
}

/** pymalloc's constants and choices in one version and one data model. Sizes are in bytes. */
export interface PymallocProfile {
  /** Alignment of blocks and distance between size classes, a power of two. */
  readonly alignmentBytes: number;
  /** The largest request that pools serve. */
  readonly smallRequestThreshold: number;
  readonly arenaBytes: number;
  readonly poolBytes: number;
  /** Slots of `arenas[]` at its first allocation; it doubles from there. */
  readonly initialArenaObjects: number;
  readonly arenaLookup: ArenaLookup;
  readonly emptyArenas: EmptyArenas;
  readonly usableArenasOrder: UsableArenasOrder;
  readonly statsText: StatsText;
}

/** One CPython version in one data model. */
export interface Profile {
  /** Major and minor version, such as `3.12`. */
  readonly version: string;
  /** The micro versions that it is for, where they differ from the others of the version. */
  readonly micros?: MicroVersions;
  readonly model: DataModel;
  readonly pymalloc: PymallocProfile;
  readonly domains: DomainsProfile;
  readonly objects: ObjectProfile;
}
