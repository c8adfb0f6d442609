// The bump policy: a pointer that goes up. Nothing is found again, but for what is freed at the very end, so that a heap
// whose blocks are freed in the reverse order of their making, or all of them, begins anew.

import type { RawAddress } from "@obmalloc/abi";
import type { ChunkIndexes } from "../heap/check-tagged.ts";
import { TaggedHeap } from "../heap/tagged-heap.ts";
import type { PageMapper } from "../memory/page-mapper.ts";

export class BumpHeap extends TaggedHeap {
  constructor(mapper: PageMapper, stateAddress: RawAddress) {
    super(mapper, "bump", stateAddress);
  }

  protected override insertFree(): void {}

  protected override removeFree(): void {}

  protected override takeFree(): number {
    return 0;
  }

  /** Free chunks are in no list: the walk over them is all there is. */
  protected override indexes(): ChunkIndexes {
    const listed = function* (heap: BumpHeap) {
      for (const { state, address } of heap.chunks()) {
        if (state === "free") yield { p: address, list: "the heap", fits: () => true };
      }
    };
    return { free: () => listed(this), kept: () => [] };
  }
}
