// @obmalloc/raw-heap: its default policy, and on request those that are there to be compared with it.

import { type Candidate, heapEntrant } from "../entrant.ts";
import type { HeapCalls, HeapDemand, HeapSource } from "../heap.ts";
import { importCopy } from "../module-copy.ts";

type RawHeapModule = typeof import("@obmalloc/raw-heap");
type PolicyName = import("@obmalloc/raw-heap").PolicyName;

/** For each block of a heap of fixed size, beside what it holds. */
const BLOCK_OVERHEAD_BYTES = 32;

export const rawHeap: Candidate = {
  name: "raw-heap",
  title: "@obmalloc/raw-heap",
  origin: "ours",
  prepare: async () => heapEntrant(() => load("default")),
};

const policy = (name: PolicyName, searches?: Candidate["searches"]): Candidate => ({
  name,
  title: `@obmalloc/raw-heap, ${name}`,
  origin: "ours",
  isOnRequest: true,
  ...(searches === undefined ? {} : { searches }),
  prepare: async () => heapEntrant(async () => ({ ...(await load(name)), isDisposable: true })),
});

export const rawHeapPolicies: readonly Candidate[] = [
  policy("first-fit", "blocks"),
  policy("next-fit", "blocks"),
  policy("best-fit", "blocks"),
  policy("buddy"),
  policy("bump"),
  policy("byte-map", "bytes"),
];

/** With a lock, as Workers share it, and only one of them. */
export const rawHeapShared: Candidate = {
  name: "raw-heap-shared",
  title: "@obmalloc/raw-heap, shared and locked",
  origin: "ours",
  isOnRequest: true,
  prepare: async () => heapEntrant(loadShared),
};

async function loadShared(): Promise<HeapSource> {
  const { LinearMemory, RawHeap } = await importCopy<RawHeapModule>(
    import.meta.resolve("@obmalloc/raw-heap"),
  );
  const create = () => {
    const memory = new LinearMemory({ shared: true });
    const calls = RawHeap.create(memory);
    return { calls: calls as HeapCalls, words: () => memory.u32, footprintBytes: () => memory.byteLength };
  };
  return { name: rawHeapShared.name, create };
}

async function load(name: PolicyName): Promise<HeapSource> {
  const { LinearMemory, RawHeap } = await importCopy<RawHeapModule>(
    import.meta.resolve("@obmalloc/raw-heap"),
  );
  const create = ({ liveBytesAtPeak, slotCount }: HeapDemand) => {
    const memory = new LinearMemory();
    const fixedBytes = 2 * (liveBytesAtPeak + slotCount * BLOCK_OVERHEAD_BYTES);
    const calls = RawHeap.create(memory, { policy: name, ...(name === "byte-map" ? { fixedBytes } : {}) });
    return { calls: calls as HeapCalls, words: () => memory.u32, footprintBytes: () => memory.byteLength };
  };
  return { name: name === "default" ? rawHeap.name : name, create };
}
