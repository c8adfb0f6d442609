// @thi.ng/malloc: a first-fit allocator in TypeScript over an ArrayBuffer, with linked lists that it searches from the start.

import { type Candidate, heapEntrant } from "../entrant.ts";
import type { HeapDemand, HeapSource } from "../heap.ts";
import { importCopy } from "../module-copy.ts";
import { packageUrl } from "./npm-package.ts";

const BLOCK_OVERHEAD_BYTES = 32;

export const thing: Candidate = {
  name: "thi.ng",
  title: "@thi.ng/malloc, JavaScript",
  origin: "npm",
  searches: "blocks",
  async prepare() {
    const url = packageUrl("@thi.ng/malloc");
    return heapEntrant(() => load(url));
  },
};

async function load(url: string): Promise<HeapSource> {
  const { MemPool } = await importCopy<typeof import("@thi.ng/malloc")>(url);
  const create = (demand: HeapDemand) => {
    const calls = new MemPool({ size: poolBytes(demand) });
    const words = new Uint32Array(calls.buf);
    // It cannot grow: what it would need of a memory that can is how far it has come.
    const footprintBytes = () => calls.stats().top;
    return { calls, words: () => words, footprintBytes };
  };
  return { name: thing.name, create, isDisposable: true };
}

/** Room in plenty, since it loses blocks that are resized. */
function poolBytes({ liveBytesAtPeak, slotCount }: HeapDemand): number {
  return Math.min(8 * (liveBytesAtPeak + slotCount * BLOCK_OVERHEAD_BYTES) + 2 ** 22, 2 ** 31);
}
