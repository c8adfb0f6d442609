// The invariants of a buddy heap, verified from its bytes.

import { formatAddress, type Violation } from "@obmalloc/abi";
import type { LinearMemory } from "../memory/linear-memory.ts";
import {
  type BuddyRegion,
  FREE_BLOCK,
  LIVE_BLOCK,
  MIN_BLOCK_BYTES,
  MIN_ORDER,
  ORDER_MASK,
} from "./buddy-layout.ts";

/** `lists` are the first free blocks by order. */
export function checkBuddyHeap(
  memory: LinearMemory,
  regions: readonly BuddyRegion[],
  lists: readonly number[],
): Violation[] {
  const violations: Violation[] = [];
  const report = (rule: string, address: number, message: string) => {
    violations.push(Object.freeze({ rule, address, message }));
  };
  const free = new Map<number, number>();
  for (const region of regions) checkRegion(memory, region, free, report);
  for (const [order, first] of lists.entries()) {
    let previous = 0;
    for (let p = first; p !== 0; p = memory.u32[p / 4] ?? 0) {
      if (free.get(p) !== order) {
        report(
          "list",
          p,
          `The list of order ${order} leads to ${formatAddress(p)}: not free there, or met before.`,
        );
        break;
      }
      if (memory.u32[p / 4 + 1] !== previous)
        report("list", p, `The block at ${formatAddress(p)} has a wrong link back.`);
      free.delete(p);
      previous = p;
    }
  }
  for (const p of free.keys()) report("list", p, `The free block at ${formatAddress(p)} is in no list.`);
  return violations;
}

/** The blocks tile the region, each at a multiple of its size, and no two free buddies are unmerged. */
function checkRegion(
  memory: LinearMemory,
  { base, order, map }: BuddyRegion,
  free: Map<number, number>,
  report: (rule: string, address: number, message: string) => void,
): void {
  const end = base + 2 ** order;
  let p = base;
  while (p < end) {
    const at = map + (p - base) / MIN_BLOCK_BYTES;
    const mark = memory.u8[at]!;
    const size = mark & ORDER_MASK;
    const state = mark & ~ORDER_MASK;
    const offset = p - base;
    if (
      (state !== LIVE_BLOCK && state !== FREE_BLOCK) ||
      size < MIN_ORDER ||
      size > order ||
      offset % 2 ** size !== 0
    ) {
      report(
        "map",
        at,
        `The map's byte for ${formatAddress(p)} is 0x${mark.toString(16)}: no block can begin there so.`,
      );
      return;
    }
    const insides = memory.u8.subarray(at + 1, at + 2 ** size / MIN_BLOCK_BYTES);
    const stray = insides.findIndex((byte) => byte !== 0);
    if (stray >= 0)
      report("map", at + 1 + stray, `The map has a mark inside the block at ${formatAddress(p)}.`);
    if (state === FREE_BLOCK) {
      free.set(p, size);
      const buddy = base + (offset ^ (2 ** size));
      if (size < order && buddy < p && free.get(buddy) === size) {
        report(
          "merge",
          p,
          `The free buddies at ${formatAddress(buddy)} and ${formatAddress(p)} are not merged.`,
        );
      }
    }
    p += 2 ** size;
  }
}
