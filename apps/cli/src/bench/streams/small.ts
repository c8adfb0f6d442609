// W1: many small blocks, each replaced at a random moment.

import type { StreamKind } from "./kind.ts";
import { Random } from "./random.ts";
import { StreamBuilder } from "./stream.ts";

export const small: StreamKind = {
  name: "W1",
  title: "small blocks, replaced at random",
  operation: "a replacement: free and malloc",
  defaults: { live: 100_000, operations: 1_000_000, sizes: { min: 1, max: 512 } },
  make({ seed, live, operations, sizes }) {
    const random = new Random(seed);
    const stream = new StreamBuilder(live);
    const size = () => random.between(sizes.min, sizes.max);
    for (let slot = 0; slot < live; slot++) stream.malloc(slot, size());
    stream.endSetup();
    for (let i = 0; i < operations; i++) stream.replace(random.below(live), size());
    return stream.finish(this.name);
  },
};
