// @obmalloc/raw-heap's allocator of one mapping per block.

import { type Candidate, heapEntrant } from "../entrant.ts";
import type { HeapCalls, HeapSource } from "../heap.ts";
import { importCopy } from "../module-copy.ts";

export const mappedRaw: Candidate = {
  name: "mapped-raw",
  title: "@obmalloc/raw-heap, a mapping for each block",
  origin: "ours",
  prepare: async () => heapEntrant(load),
};

async function load(): Promise<HeapSource> {
  const url = import.meta.resolve("@obmalloc/raw-heap");
  const { LinearMemory, MappedRaw, PageMapper } = await importCopy<typeof import("@obmalloc/raw-heap")>(url);
  const create = () => {
    const memory = new LinearMemory();
    const calls = new MappedRaw({ mapper: PageMapper.create(memory) }) as HeapCalls;
    return { calls, words: () => memory.u32, footprintBytes: () => memory.byteLength };
  };
  return { name: mappedRaw.name, create };
}
