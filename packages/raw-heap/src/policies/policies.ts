// All policies in one list. A heap's state names its policy by the index here: new ones go to the end.

import type { RawAddress } from "@obmalloc/abi";
import { MIN_CHUNK_BYTES, SEGMENT_OVERHEAD_BYTES } from "../heap/chunk-layout.ts";
import type { Heap } from "../heap/heap.ts";
import type { PolicyName } from "../heap/heap-snapshot.ts";
import type { TaggedHeap } from "../heap/tagged-heap.ts";
import type { PageMapper } from "../memory/page-mapper.ts";
import { AddressOrderedHeap, type SearchPolicy } from "./address-ordered-heap.ts";
import { BuddyHeap } from "./buddy-heap.ts";
import { MIN_BLOCK_BYTES } from "./buddy-layout.ts";
import { BumpHeap } from "./bump-heap.ts";
import { ByteMapHeap } from "./byte-map-heap.ts";
import { DefaultHeap } from "./default-heap.ts";

/** One way to run a heap. */
export interface HeapPolicy<H extends Heap = Heap> {
  readonly name: PolicyName;
  /** The smallest heap of fixed size. */
  readonly minFixedBytes: number;
  /** A heap whose state lies at `stateAddress`. */
  attach(mapper: PageMapper, stateAddress: RawAddress): H;
  /** Prepares a new one, all of whose state but the header is 0. False when there is no room. */
  start(heap: H, fixedBytes: number | undefined): boolean;
}

function tagged(
  name: PolicyName,
  attach: (mapper: PageMapper, stateAddress: RawAddress) => TaggedHeap,
): HeapPolicy<TaggedHeap> {
  return {
    name,
    minFixedBytes: SEGMENT_OVERHEAD_BYTES + MIN_CHUNK_BYTES,
    attach,
    start: (heap, fixedBytes) => heap.start(fixedBytes),
  };
}

const searching = (name: SearchPolicy) =>
  tagged(name, (mapper, state) => new AddressOrderedHeap(mapper, name, state));

const buddy: HeapPolicy<BuddyHeap> = {
  name: "buddy",
  minFixedBytes: MIN_BLOCK_BYTES,
  attach: (mapper, state) => new BuddyHeap(mapper, state),
  start: (heap, fixedBytes) =>
    fixedBytes === undefined || heap.addRegion(Math.floor(Math.log2(fixedBytes)), true),
};

const byteMap: HeapPolicy<ByteMapHeap> = {
  name: "byte-map",
  minFixedBytes: 1,
  attach: (mapper, state) => new ByteMapHeap(mapper, state),
  start: (heap, fixedBytes) => heap.start(fixedBytes ?? 1024),
};

export const policies: readonly HeapPolicy[] = Object.freeze([
  tagged("default", (mapper, state) => new DefaultHeap(mapper, state)),
  searching("first-fit"),
  searching("next-fit"),
  searching("best-fit"),
  buddy,
  tagged("bump", (mapper, state) => new BumpHeap(mapper, state)),
  byteMap,
] as HeapPolicy[]);
