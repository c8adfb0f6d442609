// @obmalloc/pymalloc, as createPyMalloc puts it together.

import type { BlockAddress } from "@obmalloc/abi";
import { createPyMalloc } from "@obmalloc/pymalloc";
import { type Candidate, heapEntrant } from "../entrant.ts";
import type { HeapCalls } from "../heap.ts";

export const pymalloc: Candidate = {
  name: "pymalloc",
  title: "@obmalloc/pymalloc, CPython 3.13, lp64",
  origin: "ours",
  async prepare() {
    return heapEntrant({ name: this.name, create });
  },
};

function create() {
  const calls = createPyMalloc();
  const { memory } = calls;
  return {
    calls: calls as HeapCalls & { free(address: BlockAddress): void },
    words: () => memory.u32,
    footprintBytes: () => memory.byteLength,
  };
}
