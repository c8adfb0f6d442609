// The page mapper's books as operations on their words: which pages are mapped, and the free ranges by length.
// The rules of mapping stand in page-mapper.ts.

import { DamagedMemoryError } from "@obmalloc/abi";
import type { LinearMemory } from "./linear-memory.ts";
import {
  BIN_COUNT,
  binOf,
  FOREIGN_RANGES_MAX,
  headerPageOf,
  MAPPER,
  MAPPER_MAGIC,
  mapperState,
  PAGE_BYTES,
  RANGE,
  WORDS_PER_PAGE,
} from "./mapper-layout.ts";
import { MAX_MEMORY_BYTES } from "./memory-source.ts";

/** A field of the header that is one word. */
export type HeaderField = Exclude<keyof typeof MAPPER, "bins" | "map" | "foreignRanges">;

/** Pages are numbered from address 0; a page number of 0 stands for none. */
export class PageBooks {
  readonly memory: LinearMemory;
  /** Word of the header. */
  private readonly base: number;
  private readonly headerPage: number;

  constructor(memory: LinearMemory) {
    this.memory = memory;
    this.headerPage = headerPageOf(memory.startAddress);
    this.base = this.headerPage * WORDS_PER_PAGE;
  }

  get(field: HeaderField): number {
    return this.memory.u32[this.base + MAPPER[field]]!;
  }

  set(field: HeaderField, value: number): void {
    this.memory.u32[this.base + MAPPER[field]] = value;
  }

  /** Byte address of a field, for messages. */
  addressOf(field: HeaderField): number {
    return (this.base + MAPPER[field]) * 4;
  }

  /** The first free range of a bin, 0 for none. */
  firstOf(bin: number): number {
    return this.memory.u32[this.base + MAPPER.bins + bin]!;
  }

  /** Whether a page is not free: mapped, or somebody else's. */
  isTaken(page: number): boolean {
    const index = page - this.headerPage;
    return ((this.memory.u32[this.base + MAPPER.map + (index >>> 5)]! >>> (index & 31)) & 1) === 1;
  }

  setTaken(start: number, pages: number, taken: boolean): void {
    const words = this.memory.u32;
    const map = this.base + MAPPER.map;
    const end = start - this.headerPage + pages;
    for (let index = start - this.headerPage; index < end; index++) {
      const bit = 1 << (index & 31);
      if (taken) words[map + (index >>> 5)]! |= bit;
      else words[map + (index >>> 5)]! &= ~bit;
    }
  }

  /** The ranges that somebody else has grown, as first page and page count. */
  foreignRanges(): { readonly page: number; readonly pages: number }[] {
    const words = this.memory.u32;
    const table = this.base + MAPPER.foreignRanges;
    return Array.from({ length: Math.min(this.get("foreignCount"), FOREIGN_RANGES_MAX) }, (_, i) => ({
      page: words[table + 2 * i]!,
      pages: words[table + 2 * i + 1]!,
    }));
  }

  /** Notes pages that somebody else has grown. False when there is no room to note them. */
  addForeignRange(page: number, pages: number): boolean {
    const count = this.get("foreignCount");
    if (count === FOREIGN_RANGES_MAX) return false;
    const entry = this.base + MAPPER.foreignRanges + 2 * count;
    this.memory.u32[entry] = page;
    this.memory.u32[entry + 1] = pages;
    this.set("foreignCount", count + 1);
    this.set("foreignPages", this.get("foreignPages") + pages);
    this.setTaken(page, pages, true);
    return true;
  }

  /** Puts a free range into its bin; all its bytes are zero but for what this writes. */
  linkFreeRange(page: number, pages: number): void {
    const words = this.memory.u32;
    const bin = this.base + MAPPER.bins + binOf(pages);
    const word = page * WORDS_PER_PAGE;
    const head = words[bin]!;
    words[word + RANGE.count] = pages;
    words[word + RANGE.next] = head;
    words[word + RANGE.previous] = 0;
    words[word + pages * WORDS_PER_PAGE - 1] = pages;
    if (head !== 0) words[head * WORDS_PER_PAGE + RANGE.previous] = page;
    words[bin] = page;
  }

