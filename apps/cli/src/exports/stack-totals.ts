// What each stack holds at a moment: the rows of all exports that are about stacks.

import { type Frame, liveBlocks } from "@obmalloc/trace";
import type { Recording } from "../shared/recording.ts";

export interface StackTotal {
  readonly stack: number;
  /** Outermost first; one frame that says so where no Python code asked. */
  readonly frames: readonly Frame[];
  /** Live blocks and their requested bytes, in pools and outside of them. */
  readonly blocks: number;
  readonly liveBytes: number;
  /** Its part of the arenas that it has blocks in: their bytes divided by the stacks in each. */
  readonly pinnedBytes: number;
  readonly arenas: number;
}

const NO_PYTHON: Frame = { file: "", line: 0, function: "[no Python code]" };
const NO_STACKS: Frame = { file: "", line: 0, function: "[no stacks were recorded]" };

/** One total for each stack that has live blocks; most live bytes first. */
export function stackTotals({ trace, replay, stacks }: Recording): StackTotal[] {
  const nobody = trace.info.stacks === "none" ? NO_STACKS : NO_PYTHON;
  const totals = new Map<
    number,
    { blocks: number; liveBytes: number; pinnedBytes: number; arenas: number }
  >();
  const stacksOfArena = new Map<number, Set<number>>();
  for (const { stack, sizeBytes, arena } of liveBlocks(replay)) {
    const total = totals.get(stack) ?? { blocks: 0, liveBytes: 0, pinnedBytes: 0, arenas: 0 };
    total.blocks++;
    total.liveBytes += sizeBytes;
    totals.set(stack, total);
    if (arena === null) continue;
    const there = stacksOfArena.get(arena);
    if (there === undefined) stacksOfArena.set(arena, new Set([stack]));
    else there.add(stack);
  }
  for (const there of stacksOfArena.values()) {
    for (const stack of there) {
      const total = totals.get(stack)!;
      total.pinnedBytes += replay.profile.pymalloc.arenaBytes / there.size;
      total.arenas++;
    }
  }
  return [...totals]
    .map(([stack, { pinnedBytes, ...total }]) => ({
      stack,
      frames: stack === 0 ? [nobody] : stacks.frames(stack).reverse(),
      pinnedBytes: Math.round(pinnedBytes),
      ...total,
    }))
    .sort((a, b) => b.liveBytes - a.liveBytes);
}
