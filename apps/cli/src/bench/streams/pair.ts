// W2 and W2b: malloc and free at once, with nothing else in the heap, or with a few blocks around.

import type { StreamKind, StreamScale } from "./kind.ts";
import { Random } from "./random.ts";
import { StreamBuilder } from "./stream.ts";

export const pairOnEmpty: StreamKind = {
  name: "W2",
  title: "malloc and free at once, empty heap",
  operation: "a pair: malloc and free",
  defaults: { live: 0, operations: 1_000_000, sizes: { min: 1, max: 512 } },
  make: (scale) => makePairs("W2", scale),
};

export const pairAmongLive: StreamKind = {
  name: "W2b",
  title: "malloc and free at once, among live blocks",
  operation: "a pair: malloc and free",
  defaults: { live: 1000, operations: 1_000_000, sizes: { min: 1, max: 512 } },
  make: (scale) => makePairs("W2b", scale),
};

function makePairs(name: string, { seed, live, operations, sizes }: StreamScale & { seed: number }) {
  const random = new Random(seed);
  const stream = new StreamBuilder(live + 1);
  const size = () => random.between(sizes.min, sizes.max);
  for (let slot = 1; slot <= live; slot++) stream.malloc(slot, size());
  stream.endSetup();
  for (let i = 0; i < operations; i++) stream.pair(0, size());
  return stream.finish(name);
}
