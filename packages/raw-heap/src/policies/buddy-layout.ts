// What the buddy policy keeps in memory.

import { array, ilp32, struct } from "@obmalloc/abi";
import { stateHeader } from "../heap/heap-state.ts";

/** The smallest block. */
export const MIN_BLOCK_BYTES = 32;

/** Orders of blocks: a block of order n has 2^n bytes. */
export const MIN_ORDER = 5;
export const MAX_ORDER = 31;

/** The smallest region that is asked of the system; each further one is as large as all before it together. */
export const MIN_REGION_ORDER = 16;

/** Its state, in a page of its own. */
export const buddyState = struct(ilp32, {
  ...stateHeader,
  first_region: "u32",
  held_bytes: "u32", // all regions with their maps
  peak_bytes: "u32", // the largest value of held_bytes so far
  lists: array("u32", MAX_ORDER + 1), // the first free block of each order
});

/**
 * A region's record, in pages of its own: where the region is, and a byte for each 32 bytes of it.
 *
 *     0      4      8      12
 *     ┌──────┬──────┬───────┬───────────────────┐
 *     │ next │ base │ order │ map …             │   map: order of the block that begins there, with its state
 *     └──────┴──────┴───────┴───────────────────┘        in the high bits; 0 inside a block
 */
export const regionRecord = struct(ilp32, { next: "u32", base: "u32", order: "u32" });

/** States in a byte of the map; the low bits are the order. */
export const LIVE_BLOCK = 0x40;
export const FREE_BLOCK = 0x80;
export const ORDER_MASK = 0x1f;

/** Where a region and its map are. */
export interface BuddyRegion {
  readonly record: number;
  readonly base: number;
  readonly order: number;
  readonly map: number;
}
