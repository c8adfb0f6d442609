// The blocks of a line that live at the moment, noted before remedies change the heap: which events made them, and their sizes.

import type { Frame } from "@obmalloc/trace";
import { EventSet } from "../history/event-set.ts";
import type { Examination } from "../history/examine.ts";
import { liveByBirth } from "../history/live-by-birth.ts";
import type { StackFlags } from "../what-if/edits.ts";

/** Events at which the live blocks in pools were born. */
export function birthsOfSurvivors({ replay, moment }: Examination): EventSet {
  const { live, arenas, profile } = replay.machine;
  const births = new EventSet(moment.event);
  for (const { linear } of arenas.all())
    for (const record of live.recordsWithin(linear, linear + profile.pymalloc.arenaBytes))
      births.add(replay.machine.birthOf(record));
  return births;
}

/** Requested bytes of the blocks of some stacks that live at the moment, in the order of their births. */
export function sizesOfSurvivors({ replay }: Examination, flags: StackFlags): Uint16Array {
  return liveByBirth(replay.machine, flags, 1)[0]!.sizes;
}

/** The stacks whose innermost line is one of these. */
export function flagsOf({ trace, stacks }: Examination, frames: ReadonlySet<Frame | undefined>): StackFlags {
  const flags = new Uint8Array(trace.tables.nodeCode.length);
  for (let stack = 1; stack < flags.length; stack++)
    if (frames.has(stacks.innermost(stack))) flags[stack] = 1;
  return flags;
}
