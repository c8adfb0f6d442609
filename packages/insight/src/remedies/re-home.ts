// Copying survivors: allocate a copy of each block of a line, then free the originals, on the replayed heap as it stands. It
// changes the machine, so it comes last of all that is asked of it.

import type { BlockAddress } from "@obmalloc/abi";
import type { Frame, Pin } from "@obmalloc/trace";
import type { Examination } from "../history/examine.ts";
import type { HistoryMachine } from "../history/history-machine.ts";
import { liveByBirth } from "../history/live-by-birth.ts";

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
export function reHome(examination: Examination, lines: readonly Pin[]): ReHomed[] {
  const { machine } = examination.replay;
  machine.arenas.goOnWithoutRecording();
  const { engine } = machine.current;
  const flags = flagsOfLive(examination, lines);
  return lines.map(({ frame }, line) => {
    const { addresses, sizes } = liveByBirth(machine, flags[line]!);
    const arenasBefore = arenaCount(machine);
    let bytes = 0;
    for (const sizeBytes of sizes) {
      const passing = engine.malloc(sizeBytes + 1);
      engine.malloc(sizeBytes);
      engine.free(passing);
      bytes += sizeBytes;
    }
    for (const linear of addresses) {
      machine.live.end(linear);
      engine.free(linear as BlockAddress);
    }
    return { frame, blocks: sizes.length, bytes, arenasBefore, arenasAfter: arenaCount(machine) };
  });
}

/** For each line, the stacks that it has live blocks from. */
function flagsOfLive({ replay, stacks }: Examination, lines: readonly Pin[]): Uint8Array[] {
  const { byStack } = replay.machine;
  const flags = lines.map(() => new Uint8Array(byStack.length / 2));
  const indexOf = new Map(lines.map(({ frame }, line) => [frame, line]));
  for (let stack = 1; stack * 2 < byStack.length; stack++) {
    const line = byStack[stack * 2 + 1] === 0 ? undefined : indexOf.get(stacks.innermost(stack));
    if (line !== undefined) flags[line]![stack] = 1;
  }
  return flags;
}
