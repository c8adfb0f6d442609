// Copying survivors: allocate a copy of each block of a line, then free the originals, on the replayed heap as it stands. It
// changes the machine, so it comes last of all that is asked of it.

import type { BlockAddress } from "@obmalloc/abi";
import type { PyMalloc } from "@obmalloc/pymalloc";
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
  const found = liveByBirth(machine, linesOfLive(examination, lines), lines.length); // copies are in none of them
  return lines.map(({ frame }, line) => {
    const { addresses, sizes } = found[line]!;
    const arenasBefore = arenaCount(machine);
    const bytes = copyEach(engine, sizes);
    freeEach(machine, addresses);
    return { frame, blocks: sizes.length, bytes, arenasBefore, arenasAfter: arenaCount(machine) };
  });
}

/** Allocates a block of each size, as copying does it; their bytes. */
function copyEach(engine: PyMalloc, sizes: Uint16Array): number {
  let bytes = 0;
  for (let index = 0; index < sizes.length; index++) {
    const sizeBytes = sizes[index]!;
    const passing = engine.malloc(sizeBytes + 1);
    engine.malloc(sizeBytes);
    engine.free(passing);
    bytes += sizeBytes;
  }
  return bytes;
}

/** Frees the blocks that live at these addresses. */
function freeEach({ live, current }: HistoryMachine, addresses: Uint32Array): void {
  for (let index = 0; index < addresses.length; index++) {
    live.end(addresses[index]!);
    current.engine.free(addresses[index] as BlockAddress);
  }
}

/** By stack: which of the lines it ends in, counted from 1, if it has live blocks. */
function linesOfLive({ replay, stacks }: Examination, lines: readonly Pin[]): Uint8Array {
  const { byStack } = replay.machine;
  const lineOf = new Uint8Array(byStack.length / 2);
  const numberOf = new Map(lines.map(({ frame }, line) => [frame, line + 1]));
  for (let stack = 1; stack * 2 < byStack.length; stack++)
    if (byStack[stack * 2 + 1] !== 0) lineOf[stack] = numberOf.get(stacks.innermost(stack)) ?? 0;
  return lineOf;
}
