// A heap as plain data: what is where, and the sums of it.

import type { RawAddress } from "@obmalloc/abi";

/** How a heap chooses the place of a block. */
export type PolicyName = "default" | "first-fit" | "next-fit" | "best-fit" | "buddy" | "bump" | "byte-map";

/** A block that belongs to the user. */
export interface HeapBlock {
  readonly address: RawAddress;
  /** Bytes that the user may write; at least as many as were asked for. */
  readonly sizeBytes: number;
}

/** What a chunk is at the moment. */
export type ChunkState =
  | "live" // belongs to the user
  | "free" // can be given out, whole or in parts
  | "kept" // free, but kept whole for the next request of its size
  | "top" // the free end of the heap
  | "mapped"; // belongs to the user, with pages of its own

/** A stretch of a heap's memory, its header included. */
export interface HeapChunk {
  /** Where its block begins. */
  readonly address: number;
  /** Where the chunk itself begins, header first. */
  readonly start: number;
  /** From `start` to the next chunk. */
  readonly sizeBytes: number;
  readonly state: ChunkState;
}

/** What a heap holds, with the names of glibc's `struct mallinfo2`. Bytes are those of whole chunks. */
export interface HeapStats {
  /** Bytes that the heap has from the system, blocks with pages of their own apart. */
  readonly arena: number;
  /** Number of free chunks, kept ones apart. */
  readonly ordblks: number;
  /** Number of kept chunks. */
  readonly smblks: number;
  /** Number of blocks with pages of their own. */
  readonly hblks: number;
  /** Bytes of blocks with pages of their own. */
  readonly hblkhd: number;
  /** The largest number of bytes ever held from the system. */
  readonly usmblks: number;
  /** Bytes of kept chunks. */
  readonly fsmblks: number;
  /** Bytes in use: all of `arena` that is not free. */
  readonly uordblks: number;
  /** Bytes free, kept ones included. */
  readonly fordblks: number;
  /** Bytes free at the end of the heap, which `mallocTrim` can give back. */
  readonly keepcost: number;
  /** Number of live blocks, those with pages of their own included. */
  readonly liveBlocks: number;
  /** Bytes that the users of live blocks may write. */
  readonly liveBytes: number;
  /** Bytes of the largest free chunk. */
  readonly largestFree: number;
  /**
   * How broken up the free bytes are: `1 - largestFree / fordblks`, 0 when nothing is free. At 0 all that is free is one
   * chunk; near 1 it is there but in small pieces.
   */
  readonly fragmentation: number;
}

/** A heap at one moment, for drawings and reports. */
export interface HeapSnapshot {
  readonly policy: PolicyName;
  readonly stateAddress: number;
  readonly stats: HeapStats;
  /** By address. */
  readonly chunks: readonly HeapChunk[];
}

/** As much of a heap as it takes to sum it up. */
interface LookedAt {
  readonly policy: PolicyName;
  readonly stateAddress: RawAddress;
  readonly footprintBytes: number;
  readonly peakBytes: number;
  blocks(): Iterable<HeapBlock>;
  chunks(): Iterable<HeapChunk>;
  stats(): HeapStats;
}

export function statsOf(heap: LookedAt): HeapStats {
  const count = { live: 0, free: 0, kept: 0, top: 0, mapped: 0 };
  const bytes = { live: 0, free: 0, kept: 0, top: 0, mapped: 0 };
  let largestFree = 0;
  for (const { state, sizeBytes } of heap.chunks()) {
    count[state]++;
    bytes[state] += sizeBytes;
    if (state !== "live" && state !== "mapped") largestFree = Math.max(largestFree, sizeBytes);
  }
  let liveBytes = 0;
  for (const { sizeBytes } of heap.blocks()) liveBytes += sizeBytes;
  const arena = heap.footprintBytes - bytes.mapped;
  const fordblks = bytes.free + bytes.kept + bytes.top;
  return Object.freeze({
    arena,
    ordblks: count.free + count.top,
    smblks: count.kept,
    hblks: count.mapped,
    hblkhd: bytes.mapped,
    usmblks: heap.peakBytes,
    fsmblks: bytes.kept,
    uordblks: arena - fordblks,
    fordblks,
    keepcost: bytes.top,
    liveBlocks: count.live + count.mapped,
    liveBytes,
    largestFree,
    fragmentation: fordblks === 0 ? 0 : 1 - largestFree / fordblks,
  });
}

export function snapshotOf(heap: LookedAt): HeapSnapshot {
  const { policy, stateAddress } = heap;
  const chunks = [...heap.chunks()];
  for (const chunk of chunks) Object.freeze(chunk);
  return Object.freeze({ policy, stateAddress, stats: heap.stats(), chunks: Object.freeze(chunks) });
}
