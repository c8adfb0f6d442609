// How the heaps with boundary tags lay out memory: segments that are tiled with chunks.

import { array, ilp32, struct } from "@obmalloc/abi";
import { stateHeader } from "./heap-state.ts";

/** Blocks start at multiples of this many bytes, and chunks are multiples of it long. */
export const ALIGNMENT_BYTES = 16;

/**
 * What stands in front of each block. A chunk is this header and the block behind it; a free chunk also holds the links
 * of a list, and its size once more in its last word.
 *
 *    -8      -4       0                                              -8 + size
 *     ┌───────┬───────┬───────────────────────────────────────────────┐
 *     │ head  │ check │ block …                                       │ live, or kept for the next request of its size
 *     ├───────┼───────┼──────┬──────────┬─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─┬───────┤
 *     │ head  │ check │ next │ previous │                     │ size  │ free
 *     └───────┴───────┴──────┴──────────┴─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─┴───────┘
 *
 * `head` is the size of the chunk with its state in the low four bits. `check` is a hash of address and size, with the
 * lowest bit set when the chunk in front is free: only where a chunk begins is there a check that fits, whatever the
 * user writes into blocks. Only who owns a chunk writes its head; the bit in `check` belongs to who owns the one in front.
 * All distances are from the block, whose address also names the chunk.
 */
const chunkHeader = struct(ilp32, { head: "u32", check: "u32" });

export const HEADER_BYTES = chunkHeader.sizeBytes;

/** The smallest chunk: header, links and the size at the end, in multiples of the alignment. */
export const MIN_CHUNK_BYTES = 32;

/** Bits of a head that hold the size; the others hold the state. */
export const SIZE_MASK = -ALIGNMENT_BYTES;

/** Low bits of a head. */
export const State = Object.freeze({
  /** In a list of free chunks; neighbours merge with it. */
  free: 0,
  /** Belongs to the user. */
  live: 1,
  /** Free for the user, but for the time being neighbours do not merge with it. */
  kept: 2,
  /** The free chunk at the end of the newest segment. In no list, and without its size at the end. */
  top: 3,
  /** Not a chunk but the end of a segment; its size is 0. */
  end: 4,
  /** Belongs to the user and has pages of its own. */
  mapped: 5,
});

export type StateName = keyof typeof State;

/** The bit of `check` that says that the chunk in front is free. */
export const PREVIOUS_FREE = 1;

/**
 * What a segment begins with; its first chunk follows, and an `end` closes it.
 *
 *     0      4     8                                                   end - 8
 *     ┌──────┬─────┬───────┬───────┬─────────┬───────┬───────┬─ ─ ─ ─ ─┬───────┬───────┐
 *     │ next │ end │ head  │ check │ block … │ head  │ check │ block … │ end   │ check │
 *     └──────┴─────┴───────┴───────┴─────────┴───────┴───────┴─ ─ ─ ─ ─┴───────┴───────┘
 */
const segmentHeader = struct(ilp32, { next: "u32", end: "u32" });

/** Bytes of a segment that hold no chunk: its header and the end. */
export const SEGMENT_OVERHEAD_BYTES = segmentHeader.sizeBytes + HEADER_BYTES;

/** From the start of a segment to its first block. */
export const FIRST_BLOCK_BYTES = segmentHeader.sizeBytes + HEADER_BYTES;

/** What a block with pages of its own begins with, in front of its chunk header: links of the list of all of them. */
const mappedHeader = struct(ilp32, { next: "u32", previous: "u32" });

/** From the start of a mapping to its block. */
export const MAPPED_OVERHEAD_BYTES = mappedHeader.sizeBytes + HEADER_BYTES;

/** Bytes of the chunk that a request needs. */
export function chunkBytesFor(sizeBytes: number): number {
  if (sizeBytes <= MIN_CHUNK_BYTES - HEADER_BYTES) return MIN_CHUNK_BYTES;
  const needed = sizeBytes + HEADER_BYTES + ALIGNMENT_BYTES - 1;
  return needed < 2 ** 31 ? needed & SIZE_MASK : needed - (needed % ALIGNMENT_BYTES);
}

/** The most that the quick lists serve, as the size of a chunk. */
export const QUICK_CHUNK_MAX = 1024;

/** Blocks of one size that are kept as they are; more of them are merged at once. */
export const KEPT_MAX = 16;

/** A quick list: its first block, each of which links to the next one in its first word, and how many they are. */
export const quickList = struct(ilp32, { first: "u32", count: "u32" });

/** Number of quick lists: one for each chunk size from 0 to {@link QUICK_CHUNK_MAX}; the first ones stay empty. */
export const QUICK_LIST_COUNT = QUICK_CHUNK_MAX / ALIGNMENT_BYTES + 1;

/** Bins for one chunk size each, below {@link QUICK_CHUNK_MAX}, then 16 for each power of two up to 2^32. */
export const BIN_COUNT = 64 + 22 * 16;

/**
 * The state of a heap with boundary tags, in a page of its own.
 *
 * The fields from `quick` on are the default policy's. Others use `bins[0]` as the head of their only list, and
 * `rover` for the place where a search goes on.
 */
export const heapState = struct(ilp32, {
  ...stateHeader,
  first_segment: "u32",
  last_segment: "u32",
  segment_bytes: "u32", // all segments together
  peak_bytes: "u32", // the largest value of segment_bytes + mapped_bytes so far
  top: "u32", // block address of the top chunk, 0 = none
  mapped: "u32", // block address of the newest block with pages of its own
  mapped_count: "u32",
  mapped_bytes: "u32",
  mmap_threshold: "u32", // chunks of this size get pages of their own; rises as glibc's does
  rover: "u32",
  lock: "u32", // of a heap that Workers share: 0 = free, 1 = held, 2 = held and somebody waits
  holder: "u32", // page of the owner that holds it, 0 = it has none yet
  owners: "u32", // the newest owner's page (shared/owner-page.ts); 0 = the heap is not shared
  quick: array(quickList, QUICK_LIST_COUNT),
  bins: array("u32", BIN_COUNT),
  bin_map: array("u32", BIN_COUNT / 32), // one bit for each bin that is not empty
  bin_words: "u32", // one bit for each word of bin_map that is not 0
});

/** The bin of a free chunk of `size` bytes. */
export function binOf(size: number): number {
  if (size < 1024) return size >>> 4;
  const log = 31 - Math.clz32(size);
  return 64 + ((log - 10) << 4) + ((size >>> (log - 4)) & 15);
}
