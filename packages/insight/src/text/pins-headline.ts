// What holds the memory, in one sentence.

import type { Pin, TraceReader } from "@obmalloc/trace";
import { shortFrameText } from "./frame-text.ts";
import { counted, formatBytes } from "./units.ts";

/** Stands where a line would, for blocks that no Python code asked for. */
export const NO_FRAME = "no Python code";

/** The same for a recording that may have no stacks at all. */
export const noFrameText = ({ info }: TraceReader): string =>
  info.stacks === "none" ? "unknown: there are no stacks" : NO_FRAME;

/** About the first of the pins, without a full stop where something may be added. */
export function pinsHeadline(found: readonly Pin[]): string {
  const top = found[0];
  if (top === undefined) return "There is no live block in an arena.";
  const where = top.frame === undefined ? NO_FRAME : shortFrameText(top.frame);
  if (top.arenas === 0) {
    const shared = `${counted(top.sharedArenas, "arena")}, ${formatBytes(top.sharedBytes)} of them by its share`;
    return `No line keeps an arena alone; ${where} has blocks in ${shared}.`;
  }
  const verb = top.arenas === 1 ? "is" : "are";
  const held = `${counted(top.arenas, "arena")} (${formatBytes(top.heldBytes)}) ${verb} kept alive`;
  return `${held} by ${formatBytes(top.liveBytes)} of blocks from ${where}`;
}
