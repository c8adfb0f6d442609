// Which blocks are traced: size and traceback by address. Two numbers for each 8 bytes of address space in pages that
// exist once something in them was traced, so that a trace costs two stores; what does not fit is in a Map.

/** Bytes of address space that a page covers. */
const PAGE_SHIFT = 16;
const PAGES = 2 ** (32 - PAGE_SHIFT);
/** Blocks lie at multiples of 8 at least. */
const UNIT_SHIFT = 3;
const PAGE_WORDS = 2 << (PAGE_SHIFT - UNIT_SHIFT);
const NO_PAGE = new Uint32Array(0);

/** A traced block. */
export interface BlockTrace {
  readonly address: number;
  readonly sizeBytes: number;
  /** Number of its traceback, from 1. */
  readonly traceback: number;
}

export class BlockTraces {
  /** Bytes of all traced blocks. */
  totalBytes = 0;
  private readonly pages: Uint32Array[] = new Array<Uint32Array>(PAGES).fill(NO_PAGE);
  /** Addresses that no allocator gives, and sizes beyond 4 GiB: from `track` only. */
  private readonly odd = new Map<number, { readonly sizeBytes: number; readonly traceback: number }>();

  /** Adds a trace, or replaces the one at this address; says whether it is new. */
  set(address: number, sizeBytes: number, traceback: number): boolean {
    if (
      (address & 7) !== 0 ||
      address >>> 0 !== address ||
      sizeBytes >>> 0 !== sizeBytes ||
      this.odd.size > 0
    ) {
      return this.setOdd(address, sizeBytes, traceback);
    }
    return this.setEven(address, sizeBytes, traceback);
  }

  /** Removes the trace at an address; says whether there was one. */
  delete(address: number): boolean {
    const page = this.pages[address >>> PAGE_SHIFT]!;
    const at = ((address & 0xffff) >>> UNIT_SHIFT) << 1;
    const traceback = page[at + 1];
    if (traceback === undefined || traceback === 0 || (address & 7) !== 0 || address >>> 0 !== address) {
      return this.odd.size > 0 && this.deleteOdd(address);
    }
    this.totalBytes -= page[at]!;
    page[at + 1] = 0;
    return true;
  }

  at(address: number): BlockTrace | undefined {
    const odd = this.odd.get(address);
    if (odd !== undefined) return { address, ...odd };
    if ((address & 7) !== 0 || address >>> 0 !== address) return undefined;
    const page = this.pages[address >>> PAGE_SHIFT]!;
    const at = ((address & 0xffff) >>> UNIT_SHIFT) << 1;
    const traceback = page[at + 1] ?? 0;
    return traceback === 0 ? undefined : { address, sizeBytes: page[at]!, traceback };
  }

  clear(): void {
    this.pages.fill(NO_PAGE);
    this.odd.clear();
    this.totalBytes = 0;
  }

  /** All traces by address, those that do not fit last. */
  *entries(): Generator<BlockTrace> {
    for (const [number, page] of this.pages.entries()) {
      for (let at = 0; at < page.length; at += 2) {
        if (page[at + 1] === 0) continue;
        const address = number * 2 ** PAGE_SHIFT + ((at >>> 1) << UNIT_SHIFT);
        yield { address, sizeBytes: page[at]!, traceback: page[at + 1]! };
      }
    }
    for (const [address, trace] of this.odd) yield { address, ...trace };
  }

  private setEven(address: number, sizeBytes: number, traceback: number): boolean {
    let page = this.pages[address >>> PAGE_SHIFT]!;
    if (page === NO_PAGE) {
      page = new Uint32Array(PAGE_WORDS);
      this.pages[address >>> PAGE_SHIFT] = page;
    }
    const at = ((address & 0xffff) >>> UNIT_SHIFT) << 1;
    const isNew = page[at + 1] === 0;
    this.totalBytes += isNew ? sizeBytes : sizeBytes - page[at]!;
    page[at] = sizeBytes;
    page[at + 1] = traceback;
    return isNew;
  }

  private setOdd(address: number, sizeBytes: number, traceback: number): boolean {
    const existed = this.delete(address);
    if ((address & 7) === 0 && address >>> 0 === address && sizeBytes >>> 0 === sizeBytes) {
      this.setEven(address, sizeBytes, traceback);
    } else {
      this.odd.set(address, { sizeBytes, traceback });
      this.totalBytes += sizeBytes;
    }
    return !existed;
  }

  private deleteOdd(address: number): boolean {
    this.totalBytes -= this.odd.get(address)?.sizeBytes ?? 0;
    return this.odd.delete(address);
  }
}
