// Where the page mapper keeps its books: in the memory it manages, so that a copy of the bytes is a copy of it.

import { array, ilp32, type PageAddress, roundUp, struct } from "@obmalloc/abi";

/** The unit of mapping, 4 KiB as on x86-64 Linux. */
export const PAGE_BYTES = 4096;

/** Free ranges of 1 to 32 pages have a bin each; longer ones share one bin per power of two. */
const EXACT_BINS = 32;

/** The bins for the powers of two from 2^5 to 2^20 pages follow the exact ones. */
export const BIN_COUNT = EXACT_BINS + 16;

/** Ranges of pages in the midst of ours that somebody else has grown; more of them end our growth. */
export const FOREIGN_RANGES_MAX = 32;

/**
 * The mapper's header, in the first page that it may use (page 0 is left alone so that a write through NULL can be
 * seen).
 *
 *      0       4        8             12           16             20            24          28
 *      ┌───────┬────────┬─────────────┬────────────┬──────────────┬─────────────┬───────────┬─────────────┐
 *      │ magic │ root   │ header_page │ limit_page │ frontier_page│ mapped_pages│ peak_pages│ first_page  │
 *   32 ├───────┴──┬─────┴────┬────────┴────┬───────┴──────┬───────┴─────┬───────┴───────────┴─────────────┘
 *      │break_page│ foreign  │ known_pages │ foreign_pages│ foreign_count│ foreign_ranges[64] bins[48] map[...]
 *      └──────────┴──────────┴─────────────┴──────────────┴─────────────┴─ ─ ─ ─ ─ ─ ─ ─ ─ ─
 *
 * Pages are counted, never bytes, so that 4 GiB fits. `map` has one bit for each page from the header's on, 1 = mapped
 * or somebody else's.
 */
export const mapperState = (pages: number) =>
  struct(ilp32, {
    magic: "u32",
    root: "u32", // byte address of what the first owner keeps here for later ones, 0 = nothing
    header_page: "u32", // the page of this struct
    limit_page: "u32", // the end of the pages that may ever be used
    frontier_page: "u32", // the first page that was never mapped
    mapped_pages: "u32",
    peak_pages: "u32", // the largest value of mapped_pages so far
    first_page: "u32", // the first page that can be mapped, behind this struct
    break_page: "u32", // the end of the pages that sbrk gave, 0 = none yet
    foreign: "u32", // 1 = somebody else may grow the memory too
    known_page: "u32", // the memory's end when it was last seen
    foreign_pages: "u32", // pages that somebody else has grown, all ranges together
    foreign_count: "u32",
    foreign_ranges: array("u32", 2 * FOREIGN_RANGES_MAX), // first page and page count of each
    bins: array("u32", BIN_COUNT), // page number of the first free range of each length
    map: array("u32", roundUp(pages, 32) / 32),
  });

const offsets = mapperState(0).offsets;

/** Words of the header from its start, by the names of {@link mapperState}. */
export const MAPPER = Object.freeze({
  magic: offsets.magic / 4,
  root: offsets.root / 4,
  header: offsets.header_page / 4,
  limit: offsets.limit_page / 4,
  frontier: offsets.frontier_page / 4,
  mapped: offsets.mapped_pages / 4,
  peak: offsets.peak_pages / 4,
  first: offsets.first_page / 4,
  break: offsets.break_page / 4,
  foreign: offsets.foreign / 4,
  known: offsets.known_page / 4,
  foreignPages: offsets.foreign_pages / 4,
  foreignCount: offsets.foreign_count / 4,
  foreignRanges: offsets.foreign_ranges / 4,
  bins: offsets.bins / 4,
  map: offsets.map / 4,
});

/** The page of the header in a memory that may be used from `startAddress` on. */
export function headerPageOf(startAddress: number): number {
  return Math.max(1, Math.ceil(startAddress / PAGE_BYTES));
}

/** `magic` of a memory that has a page mapper. */
export const MAPPER_MAGIC = 0x70616765;

/**
 * What a free range holds in its own first page, and its length once more in the last word of its last page.
 * Every other byte of it is 0.
 *
 *      0            4            8                                   4092
 *      ┌────────────┬────────────┬───────────────┬─ ─ ─ ─ ─ ─ ─ ─ ─ ─┬────────────┐
 *      │ page_count │ next_range │ previous_range│ 0 0 0 0 0 0 0 0   │ page_count │
 *      └────────────┴────────────┴───────────────┴─ ─ ─ ─ ─ ─ ─ ─ ─ ─┴────────────┘
 */
const freeRange = struct(ilp32, { page_count: "u32", next_range: "u32", previous_range: "u32" });

/** Word offsets in a free range. */
export const RANGE = Object.freeze({
  count: freeRange.offsets.page_count / 4,
  next: freeRange.offsets.next_range / 4,
  previous: freeRange.offsets.previous_range / 4,
});

/** Words of a page. */
export const WORDS_PER_PAGE = PAGE_BYTES / 4;

/** The bin of a free range of `pages` pages. */
export function binOf(pages: number): number {
  return pages <= EXACT_BINS ? pages - 1 : EXACT_BINS + (31 - Math.clz32(pages)) - 5;
}

/** Pages in a row that are all mapped, all reusable, or all somebody else's. */
export interface PageRange {
  readonly address: PageAddress;
  readonly sizeBytes: number;
  readonly mapped: boolean;
  /** Somebody else grew the memory by these pages; they are never touched. */
  readonly foreign?: true;
}
