// @obmalloc/raw-heap with its default policy.

import { type Candidate, heapEntrant } from "../entrant.ts";
import type { HeapCalls, HeapSource } from "../heap.ts";
import { importCopy } from "../module-copy.ts";

export const rawHeap: Candidate = {
  name: "raw-heap",
  title: "@obmalloc/raw-heap, default policy",
  origin: "ours",
  prepare: async () => heapEntrant(load),
};

async function load(): Promise<HeapSource> {
  const url = import.meta.resolve("@obmalloc/raw-heap");
  const { LinearMemory, RawHeap } = await importCopy<typeof import("@obmalloc/raw-heap")>(url);
  const create = () => {
    const memory = new LinearMemory();
    const calls = RawHeap.create(memory) as HeapCalls;
    return { calls, words: () => memory.u32, footprintBytes: () => memory.byteLength };
  };
  return { name: rawHeap.name, create };
}
