// Walks over the chunks of a heap with boundary tags. No walk trusts what it reads: it ends where a header does not fit.

import type { LinearMemory } from "../memory/linear-memory.ts";
import {
  FIRST_BLOCK_BYTES,
  HEADER_BYTES,
  MAPPED_OVERHEAD_BYTES,
  SIZE_MASK,
  State,
  type StateName,
} from "./chunk-layout.ts";
import type { ChunkState, HeapChunk } from "./heap-snapshot.ts";

/** What walks and checks need to know of a heap. */
export interface TaggedHeapView {
  readonly memory: LinearMemory;
  readonly segments: readonly Segment[];
  /** Block address of the newest block with pages of its own. */
  readonly newestMapped: number;
  readonly mappedCount: number;
  readonly mappedBytes: number;
  readonly segmentBytes: number;
  readonly top: number;
  readonly stateAddress: number;
  isChunk(p: number): boolean;
  isMapped(address: number, sizeBytes: number): boolean;
}

export interface Segment {
  readonly address: number;
  readonly end: number;
  /** The segment is not one: its addresses cannot be. */
  readonly broken?: true;
}

/** A chunk as it is read, the ends of segments included. */
export interface WalkedChunk {
  readonly p: number;
  readonly size: number;
  readonly state: StateName | undefined;
}

const stateNames = Object.fromEntries(Object.entries(State).map(([name, value]) => [value, name])) as Record<
  number,
  StateName
>;

/** The chunk that the header in front of `p` describes. */
function readChunk(memory: LinearMemory, p: number): WalkedChunk {
  const head = memory.u32[(p - HEADER_BYTES) / 4] ?? 0;
  return { p, size: (head & SIZE_MASK) >>> 0, state: stateNames[head & ~SIZE_MASK] };
}

/** The chunks of a segment, its end last. Ends early in front of a header that does not fit. */
export function* segmentChunks(heap: TaggedHeapView, segment: Segment): Generator<WalkedChunk> {
  if (segment.broken) return;
  let p = segment.address + FIRST_BLOCK_BYTES;
  while (p <= segment.end && heap.isChunk(p)) {
    const chunk = readChunk(heap.memory, p);
    yield chunk;
    if (chunk.size === 0) return;
    p += chunk.size;
  }
}

/** The blocks with pages of their own, newest first, as far as their links can be followed. */
export function* mappedBlocksOf(heap: TaggedHeapView): Generator<WalkedChunk> {
  const words = heap.memory.u32;
  let p = heap.newestMapped;
  for (let left = heap.mappedCount; left > 0 && p !== 0; left--) {
    if (!heap.isChunk(p)) return;
    const chunk = readChunk(heap.memory, p);
    yield chunk;
    p = words[p / 4 - MAPPED_OVERHEAD_BYTES / 4]!;
  }
}

/** All chunks by address. */
export function* chunksOf(heap: TaggedHeapView): Generator<HeapChunk> {
  const regions = [
    ...heap.segments.map((segment) => ({
      address: segment.address,
      chunks: () => segmentChunks(heap, segment),
    })),
    ...Array.from(mappedBlocksOf(heap), (chunk) => ({ address: chunk.p, chunks: () => [chunk] })),
  ].sort((a, b) => a.address - b.address);
  for (const region of regions) {
    for (const { p, size, state } of region.chunks()) {
      if (state === undefined || state === "end") continue;
      yield chunkAt(p, size, state);
    }
  }
}

function chunkAt(p: number, size: number, state: ChunkState): HeapChunk {
  if (state !== "mapped") return { address: p, start: p - HEADER_BYTES, sizeBytes: size, state };
  return { address: p, start: p - MAPPED_OVERHEAD_BYTES, sizeBytes: size + MAPPED_OVERHEAD_BYTES, state };
}
