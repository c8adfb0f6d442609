// The live blocks of some stacks in the order of their births, in columns: there may be millions.

import type { HistoryMachine } from "./history-machine.ts";

/** Blocks in pools, oldest first. */
export interface BlocksByBirth {
  /** Linear addresses. */
  readonly addresses: Uint32Array;
  readonly sizes: Uint16Array;
}

/** @param stacks one flag for each stack id: whether its blocks are wanted. */
export function liveByBirth(machine: HistoryMachine, stacks: Uint8Array): BlocksByBirth {
  const { live, arenas, profile, byStack } = machine;
  let count = 0;
  for (let stack = 0; stack < stacks.length; stack++)
    if (stacks[stack] === 1) count += byStack[stack * 2 + 1]!;
  const found = new Uint32Array(count);
  const births = new Uint32Array(count);
  const sizes = new Uint16Array(count);
  let next = 0;
  const take = (record: number, address: number) => {
    if (stacks[live.stackOf(record)] !== 1) return;
    births[next] = machine.birthOf(record);
    sizes[next] = live.sizeOf(record);
    found[next++] = address;
  };
  for (const { linear } of arenas.all()) live.each(linear, linear + profile.pymalloc.arenaBytes, take);
  const order = ascending(births);
  return {
    addresses: found.map((_, index) => found[order[index]!]!),
    sizes: sizes.map((_, index) => sizes[order[index]!]!),
  };
}

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/** The indexes of `keys` in the order of the keys: a radix sort, lowest digit first. */
function ascending(keys: Uint32Array): Uint32Array {
  let order = new Uint32Array(keys.length);
  for (let index = 0; index < order.length; index++) order[index] = index;
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    const starts = new Uint32Array(DIGITS + 1);
    for (let index = 0; index < keys.length; index++) {
      starts[((keys[index]! >>> shift) & (DIGITS - 1)) + 1]!++;
    }
    for (let digit = 0; digit < DIGITS; digit++) starts[digit + 1]! += starts[digit]!;
    const sorted = new Uint32Array(keys.length);
    for (let at = 0; at < order.length; at++) {
      const index = order[at]!;
      sorted[starts[(keys[index]! >>> shift) & (DIGITS - 1)]!++] = index;
    }
    order = sorted;
  }
  return order;
}
