// The system below the allocators: it maps and unmaps pages of a linear memory, as mmap, munmap and sbrk do.

import {
  formatAddress,
  MemoryError,
  NULL,
  type PageAddress,
  pageAddress,
  type RawAddress,
  rawAddress,
  type Violation,
} from "@obmalloc/abi";
import type { LinearMemory } from "./linear-memory.ts";
import { checkMapper } from "./mapper-check.ts";
import { PAGE_BYTES, type PageRange } from "./mapper-layout.ts";
import { alignPage, fixedFields, PageBooks, pagesFor } from "./page-books.ts";

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
  /** What the host holds for it: mapped pages, and unmapped ones that it could not take back. */
  readonly residentBytes: number;
  /** The largest `committedBytes` so far. */
  readonly peakBytes: number;
  /** Unmapped again and waiting for reuse. */
  readonly reusableBytes: number;
  /** Between our pages, but grown by somebody else and theirs. */
  readonly foreignBytes: number;
}

/**
 * Maps and unmaps pages of 4 KiB in a linear memory, from its `startAddress` on.
 *
 * Page 0 is never mapped, so that 0 is NULL. Mapped pages are zero. Unmapped ranges are given back to the host where it
 * takes them, else zeroed; they are merged with free neighbours, and reused: the first one found in the smallest class
 * of lengths that has a fit; the memory grows when none fits. In a memory that came from outside, pages that somebody
 * else has grown in the meantime are left alone. All state lies in the memory (see mapper-layout.ts).
 */
export class PageMapper {
  readonly memory: LinearMemory;
  private readonly books: PageBooks;

  private constructor(memory: LinearMemory) {
    this.memory = memory;
    this.books = new PageBooks(memory);
  }

  /**
   * Takes charge of a memory from its `startAddress` to its present end, and of what it grows. In memory that came from
   * outside, what was there is cleared.
   *
   * @throws {RangeError} when there is no room for the mapper's own state.
   */
  static create(memory: LinearMemory): PageMapper {
    const fixed = fixedFields(memory);
    if (fixed.first > fixed.limit || !memory.ensure(fixed.first * PAGE_BYTES)) {
      throw new RangeError(
        `There is no room for a page mapper from ${memory.startAddress} to ${memory.maxBytes}.`,
      );
    }
    if (memory.foreign) memory.u8.fill(0, fixed.header * PAGE_BYTES, memory.byteLength);
    const mapper = new PageMapper(memory);
    const { books } = mapper;
    for (const field of Object.keys(fixed) as (keyof typeof fixed)[]) books.set(field, fixed[field]);
    books.set("frontier", fixed.first);
    books.set("foreign", memory.foreign ? 1 : 0);
    books.set("known", Math.floor(memory.byteLength / PAGE_BYTES));
    return mapper;
  }

  /**
   * A second owner of a memory that a mapper was created in, or of a copy of its bytes.
   *
   * @throws {MemoryError} when there is no mapper in it.
   */
  static attach(memory: LinearMemory): PageMapper {
    memory.refresh();
    const { books } = new PageMapper(memory);
    // The memory may reach further here than where the mapper was made; its limit stays what it was.
    const { magic, header } = fixedFields(memory);
    if (
      books.get("magic") !== magic ||
      books.get("header") !== header ||
      books.get("limit") * PAGE_BYTES > memory.maxBytes
    ) {
      throw new MemoryError("There is no page mapper in this memory.", books.addressOf("magic"), {
        details: [
          "The memory has to start at the same address as where the mapper was made, and to reach as far.",
        ],
      });
    }
    return new PageMapper(memory);
  }

  /** An address that the first owner leaves here for later ones to find; NULL when there is none. */
  get root(): RawAddress {
    return rawAddress(this.books.get("root"));
  }

  set root(address: RawAddress) {
    this.books.set("root", address);
  }

  /** The end of the memory as the mapper's owners know it, whichever of them has grown it. */
  get knownBytes(): number {
    return this.books.get("known") * PAGE_BYTES;
  }

