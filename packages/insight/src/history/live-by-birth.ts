// The live blocks of some stacks in the order of their births, in columns: there may be millions.

import type { HistoryMachine } from "./history-machine.ts";

/** Blocks in pools, oldest first. */
export interface BlocksByBirth {
  /** Linear addresses. */
  readonly addresses: Uint32Array;
  readonly sizes: Uint16Array;
}

/**
 * All of them are looked at once, for all groups.
 *
 * @param groupOf by stack id: the number of the group that its blocks are wanted in, from 1; 0 where they are not wanted.
 */
export function liveByBirth(machine: HistoryMachine, groupOf: Uint8Array, groups: number): BlocksByBirth[] {
  const { live, arenas, profile, byStack } = machine;
  const counts = new Uint32Array(groups + 1);
  for (let stack = 0; stack < groupOf.length; stack++) counts[groupOf[stack]!]! += byStack[stack * 2 + 1]!;
  counts[0] = 0;
  const columns = Array.from(counts, (count) => ({
    addresses: new Uint32Array(count),
    births: new Uint32Array(count),
    sizes: new Uint16Array(count),
    filled: 0,
  }));
  const take = (record: number, address: number) => {
    const group = groupOf[live.stackOf(record)]!;
    if (group === 0) return;
    const column = columns[group]!;
    const at = column.filled++;
    column.addresses[at] = address;
    column.births[at] = machine.birthOf(record);
    column.sizes[at] = live.sizeOf(record);
  };
  for (const { linear } of arenas.all()) live.each(linear, linear + profile.pymalloc.arenaBytes, take);
  return columns.slice(1).map(({ addresses, births, sizes }) => inOrder(ascending(births), addresses, sizes));
}

function inOrder(order: Uint32Array, addresses: Uint32Array, sizes: Uint16Array): BlocksByBirth {
  const ordered = { addresses: new Uint32Array(order.length), sizes: new Uint16Array(order.length) };
  for (let index = 0; index < order.length; index++) {
    ordered.addresses[index] = addresses[order[index]!]!;
    ordered.sizes[index] = sizes[order[index]!]!;
  }
  return ordered;
}

/** More digits at a time would leave the processor's cache. */
const DIGIT_BITS_MAX = 12;

/** The indexes of `keys` in the order of the keys: a radix sort, lowest digit first, with as few passes as the largest key needs. */
function ascending(keys: Uint32Array): Uint32Array {
  let order = new Uint32Array(keys.length);
  let largest = 0;
  for (let index = 0; index < order.length; index++) {
    order[index] = index;
    if (keys[index]! > largest) largest = keys[index]!;
  }
  const keyBits = Math.max(1, 32 - Math.clz32(largest));
  const digitBits = Math.ceil(keyBits / Math.ceil(keyBits / DIGIT_BITS_MAX));
  const mask = (1 << digitBits) - 1;
  for (let shift = 0; shift < keyBits; shift += digitBits) {
    const starts = new Uint32Array(mask + 2);
    for (let index = 0; index < keys.length; index++) starts[((keys[index]! >>> shift) & mask) + 1]!++;
    for (let digit = 0; digit <= mask; digit++) starts[digit + 1]! += starts[digit]!;
    const sorted = new Uint32Array(keys.length);
    for (let at = 0; at < order.length; at++) {
      const index = order[at]!;
      sorted[starts[(keys[index]! >>> shift) & mask]!++] = index;
    }
    order = sorted;
  }
  return order;
}
