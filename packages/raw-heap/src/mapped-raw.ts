// A raw domain in which each request is a mapping of its own: simple, exact in C's rules, and generous with pages.

import {
  type DataModel,
  formatAddress,
  ilp32,
  isSize,
  lp64,
  NotABlockError,
  NULL,
  OutOfMemoryError,
  type PageAddress,
  type RawAddress,
  rawAddress,
  struct,
  type Violation,
} from "@obmalloc/abi";
import { PAGE_BYTES } from "./memory/mapper-layout.ts";
import type { PageMapper } from "./memory/page-mapper.ts";
import type { RawAllocator } from "./raw-allocator.ts";

const MAGIC = 0x77617220;

/**
 * The header in front of each block, at the start of its mapping (32 bytes, so that blocks are 16-byte aligned).
 *
 *      0       4            8       12         16         20            32
 *      ┌───────┬────────────┬───────┬──────────┬──────────┬─────────────┬─ ─ ─ ─ ─
 *      │ magic │ size_bytes │ pages │ next     │ previous │ 0           │ block
 *      └───────┴────────────┴───────┴──────────┴──────────┴─────────────┴─ ─ ─ ─ ─
 *
 * `next` and `previous` link all live blocks by the addresses of their headers. The list begins and ends in the
 * anchor, a header without a block in a page of its own, whose `size_bytes` counts the live blocks.
 */
const blockHeader = struct(ilp32, {
  magic: "u32",
  size_bytes: "u32",
  pages: "u32",
  next: "u32",
  previous: "u32",
});
const HEADER_BYTES = 32;
const SIZE = blockHeader.offsets.size_bytes / 4;
const PAGES = blockHeader.offsets.pages / 4;
const NEXT = blockHeader.offsets.next / 4;
const PREVIOUS = blockHeader.offsets.previous / 4;

export interface MappedRawOptions {
  readonly mapper: PageMapper;
  /** Sets the size limit. @defaultValue lp64 */
  readonly model?: DataModel;
  /** The {@link MappedRaw.stateAddress} of an allocator that lives in this memory already, to be its second owner. */
  readonly stateAddress?: RawAddress;
}

/**
 * Raw allocator over a {@link PageMapper}: one mapping per block.
 *
 * Sizes in bytes, addresses 16-byte aligned, contents kept by `realloc`. `malloc` happens to return zeroed memory.
 * @throws {NotABlockError} from `free` and `realloc` for an address that is not a live block of it.
 */
export class MappedRaw implements RawAllocator {
  /** Where its own state lies. */
  readonly stateAddress: RawAddress;
  private readonly mapper: PageMapper;
  private readonly model: DataModel;

  /** @throws {OutOfMemoryError} when there is no page for its state. */
  constructor(options: MappedRawOptions) {
    this.mapper = options.mapper;
    this.model = options.model ?? lp64;
    this.stateAddress = options.stateAddress ?? this.makeAnchor();
  }

  malloc(sizeBytes: number): RawAddress {
    if (!isSize(sizeBytes, this.model)) return NULL;
    const size = sizeBytes === 0 ? 1 : sizeBytes;
    const mapping = this.mapper.mmap(size + HEADER_BYTES);
    if (mapping === 0) return NULL;
    const words = this.mapper.memory.u32;
    const header = mapping >>> 2;
    const anchor = this.stateAddress >>> 2;
    const next = words[anchor + NEXT]!;
    words[header] = MAGIC;
    words[header + SIZE] = size;
    words[header + PAGES] = pagesFor(size);
    words[header + NEXT] = next;
    words[header + PREVIOUS] = this.stateAddress;
    words[(next >>> 2) + PREVIOUS] = mapping;
    words[anchor + NEXT] = mapping;
    words[anchor + SIZE]!++;
    return rawAddress(mapping + HEADER_BYTES);
  }

  calloc(nelem: number, elsize: number): RawAddress {
    if (!isSize(nelem, this.model) || !isSize(elsize, this.model)) return NULL;
    return this.malloc(nelem * elsize); // mapped pages are zero; an overflowing product is no size
  }

  realloc(p: RawAddress, sizeBytes: number): RawAddress {
    if (p === 0) return this.malloc(sizeBytes);
    const header = this.headerOf("realloc", p);
    if (!isSize(sizeBytes, this.model)) return NULL;
    const size = sizeBytes === 0 ? 1 : sizeBytes;
    const words = this.mapper.memory.u32;
    const oldSize = words[header + SIZE]!;
    if (pagesFor(size) === words[header + PAGES]) {
      words[header + SIZE] = size;
      return p;
    }
    const moved = this.malloc(size);
    if (moved === 0) return NULL;
    this.mapper.memory.u8.copyWithin(moved, p, p + Math.min(oldSize, size));
    this.free(p);
    return moved;
  }

