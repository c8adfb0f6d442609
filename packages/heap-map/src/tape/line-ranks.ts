// Which lines get a colour of their own: those that hold most memory.

import { type HeapTape, NEVER, poolsPerArena } from "./heap-tape.ts";
import { SLICE_LIVES } from "./slices.ts";

export interface LineRanks {
  /** Those that hold most first. */
  readonly lines: readonly string[];
  /** By stack: the place of its innermost line among `lines`, or -1. */
  readonly rankOfStack: Int32Array;
}

const NONE = -1;
const SEVERAL = -2;

/** A line holds the bytes of its blocks that do not end on the tape, and each arena in which no other line has such a block. */
export function* rankingLines(tape: HeapTape): Generator<void, LineRanks> {
  const { lives, stacks, geometry, arenas } = tape;
  const weights = new Float64Array(stacks.lines.length);
  const holders = new Int32Array(arenas.bases.length).fill(NONE);
  for (let start = 0; start < lives.stack.length; start += SLICE_LIVES) {
    weigh(tape, weights, holders, start, Math.min(lives.stack.length, start + SLICE_LIVES));
    yield;
  }
  for (const holder of holders)
    if (holder >= 0 && holder < weights.length) weights[holder]! += geometry.arenaBytes;
  const order = Array.from(weights.keys())
    .filter((line) => weights[line]! > 0)
    .sort((a, b) => weights[b]! - weights[a]!);
  const rankOfLine = new Int32Array(stacks.lines.length).fill(NONE);
  for (const [rank, line] of order.entries()) rankOfLine[line] = rank;
  const rankOfStack = Int32Array.from(stacks.line, (line, node) => (node === 0 ? NONE : rankOfLine[line]!));
  return { lines: order.map((line) => stacks.lines[line]!), rankOfStack };
}

/** Adds the lives from `start` to before `end`: their bytes to `weights` by line, and to `holders` by row. */
function weigh(
  { lives, stacks, geometry }: HeapTape,
  weights: Float64Array,
  holders: Int32Array,
  start: number,
  end: number,
): void {
  const rowUnits = (poolsPerArena(geometry) * geometry.poolBytes) / geometry.alignmentBytes;
  const { place, sizeBytes, stack, died } = lives;
  for (let life = start; life < end; life++) {
    const node = stack[life]!;
    const line = node === 0 ? stacks.lines.length : stacks.line[node]!;
    const stays = died[life] === NEVER;
    // What ends counts a little, so that every line has a place.
    if (node !== 0) weights[line]! += stays ? sizeBytes[life]! : sizeBytes[life]! / 1000;
    if (!stays) continue;
    const row = Math.floor(place[life]! / rowUnits);
    holders[row] = holders[row] === NONE || holders[row] === line ? line : SEVERAL;
  }
}
