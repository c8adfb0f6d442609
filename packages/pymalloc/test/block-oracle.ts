// Which bytes belong to which block, kept apart from the allocator: it fails on the first byte that is given out twice
// or that changes in a block that nobody wrote to.

import type { LinearMemory } from "@obmalloc/raw-heap";
import { expect } from "vitest";

export class BlockOracle {
  private readonly memory: LinearMemory;
  /** For each byte of the memory, the mark of its block, 0 when it has none. */
  private readonly owner: Uint8Array;
  private readonly blocks = new Map<number, { readonly sizeBytes: number; readonly mark: number }>();
  private marks = 0;

  constructor(memory: LinearMemory) {
    this.memory = memory;
    this.owner = new Uint8Array(memory.maxBytes);
  }

  /** Live blocks by address. */
  get live(): readonly number[] {
    return [...this.blocks.keys()];
  }

  /** A new block: fails when it shares a byte with a live one or leaves the memory. Fills it. */
  acquire(address: number, sizeBytes: number): void {
    this.memory.refresh();
    expect(address).toBeGreaterThan(0);
    expect(address + sizeBytes).toBeLessThanOrEqual(this.memory.byteLength);
    expect(this.blocks.has(address), `${address} is live already`).toBe(false);
    const owned = this.owner.subarray(address, address + sizeBytes);
    expect(owned.findIndex((mark) => mark !== 0)).toBe(-1);
    const mark = (this.marks++ % 255) + 1;
    owned.fill(mark);
    this.memory.u8.fill(mark, address, address + sizeBytes);
    this.blocks.set(address, { sizeBytes, mark });
  }

  /** A block is about to be freed: fails when its bytes are not those it was filled with. */
  release(address: number): void {
    const { sizeBytes, mark } = this.blocks.get(address)!;
    this.expectFilled(address, sizeBytes, mark);
    this.owner.fill(0, address, address + sizeBytes);
    this.blocks.delete(address);
  }

  /** A block was resized: fails when what it keeps is not what it held. */
  move(from: number, to: number, sizeBytes: number): void {
    const old = this.blocks.get(from)!;
    this.expectFilled(to, Math.min(old.sizeBytes, sizeBytes), old.mark);
    this.owner.fill(0, from, from + old.sizeBytes);
    this.blocks.delete(from);
    this.acquire(to, sizeBytes);
  }

  /** Fails unless all bytes are 0. */
  expectZero(address: number, sizeBytes: number): void {
    this.expectFilled(address, sizeBytes, 0);
  }

  private expectFilled(address: number, sizeBytes: number, mark: number): void {
    this.memory.refresh();
    const held = this.memory.u8.subarray(address, address + sizeBytes);
    expect(held.findIndex((byte) => byte !== mark)).toBe(-1);
  }
}
