// Live bytes by stack and by line at one moment.

import type { Frame, Stacks } from "@obmalloc/trace";
import type { HistoryMachine } from "./history-machine.ts";

/** Requested bytes of live blocks by stack id: in pools, and outside of them. */
export interface StackTally {
  readonly inPools: Float64Array;
  readonly outside: Float64Array;
  /** Live blocks in pools. */
  readonly blocks: Float64Array;
}

/** How things stand now. */
export function tallyStacks({ byStack, outsideBlocks }: HistoryMachine): StackTally {
  const stackCount = byStack.length / 2;
  const inPools = new Float64Array(stackCount);
  const blocks = new Float64Array(stackCount);
  for (let stack = 0; stack < stackCount; stack++) {
    inPools[stack] = byStack[stack * 2]!;
    blocks[stack] = byStack[stack * 2 + 1]!;
  }
  const outside = new Float64Array(stackCount);
  outsideBlocks.each((sizeBytes, stack) => {
    outside[stack]! += sizeBytes;
  });
  return { inPools, outside, blocks };
}

/** Bytes of one source line. */
export interface LineBytes {
  /** Undefined for what no Python code asked for. */
  readonly frame: Frame | undefined;
  /** The stack with most of the bytes. */
  readonly stack: number;
  readonly inPools: number;
  readonly outside: number;
  /** Blocks in pools. */
  readonly blocks: number;
}

/** Sums a tally by the innermost line of each stack; most bytes first, negative ones (of a difference) last. */
export function tallyLines({ inPools, outside, blocks }: StackTally, stacks: Stacks): LineBytes[] {
  const lines = new Map<Frame | undefined, LineBytes & { readonly top: number }>();
  for (let stack = 0; stack < inPools.length; stack++) {
    const a = inPools[stack]!;
    const b = outside[stack]!;
    if (a === 0 && b === 0) continue;
    const frame = stacks.innermost(stack);
    const before = lines.get(frame);
    const isTop = before === undefined || a + b > before.top;
    lines.set(frame, {
      frame,
      stack: isTop ? stack : before.stack,
      top: isTop ? a + b : before.top,
      inPools: a + (before?.inPools ?? 0),
      outside: b + (before?.outside ?? 0),
      blocks: blocks[stack]! + (before?.blocks ?? 0),
    });
  }
  return [...lines.values()]
    .map(({ top: _, ...line }) => line)
    .sort((a, b) => b.inPools + b.outside - (a.inPools + a.outside));
}

/** `later` less `earlier`. */
export function tallyGrowth(later: StackTally, earlier: StackTally): StackTally {
  return {
    inPools: difference(later.inPools, earlier.inPools),
    outside: difference(later.outside, earlier.outside),
    blocks: difference(later.blocks, earlier.blocks),
  };
}

/** The sum of a column. */
export function total(column: Float64Array): number {
  let sum = 0;
  for (let stack = 0; stack < column.length; stack++) sum += column[stack]!;
  return sum;
}

// Loops, where columns have methods: those call back for each of ten thousands of stacks.

function difference(later: Float64Array, earlier: Float64Array): Float64Array {
  const grown = new Float64Array(later.length);
  for (let stack = 0; stack < grown.length; stack++) grown[stack] = later[stack]! - (earlier[stack] ?? 0);
  return grown;
}
