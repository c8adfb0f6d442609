// The allocator's static variables as one struct in linear memory, so that copying bytes copies the allocator.

import {
  arenaCoverage,
  array,
  maxPoolsInArena,
  type Profile,
  roundUp,
  sizeClassCount,
  struct,
} from "@obmalloc/abi";

/**
 * `struct _obmalloc_state`: everything pymalloc keeps outside its arenas.
 *
 *      ┌────────────────────────┬────────┬───────────┬──────────────────────┬───────────────┬──────────────┐
 *      │ used[2 * classes]      │ arenas │ maxarenas │ unused_arena_objects │ usable_arenas │ nfp2lasta[65]│
 *      ├────────────────────────┴──────┬─┴───────────┴─────────┬────────────┴──────┬────────┴──────────────┤
 *      │ narenas_currently_allocated   │ ntimes_arena_allocated│ narenas_highwater │ raw_allocated_blocks  │
 *      ├───────────────────────────────┴──────────┬────────────┴─────────┬─────────┴─────────────┬─────────┘
 *      │ arena_map_root[2^root bits]              │ arena_map_mid_count  │ arena_map_bot_count   │
 *      └──────────────────────────────────────────┴──────────────────────┴───────────────────────┘
 *
 * `used` is rounded up to a multiple of 16 entries. Entries 2i and 2i+1 are the `nextpool` and `prevpool` of a
 * pool header that does not exist, the anchor of the ring of used pools of class i: it would start two pointers
 * before entry 2i. `nfp2lasta` is there with the order "fingers" (3.8 on), `arena_map_*` with a radix tree
 * (3.10 on); on ilp32 the root is the leaf.
 *
 * Up to 3.11 these are separate static variables; their order in one struct is that of 3.12 on.
 * @see CPython 3.13 Include/internal/pycore_obmalloc.h, before 3.12 Objects/obmalloc.c
 */
export function obmallocState(profile: Profile) {
  const { arenaLookup, usableArenasOrder } = profile.pymalloc;
  const radix = arenaLookup.kind === "radix";
  const interior = radix && arenaLookup.rootBits > 0;
  return struct(profile.model, {
    used: array("ptr", 2 * roundUp(sizeClassCount(profile), 8)),
    arenas: "ptr",
    maxarenas: "u32",
    unused_arena_objects: "ptr",
    usable_arenas: "ptr",
    nfp2lasta: array("ptr", usableArenasOrder === "fingers" ? maxPoolsInArena(profile) + 1 : 0),
    narenas_currently_allocated: "size",
    ntimes_arena_allocated: "size",
    narenas_highwater: "size",
    raw_allocated_blocks: "ssize",
    arena_map_root: interior
      ? array("ptr", 2 ** arenaLookup.rootBits)
      : array(arenaCoverage(profile.model), radix ? 2 ** arenaLookup.leafBits : 0),
    arena_map_mid_count: array("i32", interior ? 1 : 0),
    arena_map_bot_count: array("i32", interior ? 1 : 0),
  });
}