  /**
   * Maps zeroed pages.
   *
   * @param sizeBytes rounded up to whole pages.
   * @param alignment a power of two, at least one page.
   * @param offsetWithinAlignment what the address shall be modulo `alignment`, a multiple of the page size.
   * @returns the address, or NULL when there is no room or `sizeBytes` is not a positive whole number.
   * @throws {RangeError} when alignment or offset are not as described.
   * @throws {DamagedMemoryError} when somebody wrote to unmapped pages, so that they cannot be given out again.
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
    this.memory.refresh();
    const pages = pagesFor(sizeBytes);
    if (pages > this.books.get("limit")) return NULL;
    const start = this.books.takeFreeRange(pages, unit, offset) || this.extendFrontier(pages, unit, offset);
    if (start !== 0) this.commit(start, pages);
    return pageAddress(start * PAGE_BYTES);
  }

  /**
   * Unmaps pages, a whole mapping or part of one; their content is gone.
   *
   * @throws {NotMappedError} when the address is not page-aligned or any of the pages is not mapped.
   */
  munmap(address: PageAddress, sizeBytes: number): void {
    this.memory.refresh();
    if (!this.isMapped(address, sizeBytes) || address % PAGE_BYTES !== 0) {
      throw new NotMappedError(
        `munmap: ${sizeBytes} bytes at ${formatAddress(address)} are not a range of mapped pages.`,
        address,
      );
    }
    const { books } = this;
    let start = address / PAGE_BYTES;
    let pages = pagesFor(sizeBytes);
    if (!this.memory.discard(address, pages * PAGE_BYTES)) {
      this.memory.u8.fill(0, address, address + pages * PAGE_BYTES);
    }
    books.setTaken(start, pages, false);
    books.set("mapped", books.get("mapped") - pages);
    const end = start + pages;
    if (start > books.get("first") && !books.isTaken(start - 1)) {
      start -= books.unlinkFreeRange(start - books.freePagesBefore(start));
      pages = end - start;
    }
    if (end < books.get("frontier") && !books.isTaken(end)) pages += books.unlinkFreeRange(end);
    books.linkFreeRange(start, pages);
  }

  /**
   * Maps the pages behind a mapping too, when nobody has them (mremap without moving).
   *
   * @param end where the mapping ends now, page-aligned.
   * @returns whether that was possible; nothing has changed if not.
   */
  extend(end: number, sizeBytes: number): boolean {
    this.memory.refresh();
    const { books } = this;
    const start = end / PAGE_BYTES;
    const pages = pagesFor(sizeBytes);
    const frontier = books.get("frontier");
    if (!this.isMapped(end - 1, 1) || !Number.isInteger(start) || !(pages > 0)) return false;
    if (start < frontier) {
      if (books.isTaken(start)) return false;
      const rest = books.freePages(start) - pages;
      if (rest < 0 && (start + pages + rest < frontier || !this.moveFrontier(start + pages))) return false;
      books.unlinkFreeRange(start);
      if (rest > 0) books.linkFreeRange(start + pages, rest);
    } else if (!this.moveFrontier(start + pages)) {
      return false;
    }
    this.commit(start, pages);
    return true;
  }

  /**
   * Moves the break, the end of the pages of the one heap that grows there. It is the classical sbrk but for one thing:
   * when somebody else has mapped the pages behind the break, the new pages lie elsewhere, and the break with them.
   *
   * @param deltaBytes rounded to whole pages, away from 0 when it is positive, towards 0 when it is negative.
   * @returns the address of the new pages, or the new break when it went down; NULL when there is no room.
   * @throws {NotMappedError} when it would go down by pages that the heap does not have.
   */
  sbrk(deltaBytes: number): PageAddress {
    const { books } = this;
    const old = pageAddress(books.get("break") * PAGE_BYTES);
    if (deltaBytes < 0) {
      const sizeBytes = Math.floor(-deltaBytes / PAGE_BYTES) * PAGE_BYTES;
      const end = pageAddress(old - sizeBytes);
      if (sizeBytes > 0) this.munmap(end, sizeBytes);
      books.set("break", end / PAGE_BYTES);
      return end;
    }
    const address = old !== 0 && this.extend(old, deltaBytes) ? old : this.mmap(deltaBytes);
    if (address !== NULL) books.set("break", address / PAGE_BYTES + pagesFor(deltaBytes));
    return address;
  }

  /** Whether each of the pages that hold these bytes is mapped. False for an empty or impossible range. */
  isMapped(address: number, sizeBytes: number): boolean {
    if (!Number.isInteger(address) || !(sizeBytes > 0)) return false;
    const { books } = this;
    const end = Math.ceil((address + sizeBytes) / PAGE_BYTES);
    let page = Math.floor(address / PAGE_BYTES);
    if (page < books.get("first") || end > books.get("frontier")) return false;
    if (books.foreignRanges().some((range) => page < range.page + range.pages && range.page < end))
      return false;
    while (page < end && books.isTaken(page)) page++;
    return page === end;
  }

