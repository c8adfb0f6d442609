// The system below the allocators: it maps and unmaps pages of a linear memory, as mmap and munmap do.

import { formatAddress, MemoryError, NULL, type PageAddress } from "@obmalloc/abi";
import type { LinearMemory } from "./linear-memory.ts";
import { BIN_COUNT, binOf, freeRange, mapperState, PAGE_BYTES } from "./mapper-layout.ts";

const MAGIC = 0x70616765;
const WORDS_PER_PAGE = PAGE_BYTES / 4;
/** The header starts in page 1. */
const STATE_WORD = WORDS_PER_PAGE;

const stateOffsets = mapperState(0).offsets;
const LIMIT = STATE_WORD + stateOffsets.limit_pages / 4;
const FRONTIER = STATE_WORD + stateOffsets.frontier_page / 4;
const MAPPED = STATE_WORD + stateOffsets.mapped_pages / 4;
const PEAK = STATE_WORD + stateOffsets.peak_pages / 4;
const FIRST = STATE_WORD + stateOffsets.first_page / 4;
const BINS = STATE_WORD + stateOffsets.bins / 4;
const MAP = STATE_WORD + stateOffsets.map / 4;
const COUNT = freeRange.offsets.page_count / 4;
const NEXT = freeRange.offsets.next_range / 4;
const PREVIOUS = freeRange.offsets.previous_range / 4;

/** Pages were unmapped that are not mapped, or not as asked. */
export class NotMappedError extends MemoryError {
  override readonly name = "NotMappedError";
}

/** What the mapper has given out, in bytes. */
export interface MappingStats {
  /** All that may ever be mapped. */
  readonly reservedBytes: number;
  /** Mapped now. */
  readonly committedBytes: number;
  /** The largest `committedBytes` so far. */
  readonly peakBytes: number;
  /** Unmapped again and waiting for reuse. */
  readonly reusableBytes: number;
}

/**
 * Maps and unmaps pages of 4 KiB in a linear memory that it owns from end to end.
 *
 * Page 0 is never mapped, so that 0 is NULL. Mapped pages are zero. Unmapped ranges are zeroed, merged with free
 * neighbours, and reused: the first one found in the smallest class of lengths that has a fit; the memory
 * grows when none fits. All state lies in the memory (see mapper-layout.ts).
 */
export class PageMapper {
  readonly memory: LinearMemory;

  private constructor(memory: LinearMemory) {
    this.memory = memory;
  }

  /**
   * Takes charge of an untouched memory.
   *
   * @throws {RangeError} when `memory.maxBytes` is too small to hold the mapper's own state.
   */
  static create(memory: LinearMemory): PageMapper {
    const limitPages = Math.floor(memory.maxBytes / PAGE_BYTES);
    const firstPage = 1 + Math.ceil(mapperState(limitPages).sizeBytes / PAGE_BYTES);
    if (firstPage > limitPages || !memory.ensure(firstPage * PAGE_BYTES)) {
      throw new RangeError(`A memory of ${memory.maxBytes} bytes has no room for a page mapper.`);
    }
    const words = memory.u32;
    words[STATE_WORD] = MAGIC;
    words[LIMIT] = limitPages;
    words[FRONTIER] = firstPage;
    words[FIRST] = firstPage;
    return new PageMapper(memory);
  }

  /**
   * A second owner of a memory that a mapper was created in, or of a copy of its bytes.
   *
   * @throws {MemoryError} when there is no mapper in it.
   */
  static attach(memory: LinearMemory): PageMapper {
    if (memory.u32[STATE_WORD] !== MAGIC || memory.u32[LIMIT]! * PAGE_BYTES > memory.maxBytes) {
      throw new MemoryError("There is no page mapper in this memory.", PAGE_BYTES);
    }
    return new PageMapper(memory);
  }

  /**
   * Maps zeroed pages.
   *
   * @param sizeBytes rounded up to whole pages.
   * @param alignment a power of two, at least one page.
   * @param offsetWithinAlignment what the address shall be modulo `alignment`, a multiple of the page size.
   * @returns the address, or NULL when there is no room or `sizeBytes` is not a positive whole number.
   * @throws {RangeError} when alignment or offset are not as described.
   */
  mmap(sizeBytes: number, alignment: number = PAGE_BYTES, offsetWithinAlignment: number = 0): PageAddress {
    const unit = alignment / PAGE_BYTES;
    const offset = offsetWithinAlignment / PAGE_BYTES;
    if (!Number.isInteger(Math.log2(unit)) || unit < 1) {
      throw new RangeError(`An alignment of ${alignment} is not a power of two of at least ${PAGE_BYTES}.`);
    }
    if (!Number.isInteger(offset) || offset < 0 || offset >= unit) {
      throw new RangeError(`${offsetWithinAlignment} is not a page-aligned offset below ${alignment}.`);
    }
    if (!Number.isInteger(sizeBytes) || sizeBytes <= 0) return NULL;
    const pages = Math.ceil(sizeBytes / PAGE_BYTES);
    if (pages > this.memory.u32[LIMIT]!) return NULL;
    const start = this.takeFreeRange(pages, unit, offset) || this.extendFrontier(pages, unit, offset);
    if (start === 0) return NULL;
    this.setMapped(start, pages, true);
    const words = this.memory.u32;
    words[MAPPED]! += pages;
    if (words[MAPPED]! > words[PEAK]!) words[PEAK] = words[MAPPED]!;
    return (start * PAGE_BYTES) as PageAddress;
  }

