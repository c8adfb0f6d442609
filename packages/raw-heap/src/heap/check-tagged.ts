// The invariants of a heap with boundary tags, verified from its bytes. No walk is longer than the heap has chunks.

import { formatAddress, type Violation } from "@obmalloc/abi";
import {
  FIRST_BLOCK_BYTES,
  HEADER_BYTES,
  heapState,
  MAPPED_OVERHEAD_BYTES,
  PREVIOUS_FREE,
} from "./chunk-layout.ts";
import {
  mappedBlocksOf,
  type Segment,
  segmentChunks,
  type TaggedHeapView,
  type WalkedChunk,
} from "./walk-tagged.ts";

/** An entry of a policy's lists. */
export interface ListedChunk {
  readonly p: number;
  /** The list, for messages. */
  readonly list: string;
  /** Whether a chunk of this size belongs there. */
  fits(size: number): boolean;
}

/** What a policy keeps lists of. The walks may go in circles: they are stopped from outside. */
export interface ChunkIndexes {
  free(): Iterable<ListedChunk>;
  kept(): Iterable<ListedChunk>;
}

type Report = (rule: string, address: number, message: string) => void;

export function checkTaggedHeap(heap: TaggedHeapView, indexes: ChunkIndexes): Violation[] {
  const violations: Violation[] = [];
  const report: Report = (rule, address, message) => {
    violations.push(Object.freeze({ rule, address, message }));
  };
  const free = new Map<number, number>();
  const kept = new Map<number, number>();
  let segmentBytes = 0;
  for (const segment of heap.segments) {
    checkSegment(heap, segment, { free, kept }, report);
    segmentBytes += segment.end - segment.address;
  }
  checkMapped(heap, report);
  if (violations.length > 0) return violations; // lists cannot be judged by chunks that are not known
  checkCount(heap, "segment_bytes", heap.segmentBytes, segmentBytes, report);
  checkLists(indexes.free(), "free", free, report);
  checkLists(indexes.kept(), "kept", kept, report);
  return violations;
}

/** The chunks tile the segment, each header fits, and each says rightly whether the one in front is free. */
function checkSegment(
  heap: TaggedHeapView,
  segment: Segment,
  seen: { readonly free: Map<number, number>; readonly kept: Map<number, number> },
  report: Report,
): void {
  if (segment.broken) {
    report("segment", segment.address, `${formatAddress(segment.address)} is no segment of this heap.`);
    return;
  }
  let next = segment.address + FIRST_BLOCK_BYTES;
  let before: WalkedChunk | undefined;
  for (const chunk of segmentChunks(heap, segment)) {
    checkChunk(heap, segment, chunk, before, report);
    if (chunk.state === "free") seen.free.set(chunk.p, chunk.size);
    if (chunk.state === "kept") seen.kept.set(chunk.p, chunk.size);
    next = chunk.p + chunk.size;
    before = chunk;
  }
  if (before?.state === "end") return;
  const found = before === undefined ? "the segment begins" : `the chunk at ${formatAddress(before.p)} ends`;
  report(
    "header",
    next - HEADER_BYTES,
    `The header at ${formatAddress(next - HEADER_BYTES)}, where ${found}, was written over.`,
  );
}

function checkChunk(
  heap: TaggedHeapView,
  segment: Segment,
  { p, size, state }: WalkedChunk,
  before: WalkedChunk | undefined,
  report: Report,
): void {
  const words = heap.memory.u32;
  const at = p - HEADER_BYTES;
  const where = formatAddress(at);
  if (state === undefined || state === "mapped" || (state === "end") !== (p === segment.end)) {
    report("state", at, `The header at ${where} has a state that cannot be there.`);
  }
  const saysFree = (words[p / 4 - 1]! & PREVIOUS_FREE) !== 0;
  if (saysFree !== (before?.state === "free")) {
    report(
      "previous-free",
      p - 4,
      `The header at ${where} says the chunk in front is ${saysFree ? "" : "not "}free.`,
    );
  }
  if (state === "free" && words[(p + size) / 4 - 3] !== size) {
    report("size-at-end", p + size - 12, `The free chunk at ${where} does not have its size at its end.`);
  }
  if (before?.state === "free" && (state === "free" || state === "top")) {
    report("merge", at, `The free chunks at ${formatAddress(before.p)} and ${where} are not merged.`);
  }
  if ((state === "top") !== (p === heap.top)) {
    report("top", at, `The top is at ${formatAddress(heap.top)}, and a chunk at ${where} says otherwise.`);
  }
}

/** The list of blocks with pages of their own is whole, and the pages are theirs. */
function checkMapped(heap: TaggedHeapView, report: Report): void {
  const words = heap.memory.u32;
  let bytes = 0;
  let count = 0;
  let previous = 0;
  for (const { p, size, state } of mappedBlocksOf(heap)) {
    const start = p - MAPPED_OVERHEAD_BYTES;
    count++;
    bytes += size + MAPPED_OVERHEAD_BYTES;
    if (state !== "mapped" || !heap.isMapped(start, size + MAPPED_OVERHEAD_BYTES)) {
      report("mapped", start, `The block at ${formatAddress(p)} does not have its pages.`);
    }
    if (words[start / 4 + 1] !== previous) {
      report("mapped-links", start, `The link back of the mapping at ${formatAddress(start)} is wrong.`);
    }
    previous = p;
  }
  const next = previous === 0 ? heap.newestMapped : words[previous / 4 - MAPPED_OVERHEAD_BYTES / 4]!;
  if (count !== heap.mappedCount || next !== 0) {
    const at = previous === 0 ? heap.stateAddress : previous - MAPPED_OVERHEAD_BYTES;
    report(
      "mapped-links",
      at,
      `The list of mappings leads to ${formatAddress(next)} after ${count} of ${heap.mappedCount} blocks.`,
    );
    return;
  }
  checkCount(heap, "mapped_bytes", heap.mappedBytes, bytes, report);
}

/** Each chunk is in one list, once, and in the right one. */
function checkLists(
  listed: Iterable<ListedChunk>,
  kind: "free" | "kept",
  chunks: ReadonlyMap<number, number>,
  report: Report,
): void {
  const missing = new Map(chunks);
  for (const { p, list, fits } of listed) {
    const size = missing.get(p);
    if (size === undefined) {
      const what = chunks.has(p) ? "which it had met before" : `which is not a ${kind} chunk`;
      report("list", p, `${list} leads to ${formatAddress(p)}, ${what}.`);
      return;
    }
    if (!fits(size)) report("list", p, `The chunk of ${size} bytes at ${formatAddress(p)} is in ${list}.`);
    missing.delete(p);
  }
  for (const p of missing.keys())
    report("list", p, `The ${kind} chunk at ${formatAddress(p)} is in no list.`);
}

function checkCount(
  heap: TaggedHeapView,
  field: "segment_bytes" | "mapped_bytes",
  counted: number,
  found: number,
  report: Report,
): void {
  if (counted === found) return;
  const address = heap.stateAddress + heapState.offsets[field];
  report("count", address, `${field} says ${counted} bytes, ${found} are there.`);
}
