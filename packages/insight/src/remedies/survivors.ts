// The blocks of a line that live at the moment, noted before remedies change the heap: which events made them, and their sizes.

import type { Frame } from "@obmalloc/trace";
import type { Examination } from "../history/examine.ts";
import type { StackFlags } from "../what-if/edits.ts";

/** A set of event numbers, one bit each. */
export class EventSet {
  private readonly bits: Uint32Array;

  constructor(events: number) {
    this.bits = new Uint32Array((events >>> 5) + 1);
  }

  add(event: number): void {
    this.bits[event >>> 5]! |= 1 << (event & 31);
  }

  readonly has = (event: number): boolean => ((this.bits[event >>> 5] ?? 0) & (1 << (event & 31))) !== 0;
}

/** Events at which the live blocks in pools were born. */
export function birthsOfSurvivors({ replay, moment }: Examination): EventSet {
  const { machine } = replay;
  const births = new EventSet(moment.event);
  for (const arena of machine.arenas.all()) {
    for (const linear of machine.live.within(
      arena.linear,
      arena.linear + machine.profile.pymalloc.arenaBytes,
    ))
      births.add(machine.bornAt(linear));
  }
  return births;
}

/** Requested bytes of the blocks of some stacks that live at the moment, in the order of their births. */
export function sizesOfSurvivors({ replay }: Examination, flags: StackFlags): number[] {
  const { machine } = replay;
  const found: { sizeBytes: number; bornAt: number }[] = [];
  for (const arena of machine.arenas.all()) {
    for (const linear of machine.live.within(
      arena.linear,
      arena.linear + machine.profile.pymalloc.arenaBytes,
    )) {
      if (flags[machine.live.stackAt(linear)] !== 1) continue;
      found.push({ sizeBytes: machine.live.sizeAt(linear), bornAt: machine.bornAt(linear) });
    }
  }
  return found.sort((a, b) => a.bornAt - b.bornAt).map((one) => one.sizeBytes);
}

/** The stacks whose innermost line is one of these. */
export function flagsOf({ trace, stacks }: Examination, frames: ReadonlySet<Frame | undefined>): StackFlags {
  const flags = new Uint8Array(trace.tables.nodeCode.length);
  for (let stack = 1; stack < flags.length; stack++)
    if (frames.has(stacks.innermost(stack))) flags[stack] = 1;
  return flags;
}
