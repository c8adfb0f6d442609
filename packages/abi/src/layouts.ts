// Structures that live in memory and that more than one package reads.

import type { DataModel } from "./data-model.ts";
import { type StructLayout, struct } from "./struct.ts";

/** Lays a struct out once for each data model, as those who look at memory ask for it again and again. */
function perModel<Layout extends StructLayout>(
  layOut: (model: DataModel) => Layout,
): (model: DataModel) => Layout {
  const known = new Map<DataModel, Layout>();
  return (model) => {
    let layout = known.get(model);
    if (layout === undefined) {
      layout = layOut(model);
      known.set(model, layout);
    }
    return layout;
  };
}

/**
 * `struct pool_header`, the first bytes of every pool (lp64: 48 bytes, ilp32: 32).
 *
 *      lp64   0          8          16         24         32       36      40          44
 *      ilp32  0          4          8          12         16       20      24          28
 *             ┌──────────┬──────────┬──────────┬──────────┬────────┬───────┬───────────┬──────────────┐
 *             │ref.count │freeblock │ nextpool │ prevpool │arena-  │ szidx │nextoffset │maxnextoffset │
 *             │          │          │          │          │index   │       │           │              │
 *             └──────────┴──────────┴──────────┴──────────┴────────┴───────┴───────────┴──────────────┘
 *
 * `ref` is a union of the count and a pointer: pointer-sized, its low word counts blocks handed out.
 * The first four fields are pointer-sized on purpose: the table of used pools relies on it.
 * @see CPython 3.13 Include/internal/pycore_obmalloc.h, before 3.12 Objects/obmalloc.c
 */
export const poolHeader = perModel((model) =>
  struct(model, {
    ref: "ptr",
    freeblock: "ptr", // head of the pool's free list; 0 when the pool is full
    nextpool: "ptr", // used: next in the ring of its class; free: next free pool of the arena
    prevpool: "ptr", // used: previous in the ring; otherwise without meaning
    arenaindex: "u32", // which slot of arenas[]
    szidx: "u32", // size class, DUMMY_SIZE_IDX until the first use
    nextoffset: "u32", // bytes from the pool to the first block never handed out
    maxnextoffset: "u32", // the largest nextoffset at which a whole block fits
  }),
);

/** `szidx` of a pool that has been carved but never used (`DUMMY_SIZE_IDX`). */
export const DUMMY_SIZE_IDX = 0xffff;

/**
 * `struct arena_object`, one slot of `arenas[]` (lp64: 48 bytes, ilp32: 28).
 *
 *      lp64   0         8              16           20           24          32          40
 *      ilp32  0         4              8            12           16          20          24
 *             ┌─────────┬──────────────┬────────────┬────────────┬───────────┬───────────┬───────────┐
 *             │ address │ pool_address │ nfreepools │ ntotalpools│ freepools │ nextarena │ prevarena │
 *             └─────────┴──────────────┴────────────┴────────────┴───────────┴───────────┴───────────┘
 *
 * @see CPython 3.13 Include/internal/pycore_obmalloc.h, before 3.12 Objects/obmalloc.c
 */
export const arenaObject = perModel((model) =>
  struct(model, {
    address: "ptr", // the arena's base; 0 while the slot has no arena
    pool_address: "ptr", // the next pool to carve, pool-aligned
    nfreepools: "u32", // pools on freepools plus pools not carved yet
    ntotalpools: "u32", // pools that fit; one less than usual when the base is not pool-aligned
    freepools: "ptr", // empty pools, linked through nextpool
    nextarena: "ptr", // next in usable_arenas, or in unused_arena_objects
    prevarena: "ptr", // previous in usable_arenas
  }),
);

/**
 * `arena_coverage_t`, what a leaf of the radix tree knows about one arena-sized region (8 bytes).
 *
 *      0         4
 *      ┌─────────┬─────────┐   tail_hi: an arena starts here at this offset; -1 when it fills the region
 *      │ tail_hi │ tail_lo │   tail_lo: an arena that started in the region before ends here
 *      └─────────┴─────────┘
 *
 * @see CPython 3.13 Include/internal/pycore_obmalloc.h
 */
export const arenaCoverage = perModel((model) => struct(model, { tail_hi: "i32", tail_lo: "i32" }));
