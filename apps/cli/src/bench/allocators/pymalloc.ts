// @obmalloc/pymalloc, as createPyMalloc puts it together.

import { type Candidate, heapEntrant } from "../entrant.ts";
import type { HeapCalls, HeapSource } from "../heap.ts";
import { importCopy } from "../module-copy.ts";

export const pymalloc: Candidate = {
  name: "pymalloc",
  title: "@obmalloc/pymalloc, CPython 3.13, lp64",
  origin: "ours",
  prepare: async () => heapEntrant(load),
};

async function load(): Promise<HeapSource> {
  const url = import.meta.resolve("@obmalloc/pymalloc");
  const { createPyMalloc } = await importCopy<typeof import("@obmalloc/pymalloc")>(url);
  const create = () => {
    const calls = createPyMalloc();
    const { memory } = calls;
    return {
      calls: calls as HeapCalls,
      words: () => memory.u32,
      footprintBytes: () => memory.byteLength,
    };
  };
  return { name: pymalloc.name, create };
}
