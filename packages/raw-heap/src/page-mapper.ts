// The system below the allocators: it maps and unmaps pages of a linear memory, as mmap and munmap do.

import {
  formatAddress,
  MemoryError,
  NULL,
  type PageAddress,
  pageAddress,
  type Violation,
} from "@obmalloc/abi";
import { type LinearMemory, MAX_MEMORY_BYTES } from "./linear-memory.ts";
import { checkMapper } from "./mapper-check.ts";
import {
  BIN_COUNT,
  binOf,
  MAPPER,
  MAPPER_MAGIC,
  mapperState,
  PAGE_BYTES,
  type PageRange,
  RANGE,
  WORDS_PER_PAGE,
} from "./mapper-layout.ts";

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
    // The last page of 4 GiB stays unused, so that the end of a mapping is an address too.
    const limitPages = Math.min(memory.maxBytes, MAX_MEMORY_BYTES - PAGE_BYTES) / PAGE_BYTES;
    const firstPage = 1 + Math.ceil(mapperState(limitPages).sizeBytes / PAGE_BYTES);
    if (firstPage > limitPages || !memory.ensure(firstPage * PAGE_BYTES)) {
      throw new RangeError(`A memory of ${memory.maxBytes} bytes has no room for a page mapper.`);
    }
    const words = memory.u32;
    words[MAPPER.magic] = MAPPER_MAGIC;
    words[MAPPER.limit] = limitPages;
    words[MAPPER.frontier] = firstPage;
    words[MAPPER.first] = firstPage;
    return new PageMapper(memory);
  }

  /**
   * A second owner of a memory that a mapper was created in, or of a copy of its bytes.
   *
   * @throws {MemoryError} when there is no mapper in it.
   */
  static attach(memory: LinearMemory): PageMapper {
    if (
      memory.u32[MAPPER.magic] !== MAPPER_MAGIC ||
      memory.u32[MAPPER.limit]! * PAGE_BYTES > memory.maxBytes
    ) {
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
    if (pages > this.memory.u32[MAPPER.limit]!) return NULL;
    const start = this.takeFreeRange(pages, unit, offset) || this.extendFrontier(pages, unit, offset);
    if (start === 0) return NULL;
    this.setMapped(start, pages, true);
    const words = this.memory.u32;
    words[MAPPER.mapped]! += pages;
    if (words[MAPPER.mapped]! > words[MAPPER.peak]!) words[MAPPER.peak] = words[MAPPER.mapped]!;
    return pageAddress(start * PAGE_BYTES);
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
    words[MAPPER.mapped]! -= pages;
    if (start > words[MAPPER.first]! && !this.isPageMapped(start - 1)) {
      const before = words[start * WORDS_PER_PAGE - 1]!;
      this.unlinkFreeRange(start - before);
      start -= before;
      pages += before;
    }
    const end = start + pages;
    if (end < words[MAPPER.frontier]! && !this.isPageMapped(end)) {
      pages += words[end * WORDS_PER_PAGE + RANGE.count]!;
      this.unlinkFreeRange(end);
    }
    this.linkFreeRange(start, pages);
  }

  /** Whether each of the pages that hold these bytes is mapped. False for an empty or impossible range. */
  isMapped(address: number, sizeBytes: number): boolean {
    if (!Number.isInteger(address) || !(sizeBytes > 0)) return false;
    const end = Math.ceil((address + sizeBytes) / PAGE_BYTES);
    let page = Math.floor(address / PAGE_BYTES);
    if (page < this.memory.u32[MAPPER.first]! || end > this.memory.u32[MAPPER.frontier]!) return false;
    while (page < end && this.isPageMapped(page)) page++;
    return page === end;
  }

  /** What is mapped, in bytes. */
  stats(): MappingStats {
    const words = this.memory.u32;
    const first = words[MAPPER.first]!;
    return Object.freeze({
      reservedBytes: (words[MAPPER.limit]! - first) * PAGE_BYTES,
      committedBytes: words[MAPPER.mapped]! * PAGE_BYTES,
      peakBytes: words[MAPPER.peak]! * PAGE_BYTES,
      reusableBytes: (words[MAPPER.frontier]! - first - words[MAPPER.mapped]!) * PAGE_BYTES,
    });
  }

  /** Ranges of mapped and of reusable pages by address, neighbours of the same kind as one. */
  inspect(): readonly PageRange[] {
    const words = this.memory.u32;
    const ranges: PageRange[] = [];
    let start = words[MAPPER.first]!;
    const frontier = Math.min(words[MAPPER.frontier]!, this.memory.byteLength / PAGE_BYTES);
    for (let page = start + 1; page <= frontier; page++) {
      const mapped = this.isPageMapped(start);
      if (page < frontier && this.isPageMapped(page) === mapped) continue;
      const range = {
        address: pageAddress(start * PAGE_BYTES),
        sizeBytes: (page - start) * PAGE_BYTES,
        mapped,
      };
      ranges.push(Object.freeze(range));
      start = page;
    }
    return Object.freeze(ranges);
  }

  /** Verifies the mapper's books and that nobody wrote to pages that are not mapped, NULL's page included. O(free bytes). */
  check(): Violation[] {
    return checkMapper(this.memory, this.inspect());
  }

  private takeFreeRange(pages: number, unit: number, offset: number): number {
    const words = this.memory.u32;
    for (let bin = binOf(pages); bin < BIN_COUNT; bin++) {
      let range = words[MAPPER.bins + bin]!;
      while (range !== 0) {
        const length = words[range * WORDS_PER_PAGE + RANGE.count]!;
        const start = alignPage(range, unit, offset);
        const rest = range + length - (start + pages);
        if (rest >= 0) {
          this.unlinkFreeRange(range);
          if (start > range) this.linkFreeRange(range, start - range);
          if (rest > 0) this.linkFreeRange(start + pages, rest);
          return start;
        }
        range = words[range * WORDS_PER_PAGE + RANGE.next]!;
      }
    }
    return 0;
  }

  /** Takes pages at the end of what was ever used, beginning with a free range that touches it. */
  private extendFrontier(pages: number, unit: number, offset: number): number {
    let words = this.memory.u32;
    const frontier = words[MAPPER.frontier]!;
    const touches = frontier > words[MAPPER.first]! && !this.isPageMapped(frontier - 1);
    const base = touches ? frontier - words[frontier * WORDS_PER_PAGE - 1]! : frontier;
    const start = alignPage(base, unit, offset);
    const end = start + pages;
    if (end > words[MAPPER.limit]! || !this.memory.ensure(end * PAGE_BYTES)) return 0;
    words = this.memory.u32;
    if (touches) this.unlinkFreeRange(base);
    words[MAPPER.frontier] = end;
    if (start > base) this.linkFreeRange(base, start - base);
    return start;
  }

  private linkFreeRange(page: number, pages: number): void {
    const words = this.memory.u32;
    const bin = MAPPER.bins + binOf(pages);
    const word = page * WORDS_PER_PAGE;
    const head = words[bin]!;
    words[word + RANGE.count] = pages;
    words[word + RANGE.next] = head;
    words[word + RANGE.previous] = 0;
    words[word + pages * WORDS_PER_PAGE - 1] = pages;
    if (head !== 0) words[head * WORDS_PER_PAGE + RANGE.previous] = page;
    words[bin] = page;
  }

  /** Takes a free range out of its bin and leaves all its bytes zero. */
  private unlinkFreeRange(page: number): void {
    const words = this.memory.u32;
    const word = page * WORDS_PER_PAGE;
    const pages = words[word + RANGE.count]!;
    const next = words[word + RANGE.next]!;
    const previous = words[word + RANGE.previous]!;
    if (previous === 0) words[MAPPER.bins + binOf(pages)] = next;
    else words[previous * WORDS_PER_PAGE + RANGE.next] = next;
    if (next !== 0) words[next * WORDS_PER_PAGE + RANGE.previous] = previous;
    words.fill(0, word, word + 3);
    words[word + pages * WORDS_PER_PAGE - 1] = 0;
  }

  private isPageMapped(page: number): boolean {
    return ((this.memory.u32[MAPPER.map + (page >>> 5)]! >>> (page & 31)) & 1) === 1;
  }

  private setMapped(start: number, pages: number, mapped: boolean): void {
    const words = this.memory.u32;
    for (let page = start; page < start + pages; page++) {
      const bit = 1 << (page & 31);
      if (mapped) words[MAPPER.map + (page >>> 5)]! |= bit;
      else words[MAPPER.map + (page >>> 5)]! &= ~bit;
    }
  }
}

/** The first page at or after `page` that is `offset` modulo `unit`. */
function alignPage(page: number, unit: number, offset: number): number {
  return page + ((offset - page) & (unit - 1));
}
