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
  for (const { linear } of arenas.all()) {
    const records = live.recordsWithin(linear, linear + profile.pymalloc.arenaBytes);
    for (let index = 0; index < records.length; index++) {
      const record = records[index]!;
      const group = groupOf[live.stackOf(record)]!;
      if (group === 0) continue;
      const column = columns[group]!;
      const at = column.filled++;
      column.addresses[at] = live.addressOf(record);
      column.births[at] = machine.birthOf(record);
      column.sizes[at] = live.sizeOf(record);
    }
  }
  const now = machine.clock;
  return columns
    .slice(1)
    .map(({ addresses, births, sizes }) => inOrder(ascending(births, now), addresses, sizes));
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

/**
 * The indexes of `keys` in the order of the keys, none above `largest`: a radix sort, lowest digit first, in as few passes as that
 * needs. Each loop is a function of its own: V8 compiles a function for the loop that runs, and once more for what follows it.
 */
function ascending(keys: Uint32Array, largest: number): Uint32Array {
  const keyBits = Math.max(1, 32 - Math.clz32(largest));
  const digitBits = Math.ceil(keyBits / Math.ceil(keyBits / DIGIT_BITS_MAX));
  const mask = (1 << digitBits) - 1;
  let order = upTo(keys.length);
  for (let shift = 0; shift < keyBits; shift += digitBits) {
    const ends = new Uint32Array(mask + 1);
    countDigits(keys, shift, mask, ends);
    addUp(ends);
    order = placed(order, keys, shift, mask, ends);
  }
  return order;
}

function upTo(count: number): Uint32Array {
  const indexes = new Uint32Array(count);
  for (let index = 0; index < count; index++) indexes[index] = index;
  return indexes;
}

function countDigits(keys: Uint32Array, shift: number, mask: number, counts: Uint32Array): void {
  for (let index = 0; index < keys.length; index++) counts[(keys[index]! >>> shift) & mask]!++;
}

/** Each number becomes the sum of those up to it. */
function addUp(numbers: Uint32Array): void {
  for (let index = 1; index < numbers.length; index++) numbers[index]! += numbers[index - 1]!;
}

/** From the last on, each to the place before the end of its digit. */
function placed(
  order: Uint32Array,
  keys: Uint32Array,
  shift: number,
  mask: number,
  ends: Uint32Array,
): Uint32Array {
  const sorted = new Uint32Array(order.length);
  for (let at = order.length - 1; at >= 0; at--) {
    const index = order[at]!;
    sorted[--ends[(keys[index]! >>> shift) & mask]!] = index;
  }
  return sorted;
}
