// @obmalloc/domains: what a domain costs in front of pymalloc, and what is put around it; on request.

import { type Candidate, heapEntrant } from "../entrant.ts";
import type { HeapCalls, HeapSource } from "../heap.ts";
import { importCopy } from "../module-copy.ts";

type DomainsModule = typeof import("@obmalloc/domains");

interface Variant {
  readonly name: string;
  readonly title: string;
  readonly environment?: { readonly PYTHONMALLOC: string };
  /** Traced by tracemalloc, with a stack of one frame that is always the same. */
  readonly isTraced?: boolean;
}

const variants: readonly Variant[] = [
  { name: "domains", title: "the mem domain of @obmalloc/domains, nothing around it" },
  {
    name: "domains-debug",
    title: "the same with debug hooks",
    environment: { PYTHONMALLOC: "pymalloc_debug" },
  },
  { name: "domains-tracemalloc", title: "the same traced, one frame, always the same", isTraced: true },
];

/** Each with what is around the domain. */
export const domainsCandidates: readonly Candidate[] = variants.map((variant) => ({
  name: variant.name,
  title: variant.title,
  origin: "ours",
  isOnRequest: true,
  prepare: async () => heapEntrant(() => load(variant)),
}));

async function load({ name, environment, isTraced = false }: Variant): Promise<HeapSource> {
  const { createDomains } = await importCopy<DomainsModule>(import.meta.resolve("@obmalloc/domains"));
  const stack = Object.freeze({ frames: [{ filename: "bench.py", lineno: 1 }], totalFrames: 1 });
  const create = () => {
    const frames = { capture: () => stack };
    const memory = createDomains(environment === undefined ? { frames } : { frames, environment });
    if (isTraced) memory.tracemalloc.start(1);
    const { linear } = memory;
    return {
      calls: memory.mem as HeapCalls,
      words: () => linear.u32,
      footprintBytes: () => linear.byteLength,
    };
  };
  return { name, create };
}
