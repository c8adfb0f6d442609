// The heaps that take part in the bench of several Workers. Another one is a line in this list.

import { createSharedDomains, type DomainsHandle, joinDomains, type ThreadsMode } from "@obmalloc/domains";
import { createPyMalloc } from "@obmalloc/pymalloc";
import { LinearMemory, RawHeap } from "@obmalloc/raw-heap";
import type { HeapCalls } from "../heap.ts";
import type { WorkerHeap, WorkerHeapSource } from "./worker-heap.ts";

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

/** The mem domain that Workers share. With a GIL they give it up between calls when it is asked for, as CPython does. */
function domains(threads: ThreadsMode, title: string): WorkerHeapSource {
  return {
    name: `domains-${threads}`,
    title,
    isShared: true,
    create() {
      const { memory, handle } = createSharedDomains({ threads });
      memory.detach();
      return handle;
    },
    attach: (handle) => attachDomains(handle as DomainsHandle),
  };
}

function attachDomains(handle: DomainsHandle): WorkerHeap {
  const { mem, gil, linear, check } = joined(handle);
  const words = () => allWords(linear);
  const common = { words, footprintBytes: () => linear.byteLength };
  if (handle.threads === "own-heaps") return { ...common, calls: mem as HeapCalls, check };
  const calls: HeapCalls = {
    malloc(sizeBytes) {
      gil.checkpoint();
      return mem.malloc(sizeBytes);
    },
    realloc(p, sizeBytes) {
      gil.checkpoint();
      return mem.realloc(p as never, sizeBytes);
    },
    free(p) {
      gil.checkpoint();
      mem.free(p as never);
    },
  };
  return { ...common, calls, check: () => gil.run(check), during: (action) => gil.run(action) };
}

function joined(handle: DomainsHandle) {
  const memory = joinDomains(handle);
  const { mem, gil, linear } = memory;
  return { mem, gil, linear, check: () => memory.check() };
}

type Source = LinearMemory["source"];

/** With what the other Workers have grown. */
function allWords(memory: LinearMemory): Uint32Array {
  memory.reach(memory.maxBytes - 1);
  return memory.u32;
}

/** One heap for all, with a lock and a cache for each. */
const rawHeapShared: WorkerHeapSource = {
  name: "raw-heap-shared",
  title: "one heap of @obmalloc/raw-heap for all, shared and locked",
  isShared: true,
  create() {
    const memory = new LinearMemory({ shared: true });
    RawHeap.create(memory, { name: "bench" });
    return memory.source;
  },
  attach(handle) {
    const memory = new LinearMemory({ source: handle as Source });
    const heap = RawHeap.attach(memory);
    return {
      calls: heap as HeapCalls,
      words: () => allWords(memory),
      footprintBytes: () => heap.footprintBytes,
      check: () => heap.check(),
    };
  },
};

export const workerHeaps: readonly WorkerHeapSource[] = [
  apart,
  rawHeapShared,
  domains("gil", "the mem domain of @obmalloc/domains, shared, under the GIL"),
  domains("own-heaps", "the same without a GIL: a pymalloc for each Worker (ours)"),
];
