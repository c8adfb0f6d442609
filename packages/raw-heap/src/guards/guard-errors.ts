// What the guards find, as errors that name the addresses and the calls concerned.

import { DamagedMemoryError, formatAddress, NotABlockError, ObmallocError } from "@obmalloc/abi";
import type { GuardedBlock } from "./guarded-block.ts";

/** Somebody wrote in front of a block, or behind it. */
export class CanaryError extends DamagedMemoryError {
  override readonly name = "CanaryError";
  /** The block whose surroundings were written to. {@link address} is the first damaged byte. */
  readonly block: GuardedBlock;

  constructor(operation: string, address: number, what: string, block: GuardedBlock) {
    super(operation, address, what, { details: historyOf(block) });
    this.block = block;
  }
}

/** Somebody wrote to a block after it was freed. */
export class UseAfterFreeError extends DamagedMemoryError {
  override readonly name = "UseAfterFreeError";
  /** The block that was freed. {@link address} is the first byte that was written to. */
  readonly block: GuardedBlock;

  constructor(operation: string, address: number, what: string, block: GuardedBlock) {
    super(operation, address, what, { details: historyOf(block) });
    this.block = block;
  }
}

/** A block was freed, and is given to `free` or `realloc` again. */
export class DoubleFreeError extends NotABlockError {
  override readonly name = "DoubleFreeError";
  readonly block: GuardedBlock;

  constructor(operation: string, block: GuardedBlock) {
    super(operation, block.address, { details: ["It was freed before.", ...historyOf(block)] });
    this.block = block;
  }
}

/** Blocks are live that should have been freed. */
export class LeakError extends ObmallocError {
  override readonly name = "LeakError";
  /** By the order of their making. */
  readonly blocks: readonly GuardedBlock[];

  constructor(blocks: readonly GuardedBlock[], text: string) {
    const bytes = blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    super(`${blocks.length} block${blocks.length === 1 ? "" : "s"} of ${bytes} bytes were never freed.`, {
      details: text.split("\n"),
    });
    this.blocks = blocks;
  }
}

/** Where a block came from, and where it went. */
export function historyOf(block: GuardedBlock): string[] {
  const { address, sizeBytes, serial, allocatedBy, freedBy } = block;
  const lines = [
    `Block ${serial}, ${sizeBytes} bytes at ${formatAddress(address)}, was allocated by`,
    ...stackLines(allocatedBy),
  ];
  if (freedBy !== undefined) lines.push("and freed by", ...stackLines(freedBy));
  return lines;
}

/** A stack under a heading. */
export function stackLines(stack: readonly string[]): string[] {
  return stack.length === 0 ? ["  (no stack was taken)"] : stack.map((frame) => `  ${frame}`);
}
