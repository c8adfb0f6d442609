// W4 and W4b: fragmentation. Many small blocks, nine of ten freed at random, and as many of another size in their place.

import type { StreamKind, StreamScale } from "./kind.ts";
import { Random } from "./random.ts";
import { StreamBuilder } from "./stream.ts";

const FREED_OF_10 = 9;
/** The other size, by the largest of the first ones: no hole of one block is wide enough. */
const REFILL_FACTOR = 1.5;

export const fragmentation: StreamKind = {
  name: "W4",
  title: "fragmentation: fill, free a random 90%, refill with another size",
  operation: "a call: malloc or free",
  defaults: { live: 200_000, operations: 0, sizes: { min: 1, max: 256 } },
  make: (scale) => makeFragments("W4", scale),
};

export const fragmentationOfOneSize: StreamKind = {
  name: "W4b",
  title: "the same, with one size instead of a range",
  operation: "a call: malloc or free",
  defaults: { live: 200_000, operations: 0, sizes: { min: 100, max: 100 } },
  make: (scale) => makeFragments("W4b", scale),
};

function makeFragments(name: string, { seed, live, sizes }: StreamScale & { seed: number }) {
  const random = new Random(seed);
  const stream = new StreamBuilder(live);
  const order = new Uint32Array(live);
  for (let slot = 0; slot < live; slot++) {
    stream.malloc(slot, random.between(sizes.min, sizes.max));
    order[slot] = slot;
  }
  random.shuffle(order);
  const freed = order.subarray(0, Math.floor((live * FREED_OF_10) / 10));
  for (const slot of freed) stream.free(slot);
  for (const slot of freed) stream.malloc(slot, Math.ceil(sizes.max * REFILL_FACTOR));
  return stream.finish(name);
}