  free(p: RawAddress): void {
    if (p === 0) return;
    const header = this.headerOf("free", p);
    const words = this.mapper.memory.u32;
    const next = words[header + NEXT]!;
    const previous = words[header + PREVIOUS]!;
    words[(previous >>> 2) + NEXT] = next;
    words[(next >>> 2) + PREVIOUS] = previous;
    words[(this.stateAddress >>> 2) + SIZE]!--;
    this.mapper.munmap((p - HEADER_BYTES) as PageAddress, words[header + PAGES]! * PAGE_BYTES);
  }

  /** Number of live blocks. */
  get liveBlockCount(): number {
    return this.mapper.memory.u32[(this.stateAddress >>> 2) + SIZE]!;
  }

  /**
   * The live blocks, most recent first.
   *
   * Ends early on damaged memory; {@link check} says why.
   */
  *blocks(): Generator<{ readonly address: RawAddress; readonly sizeBytes: number }> {
    const words = this.mapper.memory.u32;
    let mapping = words[(this.stateAddress >>> 2) + NEXT]!;
    for (let left = this.liveBlockCount; left > 0 && this.isHeader(mapping); left--) {
      yield { address: rawAddress(mapping + HEADER_BYTES), sizeBytes: words[(mapping >>> 2) + SIZE]! };
      mapping = words[(mapping >>> 2) + NEXT]!;
    }
  }

  /** Walks the list of live blocks and returns what is wrong with it; never more than one step per live block. */
  check(): Violation[] {
    const words = this.mapper.memory.u32;
    const violations: Violation[] = [];
    const report = (rule: string, address: number, message: string) =>
      violations.push({ rule, address, message });
    let previous: number = this.stateAddress;
    let mapping = words[(previous >>> 2) + NEXT]!;
    let count = 0;
    while (mapping !== this.stateAddress) {
      const where = formatAddress(mapping);
      if (count++ === this.liveBlockCount) {
        report("raw-count", mapping, `The list goes on at ${where} after ${this.liveBlockCount} blocks.`);
        break;
      }
      if (!this.isHeader(mapping)) {
        report("raw-header", mapping, `The list leads to ${where}, which is not the header of a block.`);
        break;
      }
      const header = mapping >>> 2;
      if (words[header + PREVIOUS] !== previous) {
        report("raw-links", mapping, `The block before ${where} is not the one its header names.`);
      }
      if (pagesFor(words[header + SIZE]!) !== words[header + PAGES]) {
        report("raw-size", mapping, `The header at ${where} gives a size that its pages do not match.`);
      }
      previous = mapping;
      mapping = words[header + NEXT]!;
    }
    if (mapping === this.stateAddress && count !== this.liveBlockCount) {
      report(
        "raw-count",
        this.stateAddress,
        `${count} blocks are linked, ${this.liveBlockCount} are counted.`,
      );
    }
    return violations;
  }

  private makeAnchor(): RawAddress {
    const mapping = this.mapper.mmap(PAGE_BYTES);
    if (mapping === 0) throw new OutOfMemoryError("raw allocator state", PAGE_BYTES);
    const words = this.mapper.memory.u32;
    words[(mapping >>> 2) + NEXT] = mapping;
    words[(mapping >>> 2) + PREVIOUS] = mapping;
    return rawAddress(mapping);
  }

  /** Whether a mapping with a block starts here. */
  private isHeader(mapping: number): boolean {
    const words = this.mapper.memory.u32;
    return (
      mapping % PAGE_BYTES === 0 &&
      this.mapper.isMapped(mapping, HEADER_BYTES) &&
      words[mapping >>> 2] === MAGIC &&
      this.mapper.isMapped(mapping, words[(mapping >>> 2) + PAGES]! * PAGE_BYTES)
    );
  }

  private headerOf(operation: string, p: RawAddress): number {
    if (!this.isHeader(p - HEADER_BYTES)) throw new NotABlockError(operation, p);
    return (p - HEADER_BYTES) >>> 2;
  }
}

function pagesFor(sizeBytes: number): number {
  return Math.ceil((sizeBytes + HEADER_BYTES) / PAGE_BYTES);
}
