// Where the page mapper keeps its books: in the memory it manages, so that a copy of the bytes is a copy of it.

import { array, ilp32, type PageAddress, roundUp, struct } from "@obmalloc/abi";

/** The unit of mapping, 4 KiB as on x86-64 Linux. */
export const PAGE_BYTES = 4096;

/** Free ranges of 1 to 32 pages have a bin each; longer ones share one bin per power of two. */
const EXACT_BINS = 32;

/** The bins for the powers of two from 2^5 to 2^20 pages follow the exact ones. */
export const BIN_COUNT = EXACT_BINS + 16;

/**
 * The mapper's header, in page 1 (page 0 is left alone so that a write through NULL can be seen).
 *
 *      0       4            8               12            16          20            24         216
 *      ┌───────┬────────────┬───────────────┬─────────────┬───────────┬─────────────┬──────────┬─ ─ ─ ─ ─
 *      │ magic │ limit_pages│ frontier_page │ mapped_pages│ peak_pages│ first_page  │ bins[48] │ map[...]
 *      └───────┴────────────┴───────────────┴─────────────┴───────────┴─────────────┴──────────┴─ ─ ─ ─ ─
 *
 * Pages are counted, never bytes, so that 4 GiB fits. `map` has one bit for each page, 1 = mapped.
 */
export const mapperState = (limitPages: number) =>
  struct(ilp32, {
    magic: "u32",
    limit_pages: "u32", // pages that may ever be used, page 0 included
    frontier_page: "u32", // the first page that was never mapped
    mapped_pages: "u32",
    peak_pages: "u32", // the largest value of mapped_pages so far
    first_page: "u32", // the first page that can be mapped, behind this struct
    bins: array("u32", BIN_COUNT), // page number of the first free range of each length
    map: array("u32", roundUp(limitPages, 32) / 32),
  });

const stateOffsets = mapperState(0).offsets;
const stateWord = (name: keyof typeof stateOffsets) => (PAGE_BYTES + stateOffsets[name]) / 4;

/** Words of the header, by the names of {@link mapperState}. */
export const MAPPER = Object.freeze({
  magic: stateWord("magic"),
  limit: stateWord("limit_pages"),
  frontier: stateWord("frontier_page"),
  mapped: stateWord("mapped_pages"),
  peak: stateWord("peak_pages"),
  first: stateWord("first_page"),
  bins: stateWord("bins"),
  map: stateWord("map"),
});

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

/** Pages in a row that are all mapped or all reusable. */
export interface PageRange {
  readonly address: PageAddress;
  readonly sizeBytes: number;
  readonly mapped: boolean;
}
