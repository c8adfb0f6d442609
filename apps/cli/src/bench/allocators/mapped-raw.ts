// @obmalloc/raw-heap's allocator of one mapping per block.

import { LinearMemory, MappedRaw, PageMapper } from "@obmalloc/raw-heap";
import { type Candidate, heapEntrant } from "../entrant.ts";
import type { HeapCalls } from "../heap.ts";

export const mappedRaw: Candidate = {
  name: "mapped-raw",
  title: "@obmalloc/raw-heap, a mapping for each block",
  origin: "ours",
  async prepare() {
    return heapEntrant({ name: this.name, create });
  },
};

function create() {
  const memory = new LinearMemory();
  const calls = new MappedRaw({ mapper: PageMapper.create(memory) }) as HeapCalls;
  return { calls, words: () => memory.u32, footprintBytes: () => memory.byteLength };
}
