// The occupancy as text: what the bytes of all arenas are used for, then a picture of them.

import type { ArenaOccupancy } from "@obmalloc/trace";
import { arenaRows, legend, PICTURE_MARGIN } from "../shared/arena-picture.ts";
import { type ArenaSizes, barRow, memoryUseRows } from "../shared/memory-use.ts";
import type { Look } from "../shared/terminal.ts";
import { counted, formatBytes } from "../shared/units.ts";

export interface Drawn {
  readonly arenas: readonly ArenaOccupancy[];
  readonly sizes: ArenaSizes;
  /** The moment's name. */
  readonly moment: string;
  /** Draw every arena. */
  readonly all: boolean;
}

/** With more arenas than this, only the first and the last of them are drawn, and a histogram stands for all. */
const DRAWN_MAX = 24;
const DRAWN_ENDS = { first: 12, last: 4 };

export function* arenasText({ arenas, sizes, moment, all }: Drawn, look: Look): Generator<string> {
  const total = `${counted(arenas.length, "arena")} (${formatBytes(arenas.length * sizes.arenaBytes)})`;
  yield look.colors.bold(`At ${moment}: ${total}`);
  if (arenas.length === 0) return;
  yield* memoryUseRows(arenas, sizes, look);
  const isMany = arenas.length > DRAWN_MAX;
  if (isMany) yield* histogram(arenas, sizes.arenaBytes, look);
  yield "";
  yield* arenaRows(arenas, all || !isMany ? { first: arenas.length, last: 0 } : DRAWN_ENDS, look);
  yield "";
  yield `${" ".repeat(PICTURE_MARGIN)}${legend(look)}`;
}

const STEPS: readonly (readonly [belowShare: number, name: string])[] = [
  [0.01, "under 1 %"],
  [0.1, "1 to 10 %"],
  [0.25, "10 to 25 %"],
  [0.5, "25 to 50 %"],
  [0.75, "50 to 75 %"],
  [Number.POSITIVE_INFINITY, "75 % and more"],
];

/** How many arenas are how full of live blocks. */
function* histogram(arenas: readonly ArenaOccupancy[], arenaBytes: number, look: Look): Generator<string> {
  const counts = STEPS.map(() => 0);
  for (const arena of arenas) counts[STEPS.findIndex(([below]) => arena.blockBytes / arenaBytes < below)]!++;
  yield "";
  yield "Arenas by how much of them is live blocks:";
  for (const [index, [, name]] of STEPS.entries()) {
    yield barRow(name, String(counts[index]), counts[index]! / arenas.length, look);
  }
}
