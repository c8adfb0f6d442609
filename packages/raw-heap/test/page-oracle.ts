// Who owns each page, kept apart from the mapper: it fails on the first page that is given out twice.

import { expect } from "vitest";
import { type LinearMemory, PAGE_BYTES } from "../src/index.ts";

export class PageOracle {
  private readonly owners = new Map<number, number>();
  private readonly memory: LinearMemory;

  constructor(memory: LinearMemory) {
    this.memory = memory;
  }

  get mappedBytes(): number {
    return this.owners.size * PAGE_BYTES;
  }

  /** Checks that fresh pages are zero and nobody's, then writes into every word of them. */
  acquire(address: number, sizeBytes: number): void {
    for (let page = address / PAGE_BYTES; page < (address + sizeBytes) / PAGE_BYTES; page++) {
      expect(this.owners.get(page), `page ${page} is given out twice`).toBeUndefined();
      const words = this.wordsOf(page);
      expect(words.findIndex((word) => word !== 0)).toBe(-1);
      words.fill(page + address);
      this.owners.set(page, page + address);
    }
  }

  /** Checks that nobody wrote to the pages since they were acquired. */
  release(address: number, sizeBytes: number): void {
    for (let page = address / PAGE_BYTES; page < (address + sizeBytes) / PAGE_BYTES; page++) {
      const mark = this.owners.get(page);
      expect(mark).toBeDefined();
      expect(this.wordsOf(page).findIndex((word) => word !== mark)).toBe(-1);
      this.owners.delete(page);
    }
  }

  private wordsOf(page: number): Uint32Array {
    return this.memory.u32.subarray((page * PAGE_BYTES) / 4, ((page + 1) * PAGE_BYTES) / 4);
  }
}
