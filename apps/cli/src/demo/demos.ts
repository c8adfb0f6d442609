// All demos. Another one is a file of its own, and an entry in this list.

import type { Demo } from "./demo.ts";

export const demos: readonly Demo[] = [
  {
    name: "toy-allocator",
    description: "the allocator that people write first, over 1024 bytes, beside a real one",
    load: async () => (await import("./raw-heap/toy-allocator.ts")).toyAllocatorDemo,
  },
  {
    name: "pools",
    description: "a pool's life: carve, fill, free, reuse in reverse order",
    load: async () => (await import("./pymalloc/pools.ts")).poolsDemo,
  },
  {
    name: "arenas",
    description: "how one survivor keeps an arena, and what re-homing does",
    load: async () => (await import("./pymalloc/arenas.ts")).arenasDemo,
  },
  {
    name: "realloc",
    description: "the 3/4 rule: when a block stays, when it moves",
    load: async () => (await import("./pymalloc/realloc.ts")).reallocDemo,
  },
  {
    name: "size-class-collision",
    description: "one script on 3.7 and 3.8: which objects share a pool decides what stays",
    load: async () => (await import("./pymalloc/size-class-collision.ts")).sizeClassCollisionDemo,
  },
  {
    name: "domains",
    description: "three domains, one heap: who serves what, and PYTHONMALLOC",
    load: async () => (await import("./domains/domains.ts")).domainsDemo,
  },
  {
    name: "custom-allocator",
    description: "get, wrap, set, use, put back an allocator",
    load: async () => (await import("./domains/custom-allocator.ts")).customAllocatorDemo,
  },
  {
    name: "debug-hooks",
    description: "break a heap in six ways, and read what CPython says",
    load: async () => (await import("./domains/debug-hooks.ts")).debugHooksDemo,
  },
  {
    name: "gil",
    description: "real Workers on one heap, with the lock and without it",
    load: async () => (await import("./domains/gil.ts")).gilDemo,
  },
  {
    name: "tracemalloc",
    description: "find the line of a JavaScript program that leaks",
    load: async () => (await import("./domains/tracemalloc.ts")).tracemallocDemo,
  },
  {
    name: "refcount",
    description: "what adds a reference, what takes one away, and what happens at zero",
    load: async () => (await import("./objects/refcount.ts")).refcountDemo,
  },
  {
    name: "cycles",
    description: "how the collector finds a cycle, phase by phase, on five objects",
    load: async () => (await import("./objects/cycles.ts")).cyclesDemo,
  },
  {
    name: "finalizers",
    description: "__del__, resurrection, errors, and why tp_del is gone",
    load: async () => (await import("./objects/finalizers.ts")).finalizersDemo,
  },
  {
    name: "weakrefs",
    description: "references that do not count, and their callbacks",
    load: async () => (await import("./objects/weakrefs.ts")).weakrefsDemo,
  },
  {
    name: "generators",
    description: "a list of all items against a generator: bytes and peak",
    load: async () => (await import("./objects/generators.ts")).generatorsDemo,
  },
  {
    name: "data-structures",
    description: "the same three numbers in seven containers: bytes, and where they lie",
    load: async () => (await import("./objects/data-structures.ts")).dataStructuresDemo,
  },
  {
    name: "manual-gc",
    description: "thresholds, freezing, collecting by hand: collections and pauses",
    load: async () => (await import("./objects/manual-gc.ts")).manualGcDemo,
  },
  {
    name: "churn",
    description: "how long objects live, and what that does to arenas",
    load: async () => (await import("./objects/churn.ts")).churnDemo,
  },
];
