// The heaps that take part in the bench of several Workers. Another one is a line in this list.

import { createPyMalloc } from "@obmalloc/pymalloc";
import type { HeapCalls } from "../heap.ts";
import type { WorkerHeapSource } from "./worker-heap.ts";

/** What Workers that do not meet can do on this machine: the measure for those that do. */
const apart: WorkerHeapSource = {
  name: "pymalloc-apart",
  title: "a heap of @obmalloc/pymalloc for each Worker",
  isShared: false,
  create: () => null,
  attach() {
    const heap = createPyMalloc();
    const { memory } = heap;
    return {
      calls: heap as HeapCalls,
      words: () => memory.u32,
      footprintBytes: () => memory.byteLength,
      check: () => heap.check(),
    };
  },
};

export const workerHeaps: readonly WorkerHeapSource[] = [apart];