  /**
   * Unmaps pages, a whole mapping or part of one; their content is gone.
   *
   * @throws {NotMappedError} when the address is not page-aligned or any of the pages is not mapped.
   */
  munmap(address: PageAddress, sizeBytes: number): void {
    if (!this.isMapped(address, sizeBytes) || address % PAGE_BYTES !== 0) {
      throw new NotMappedError(
        `munmap: ${sizeBytes} bytes at ${formatAddress(address)} are not a range of mapped pages.`,
        address,
      );
    }
    const words = this.memory.u32;
    let start = address / PAGE_BYTES;
    let pages = Math.ceil(sizeBytes / PAGE_BYTES);
    this.memory.u8.fill(0, address, address + pages * PAGE_BYTES);
    this.setMapped(start, pages, false);
    words[MAPPED]! -= pages;
    if (start > words[FIRST]! && !this.isPageMapped(start - 1)) {
      const before = words[start * WORDS_PER_PAGE - 1]!;
      this.unlinkFreeRange(start - before);
      start -= before;
      pages += before;
    }
    const end = start + pages;
    if (end < words[FRONTIER]! && !this.isPageMapped(end)) {
      pages += words[end * WORDS_PER_PAGE + COUNT]!;
      this.unlinkFreeRange(end);
    }
    this.linkFreeRange(start, pages);
  }

  /** Whether each of the pages that hold these bytes is mapped. False for an empty or impossible range. */
  isMapped(address: number, sizeBytes: number): boolean {
    if (!Number.isInteger(address) || !(sizeBytes > 0)) return false;
    const end = Math.ceil((address + sizeBytes) / PAGE_BYTES);
    let page = Math.floor(address / PAGE_BYTES);
    if (page < this.memory.u32[FIRST]! || end > this.memory.u32[FRONTIER]!) return false;
    while (page < end && this.isPageMapped(page)) page++;
    return page === end;
  }

  /** What is mapped, in bytes. */
  stats(): MappingStats {
    const words = this.memory.u32;
    const first = words[FIRST]!;
    return Object.freeze({
      reservedBytes: (words[LIMIT]! - first) * PAGE_BYTES,
      committedBytes: words[MAPPED]! * PAGE_BYTES,
      peakBytes: words[PEAK]! * PAGE_BYTES,
      reusableBytes: (words[FRONTIER]! - first - words[MAPPED]!) * PAGE_BYTES,
    });
  }

  private takeFreeRange(pages: number, unit: number, offset: number): number {
    const words = this.memory.u32;
    for (let bin = binOf(pages); bin < BIN_COUNT; bin++) {
      let range = words[BINS + bin]!;
      while (range !== 0) {
        const length = words[range * WORDS_PER_PAGE + COUNT]!;
        const start = alignPage(range, unit, offset);
        const rest = range + length - (start + pages);
        if (rest >= 0) {
          this.unlinkFreeRange(range);
          if (start > range) this.linkFreeRange(range, start - range);
          if (rest > 0) this.linkFreeRange(start + pages, rest);
          return start;
        }
        range = words[range * WORDS_PER_PAGE + NEXT]!;
      }
    }
    return 0;
  }

  /** Takes pages at the end of what was ever used, beginning with a free range that touches it. */
  private extendFrontier(pages: number, unit: number, offset: number): number {
    let words = this.memory.u32;
    const frontier = words[FRONTIER]!;
    const touches = frontier > words[FIRST]! && !this.isPageMapped(frontier - 1);
    const base = touches ? frontier - words[frontier * WORDS_PER_PAGE - 1]! : frontier;
    const start = alignPage(base, unit, offset);
    const end = start + pages;
    if (end > words[LIMIT]! || !this.memory.ensure(end * PAGE_BYTES)) return 0;
    words = this.memory.u32;
    if (touches) this.unlinkFreeRange(base);
    words[FRONTIER] = end;
    if (start > base) this.linkFreeRange(base, start - base);
    return start;
  }

  private linkFreeRange(page: number, pages: number): void {
    const words = this.memory.u32;
    const bin = BINS + binOf(pages);
    const word = page * WORDS_PER_PAGE;
    const head = words[bin]!;
    words[word + COUNT] = pages;
    words[word + NEXT] = head;
    words[word + PREVIOUS] = 0;
    words[word + pages * WORDS_PER_PAGE - 1] = pages;
    if (head !== 0) words[head * WORDS_PER_PAGE + PREVIOUS] = page;
    words[bin] = page;
  }

  /** Takes a free range out of its bin and leaves all its bytes zero. */
  private unlinkFreeRange(page: number): void {
    const words = this.memory.u32;
    const word = page * WORDS_PER_PAGE;
    const pages = words[word + COUNT]!;
    const next = words[word + NEXT]!;
    const previous = words[word + PREVIOUS]!;
    if (previous === 0) words[BINS + binOf(pages)] = next;
    else words[previous * WORDS_PER_PAGE + NEXT] = next;
    if (next !== 0) words[next * WORDS_PER_PAGE + PREVIOUS] = previous;
    words.fill(0, word, word + 3);
    words[word + pages * WORDS_PER_PAGE - 1] = 0;
  }

  private isPageMapped(page: number): boolean {
    return ((this.memory.u32[MAP + (page >>> 5)]! >>> (page & 31)) & 1) === 1;
  }

  private setMapped(start: number, pages: number, mapped: boolean): void {
    const words = this.memory.u32;
    for (let page = start; page < start + pages; page++) {
      const bit = 1 << (page & 31);
      if (mapped) words[MAP + (page >>> 5)]! |= bit;
      else words[MAP + (page >>> 5)]! &= ~bit;
    }
  }
}

/** The first page at or after `page` that is `offset` modulo `unit`. */
function alignPage(page: number, unit: number, offset: number): number {
  return page + ((offset - page) & (unit - 1));
}
