// Who owns each byte, kept apart from the heap: a bit map of owned bytes and a Map of blocks with what was written to them.
// It fails on the first byte that is given out twice, lost, or changed by anybody but the test.

import { expect } from "vitest";
import type { LinearMemory } from "../src/index.ts";

interface OwnedBlock {
  readonly sizeBytes: number;
  readonly seed: number;
}

export class HeapOracle {
  readonly blocks = new Map<number, OwnedBlock>();
  private readonly memory: LinearMemory;
  private readonly owned: Uint8Array;
  private nextSeed = 1;

  constructor(memory: LinearMemory) {
    this.memory = memory;
    this.owned = new Uint8Array(memory.maxBytes);
  }

  get liveBytes(): number {
    let sum = 0;
    for (const { sizeBytes } of this.blocks.values()) sum += sizeBytes;
    return sum;
  }

  /** A new block: nobody's so far, aligned, inside the memory. Fills all of it. */
  acquire(address: number, sizeBytes: number, alignmentBytes: number = 16): void {
    expect(address % alignmentBytes).toBe(0);
    expect(address).toBeGreaterThanOrEqual(Math.max(this.memory.startAddress, 1));
    expect(address + sizeBytes).toBeLessThanOrEqual(this.memory.buffer.byteLength);
    const taken = this.owned.subarray(address, address + sizeBytes).indexOf(1);
    expect(taken, `byte ${taken} of the block at ${address} belongs to another one`).toBe(-1);
    this.owned.fill(1, address, address + sizeBytes);
    const block = { sizeBytes, seed: this.nextSeed++ };
    this.blocks.set(address, block);
    this.write(address, block);
  }

  /** The block keeps its first `keptBytes`, wherever it is now. */
  move(from: number, to: number, sizeBytes: number): void {
    const old = this.blocks.get(from)!;
    this.expectContent(to, old, Math.min(old.sizeBytes, sizeBytes));
    this.forget(from);
    this.acquire(to, sizeBytes);
  }

  /** Nobody else wrote to the block; it is gone. */
  release(address: number): void {
    this.expectContent(address, this.blocks.get(address)!);
    this.forget(address);
  }

  /** Nobody else wrote to any block. */
  verify(): void {
    for (const [address, block] of this.blocks) this.expectContent(address, block);
  }

  private forget(address: number): void {
    const { sizeBytes } = this.blocks.get(address)!;
    this.owned.fill(0, address, address + sizeBytes);
    this.blocks.delete(address);
  }

  private write(address: number, { sizeBytes, seed }: OwnedBlock): void {
    const { u8 } = this.memory;
    for (let i = 0; i < sizeBytes; i++) u8[address + i] = seed + i * 7;
  }

  private expectContent(address: number, { sizeBytes, seed }: OwnedBlock, upTo: number = sizeBytes): void {
    const { u8 } = this.memory;
    for (let i = 0; i < upTo; i++) {
      if (u8[address + i] === ((seed + i * 7) & 0xff)) continue;
      expect.fail(`byte ${i} of the block of ${sizeBytes} bytes at ${address} was changed`);
    }
  }
}
