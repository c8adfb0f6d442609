// Copying survivors: allocate a copy of each block of a line, then free the originals, on the replayed heap as it stands. It
// changes the machine, so it comes last of all that is asked of it.

import type { BlockAddress } from "@obmalloc/abi";
import type { Frame, Pin, Stacks } from "@obmalloc/trace";
import type { Examination } from "../history/examine.ts";
import type { HistoryMachine } from "../history/history-machine.ts";

/** Arenas of all interpreters. */
export function arenaCount(machine: HistoryMachine): number {
  let count = 0;
  for (const { heap } of machine.allHeaps()) count += heap.arenaCount;
  return count;
}

/** After copies of the blocks of one more line, on top of those before. */
export interface ReHomed {
  readonly frame: Frame | undefined;
  readonly blocks: number;
  readonly bytes: number;
  readonly arenasBefore: number;
  readonly arenasAfter: number;
}

/**
 * Re-homes the blocks of each line, one line after the other, in the order of their births, as a copied list does. The
 * examination's machine is changed: nothing more can be asked of it.
 */
export function reHome({ replay, stacks }: Examination, lines: readonly Pin[]): ReHomed[] {
  const { machine } = replay;
  machine.arenas.goOnWithoutRecording();
  const { engine } = machine.current;
  const found = blocksOfLines(machine, stacks, lines);
  return lines.map(({ frame }) => {
    const blocks = found.get(frame) ?? [];
    const arenasBefore = arenaCount(machine);
    let bytes = 0;
    for (const { sizeBytes } of blocks) {
      const passing = engine.malloc(sizeBytes + 1);
      engine.malloc(sizeBytes);
      engine.free(passing);
      bytes += sizeBytes;
    }
    for (const { linear } of blocks) {
      machine.live.sizes[linear >>> 4] = 0;
      engine.free(linear as BlockAddress);
    }
    return { frame, blocks: blocks.length, bytes, arenasBefore, arenasAfter: arenaCount(machine) };
  });
}

interface Block {
  readonly linear: number;
  readonly sizeBytes: number;
  readonly bornAt: number;
}

/** Live blocks in arenas of each of some lines, by the event of their birth. */
function blocksOfLines(
  machine: HistoryMachine,
  stacks: Stacks,
  lines: readonly Pin[],
): Map<Frame | undefined, Block[]> {
  const { live, arenas, profile } = machine;
  const found = new Map<Frame | undefined, Block[]>(lines.map(({ frame }) => [frame, []]));
  const known = new Map<number, Block[] | undefined>();
  for (const arena of arenas.all()) {
    for (const linear of live.within(arena.linear, arena.linear + profile.pymalloc.arenaBytes)) {
      const stack = live.stackAt(linear);
      if (!known.has(stack)) known.set(stack, found.get(stacks.innermost(stack)));
      known.get(stack)?.push({ linear, sizeBytes: live.sizeAt(linear), bornAt: machine.bornAt(linear) });
    }
  }
  for (const blocks of found.values()) blocks.sort((a, b) => a.bornAt - b.bornAt);
  return found;
}
