// The occupancy as text: what the bytes of all arenas are used for, then a picture of them.

import type { ArenaOccupancy } from "@obmalloc/trace";
import { arenaRow, legend, PICTURE_MARGIN } from "../shared/arena-picture.ts";
import { bar } from "../shared/bar.ts";
import type { Look } from "../shared/terminal.ts";
import { counted, formatBytes, formatPercent } from "../shared/units.ts";

export interface Drawn {
  readonly arenas: readonly ArenaOccupancy[];
  readonly arenaBytes: number;
  readonly poolBytes: number;
  /** The moment's name. */
  readonly moment: string;
  /** Draw every arena. */
  readonly all: boolean;
}

/** With more arenas than this, only the first and the last of them are drawn, and a histogram stands for all. */
const DRAWN_MAX = 24;
const DRAWN_FIRST = 12;
const DRAWN_LAST = 4;
const BAR_COLUMNS = 24;

export function* arenasText(drawn: Drawn, look: Look): Generator<string> {
  const { arenas, arenaBytes, all, moment } = drawn;
  const total = `${counted(arenas.length, "arena")} (${formatBytes(arenas.length * arenaBytes)})`;
  yield look.colors.bold(`At ${moment}: ${total}`);
  if (arenas.length === 0) return;
  yield* useRows(drawn, look);
  if (arenas.length > DRAWN_MAX) yield* histogram(drawn, look);
  yield "";
  yield* picture(arenas, all || arenas.length <= DRAWN_MAX, look);
  yield "";
  yield `${" ".repeat(PICTURE_MARGIN)}${legend(look)}`;
}

/** The bytes of all arenas by use; the rows add up to the total. */
function* useRows({ arenas, arenaBytes, poolBytes }: Drawn, { colors, unicode }: Look): Generator<string> {
  const total = arenas.length * arenaBytes;
  const pools = arenas.flatMap((arena) => arena.pools);
  const live = arenas.reduce((sum, arena) => sum + arena.blockBytes, 0);
  const free = pools.filter((pool) => pool.state === "free").length * poolBytes;
  const uncarved = pools.filter((pool) => pool.state === "uncarved").length * poolBytes;
  const rows: [string, number][] = [
    ["live blocks", live],
    ["free inside used pools", total - live - free - uncarved],
    ["free pools", free],
    ["pools never used", uncarved],
  ];
  for (const [name, bytes] of rows) {
    const figures = `${formatBytes(bytes).padStart(10)} ${formatPercent(bytes / total).padStart(6)}`;
    yield `  ${name.padEnd(23)} ${figures}  ${colors.cyan(bar(bytes / total, BAR_COLUMNS, unicode))}`.trimEnd();
  }
}

const STEPS: readonly [belowShare: number, name: string][] = [
  [0.01, "under 1 %"],
  [0.1, "1 to 10 %"],
  [0.25, "10 to 25 %"],
  [0.5, "25 to 50 %"],
  [0.75, "50 to 75 %"],
  [Number.POSITIVE_INFINITY, "75 % and more"],
];

/** How many arenas are how full of live blocks. */
function* histogram({ arenas, arenaBytes }: Drawn, { colors, unicode }: Look): Generator<string> {
  const counts = STEPS.map(() => 0);
  for (const arena of arenas) counts[STEPS.findIndex(([below]) => arena.blockBytes / arenaBytes < below)]!++;
  yield "";
  yield "Arenas by how much of them is live blocks:";
  for (const [index, [, name]] of STEPS.entries()) {
    const share = counts[index]! / arenas.length;
    yield `  ${name.padEnd(23)} ${String(counts[index]).padStart(10)} ${formatPercent(share).padStart(6)}  ${colors.cyan(bar(share, BAR_COLUMNS, unicode))}`.trimEnd();
  }
}

function* picture(arenas: readonly ArenaOccupancy[], all: boolean, look: Look): Generator<string> {
  const first = all ? arenas : arenas.slice(0, DRAWN_FIRST);
  for (const arena of first) yield arenaRow(arena, look);
  if (all) return;
  const left = arenas.length - DRAWN_FIRST - DRAWN_LAST;
  yield look.colors.dim(
    `${" ".repeat(PICTURE_MARGIN)}${counted(left, "arena")} between them: --all draws them too`,
  );
  for (const arena of arenas.slice(-DRAWN_LAST)) yield arenaRow(arena, look);
}
