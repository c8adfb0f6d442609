// W3: blocks of all sizes, most of them small, replaced or resized at random.

import type { StreamKind } from "./kind.ts";
import { Random } from "./random.ts";
import { StreamBuilder } from "./stream.ts";

const MEDIUM_MAX_BYTES = 32 * 1024;
const LARGE_MAX_BYTES = 1024 * 1024;
/** Of 1000 blocks, so many are small, and so many small or medium. */
const SMALL_OF_1000 = 900;
const MEDIUM_OF_1000 = 999;
const REALLOCS_OF_100 = 20;

export const mixed: StreamKind = {
  name: "W3",
  title: "90% small, 9.9% to 32 KiB, 0.1% to 1 MiB, 20% reallocs",
  operation: "a realloc, or a replacement: free and malloc",
  defaults: { live: 20_000, operations: 1_000_000, sizes: { min: 1, max: 512 } },
  make({ seed, live, operations, sizes }) {
    const random = new Random(seed);
    const stream = new StreamBuilder(live);
    const mediumMax = Math.max(MEDIUM_MAX_BYTES, sizes.max + 1);
    const largeMax = Math.max(LARGE_MAX_BYTES, mediumMax + 1);
    const size = () => {
      const kind = random.below(1000);
      if (kind < SMALL_OF_1000) return random.between(sizes.min, sizes.max);
      if (kind < MEDIUM_OF_1000) return random.between(sizes.max + 1, mediumMax);
      return random.between(mediumMax + 1, largeMax);
    };
    for (let slot = 0; slot < live; slot++) stream.malloc(slot, size());
    stream.endSetup();
    for (let i = 0; i < operations; i++) {
      const slot = random.below(live);
      if (random.below(100) < REALLOCS_OF_100) stream.realloc(slot, size());
      else stream.replace(slot, size());
    }
    return stream.finish(this.name);
  },
};