  /**
   * Takes a free range out of its bin, leaves all its bytes zero, and returns its length.
   *
   * @throws {DamagedMemoryError} when it or its neighbours in the bin are not what they were.
   */
  unlinkFreeRange(page: number): number {
    const words = this.memory.u32;
    const pages = this.freePages(page);
    const word = page * WORDS_PER_PAGE;
    const next = words[word + RANGE.next]!;
    const previous = words[word + RANGE.previous]!;
    if (previous === 0 ? this.firstOf(binOf(pages)) !== page : this.nextOf(previous) !== page) {
      throw new DamagedMemoryError("unmapped pages", page * PAGE_BYTES, "their link back leads astray.");
    }
    if (next !== 0) this.freePages(next);
    if (previous === 0) words[this.base + MAPPER.bins + binOf(pages)] = next;
    else words[previous * WORDS_PER_PAGE + RANGE.next] = next;
    if (next !== 0) words[next * WORDS_PER_PAGE + RANGE.previous] = previous;
    words.fill(0, word, word + 3);
    words[word + pages * WORDS_PER_PAGE - 1] = 0;
    return pages;
  }

  /** Pages of the free range that ends in front of `page`, which is free itself in its last page. */
  freePagesBefore(page: number): number {
    return this.memory.u32[page * WORDS_PER_PAGE - 1]!;
  }

  /** Takes `pages` at `offset` modulo `unit` out of the free ranges: the first fit in the smallest bin that has one. */
  takeFreeRange(pages: number, unit: number, offset: number): number {
    for (let bin = binOf(pages); bin < BIN_COUNT; bin++) {
      let range = this.firstOf(bin);
      for (let steps = 0; range !== 0; steps++) {
        const start = alignPage(range, unit, offset);
        const rest = range + this.freePages(range, steps) - (start + pages);
        if (rest >= 0) {
          this.unlinkFreeRange(range);
          if (start > range) this.linkFreeRange(range, start - range);
          if (rest > 0) this.linkFreeRange(start + pages, rest);
          return start;
        }
        range = this.nextOf(range);
      }
    }
    return 0;
  }

  private nextOf(range: number): number {
    return this.memory.u32[range * WORDS_PER_PAGE + RANGE.next]!;
  }

  /**
   * Pages of the free range that starts here; `steps` is how many were met on the way to it, so that no circle is
   * walked.
   *
   * @throws {DamagedMemoryError} when there is none.
   */
  freePages(page: number, steps: number = 0): number {
    const frontier = this.get("frontier");
    if (page >= this.get("first") && page < frontier && !this.isTaken(page) && steps < frontier) {
      const pages = this.memory.u32[page * WORDS_PER_PAGE + RANGE.count]!;
      if (pages > 0 && page + pages <= frontier) return pages;
    }
    throw new DamagedMemoryError(
      "unmapped pages",
      page * PAGE_BYTES,
      "they are not in a list of free ranges.",
    );
  }
}

/** The fields of a new mapper's header that follow from its memory, and never change. */
export function fixedFields({ startAddress, maxBytes }: LinearMemory) {
  const header = headerPageOf(startAddress);
  // The last page of 4 GiB stays unused, so that the end of a mapping is an address too.
  const limit = Math.floor(Math.min(maxBytes, MAX_MEMORY_BYTES - PAGE_BYTES) / PAGE_BYTES);
  return { magic: MAPPER_MAGIC, header, limit, first: firstPageFor(header, limit) };
}

/** The first page behind a header that has a bit for each page up to `limit`. */
export function firstPageFor(header: number, limit: number): number {
  return header + pagesFor(mapperState(Math.max(limit - header, 0)).sizeBytes);
}

/** The first page at or after `page` that is `offset` modulo `unit`. */
export function alignPage(page: number, unit: number, offset: number): number {
  return page + ((offset - page) & (unit - 1));
}

/** Pages that `sizeBytes` need. */
export function pagesFor(sizeBytes: number): number {
  return Math.ceil(sizeBytes / PAGE_BYTES);
}