  /** What is mapped, in bytes. */
  stats(): MappingStats {
    const { books } = this;
    const mapped = books.get("mapped");
    const foreign = books.get("foreignPages");
    const used = books.get("frontier") - books.get("first") - foreign;
    return Object.freeze({
      reservedBytes: (books.get("limit") - books.get("first") - foreign) * PAGE_BYTES,
      committedBytes: mapped * PAGE_BYTES,
      residentBytes: (this.memory.canDiscard ? mapped : used) * PAGE_BYTES,
      peakBytes: books.get("peak") * PAGE_BYTES,
      reusableBytes: (used - mapped) * PAGE_BYTES,
      foreignBytes: foreign * PAGE_BYTES,
    });
  }

  /** Ranges of mapped, reusable and foreign pages by address, neighbours of the same kind as one. */
  inspect(): readonly PageRange[] {
    const { books } = this;
    const ranges: PageRange[] = [];
    const add = (page: number, end: number, kind: { mapped: boolean; foreign?: true }) => {
      if (end <= page) return;
      const sizeBytes = (end - page) * PAGE_BYTES;
      ranges.push(Object.freeze({ address: pageAddress(page * PAGE_BYTES), sizeBytes, ...kind }));
    };
    const frontier = Math.min(books.get("frontier"), this.memory.byteLength / PAGE_BYTES);
    let page = books.get("first");
    for (const gap of [...books.foreignRanges(), { page: frontier, pages: 0 }]) {
      let start = page;
      for (const end = Math.min(gap.page, frontier); page < end; page++) {
        if (books.isTaken(page) === books.isTaken(start)) continue;
        add(start, page, { mapped: books.isTaken(start) });
        start = page;
      }
      add(start, page, { mapped: books.isTaken(start) });
      add(gap.page, gap.page + gap.pages, { mapped: false, foreign: true });
      page = Math.max(page, gap.page + gap.pages);
    }
    return Object.freeze(ranges);
  }

  /** Verifies the mapper's books and that nobody wrote to pages that are not mapped, NULL's page included. O(free bytes). */
  check(): Violation[] {
    this.memory.refresh();
    return checkMapper(this.memory, this.books, this.inspect());
  }

  private commit(start: number, pages: number): void {
    const { books } = this;
    books.setTaken(start, pages, true);
    const mapped = books.get("mapped") + pages;
    books.set("mapped", mapped);
    if (mapped > books.get("peak")) books.set("peak", mapped);
  }

  /** Takes pages at the end of what was ever used, beginning with a free range that touches it. */
  private extendFrontier(pages: number, unit: number, offset: number): number {
    const { books } = this;
    const frontier = books.get("frontier");
    const touches = frontier > books.get("first") && !books.isTaken(frontier - 1);
    const base = touches ? frontier - books.freePagesBefore(frontier) : frontier;
    const start = alignPage(base, unit, offset);
    if (!this.moveFrontier(start + pages)) {
      // Somebody else's pages may lie there now: then the frontier is behind them, and it can go on from there.
      return books.get("frontier") === frontier ? 0 : this.extendFrontier(pages, unit, offset);
    }
    if (touches) books.unlinkFreeRange(base);
    if (start > base) books.linkFreeRange(base, start - base);
    return start;
  }

  /**
   * Makes `end` the end of what was ever used, with memory up to there. The caller maps or links the pages.
   *
   * @returns false when it cannot be: no room, or somebody else's pages are in the way; then they are noted, and the
   * frontier lies behind them.
   */
  private moveFrontier(end: number): boolean {
    const { books, memory } = this;
    if (end > books.get("limit")) return false;
    const known = books.get("known");
    const present = Math.floor(memory.byteLength / PAGE_BYTES);
    if (end > known) {
      if (present > known && books.get("foreign") === 1) {
        this.skipForeignPages(known, present);
        return false;
      }
      if (!memory.ensure(end * PAGE_BYTES)) return false;
      books.set("known", Math.floor(memory.byteLength / PAGE_BYTES));
    }
    books.set("frontier", end);
    return true;
  }

  private skipForeignPages(known: number, present: number): void {
    const { books } = this;
    const frontier = books.get("frontier");
    if (!books.addForeignRange(known, present - known)) return;
    books.set("known", present);
    books.set("frontier", present);
    if (frontier === known) return;
    // What is ours up to there becomes a free range; one that touches it from below is merged into it.
    const below = frontier > books.get("first") && !books.isTaken(frontier - 1);
    const start = below
      ? frontier - books.unlinkFreeRange(frontier - books.freePagesBefore(frontier))
      : frontier;
    books.linkFreeRange(start, known - start);
  }
}
