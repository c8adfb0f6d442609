// What is behind the mem and obj domains: one pymalloc for everybody who holds the GIL, or one for each thread.

import { type BlockAddress, type Profile, type RawAddress, rawAddress } from "@obmalloc/abi";
import { type ArenaAllocator, attachPyMalloc, createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import type { LinearMemory, RawAllocator } from "@obmalloc/raw-heap";
import type { Calls } from "./calls.ts";
import { domainsState } from "./state-layout.ts";
import { ThreadHeapCalls } from "./threads/thread-heap-calls.ts";
import { ThreadHeaps } from "./threads/thread-heaps.ts";

/**
 * How threads share the domains. "gil": as CPython's do, one heap and one lock that its user holds. "own-heaps" is ours: no
 * lock, and a pymalloc for each thread.
 */
export type ThreadsMode = "gil" | "own-heaps";

export interface ObjectEngine {
  readonly calls: Calls<BlockAddress>;
  /** What its allocator is called. */
  readonly name: string;
  /** The one that this thread allocates from. */
  readonly pymalloc: PyMalloc;
  /** Those of all threads; of use while no other thread allocates. */
  all(): readonly PyMalloc[];
  /** Blocks in use, of all threads. */
  countBlocks(): number;
  /** Blocks that are free, but that no pymalloc has taken back yet. */
  returning(): ReadonlySet<number>;
  /** This thread does not need it any more. */
  leave(): void;
}

export interface ObjectEngineOptions {
  readonly mode: ThreadsMode;
  readonly profile: Profile;
  readonly linear: LinearMemory;
  readonly raw: RawAllocator;
  readonly arenas: ArenaAllocator;
  /** Of the `domainsState`, which says what is there already. */
  readonly stateAddress: RawAddress;
}

/** @throws {OutOfMemoryError} when there is no room for its state. */
export function objectEngine(options: ObjectEngineOptions): ObjectEngine {
  return options.mode === "gil" ? commonHeap(options) : ownHeap(options);
}

/** Who takes the GIL looks whether the memory has grown. */
function commonHeap({ profile, linear, raw, arenas, stateAddress }: ObjectEngineOptions): ObjectEngine {
  const word = (stateAddress + domainsState(profile).offsets.pymalloc) >>> 2;
  const address = linear.u32[word]!;
  const pymalloc =
    address === 0
      ? createPyMalloc({ memory: linear, profile, raw, arenas, watching: false })
      : attachPyMalloc({ memory: linear, raw, arenas, address: rawAddress(address), watching: false });
  linear.u32[word] = pymalloc.address;
  return {
    calls: pymalloc,
    name: "pymalloc",
    pymalloc,
    all: () => [pymalloc],
    countBlocks: () => pymalloc.getAllocatedBlocks(),
    returning: () => new Set(),
    leave() {},
  };
}

function ownHeap(options: ObjectEngineOptions): ObjectEngine {
  const heaps = new ThreadHeaps(options);
  const own = heaps.take();
  const calls = new ThreadHeapCalls(heaps, own);
  return {
    calls,
    name: "pymalloc, one for each thread (ours)",
    pymalloc: own.pymalloc,
    all: () => heaps.all(own),
    countBlocks: () => heaps.countBlocks(own),
    returning: () => heaps.returning(),
    leave() {
      calls.takeBack();
      heaps.leave(own);
    },
  };
}
