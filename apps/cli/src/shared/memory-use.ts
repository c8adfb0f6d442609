// What the bytes of all arenas are used for, as rows with bars; the rows add up to the total.

import type { ArenaOccupancy } from "@obmalloc/trace";
import { bar } from "./bar.ts";
import type { Look } from "./terminal.ts";
import { formatBytes, formatPercent } from "./units.ts";

export interface ArenaSizes {
  readonly arenaBytes: number;
  readonly poolBytes: number;
}

const BAR_COLUMNS = 24;

export function* memoryUseRows(
  arenas: readonly ArenaOccupancy[],
  { arenaBytes, poolBytes }: ArenaSizes,
  look: Look,
): Generator<string> {
  const total = arenas.length * arenaBytes;
  const pools = arenas.flatMap((arena) => arena.pools);
  const live = arenas.reduce((sum, arena) => sum + arena.blockBytes, 0);
  const free = pools.filter((pool) => pool.state === "free").length * poolBytes;
  const uncarved = pools.filter((pool) => pool.state === "uncarved").length * poolBytes;
  yield barRow("live blocks", formatBytes(live), live / total, look);
  const rest = total - live - free - uncarved;
  yield barRow("free inside used pools", formatBytes(rest), rest / total, look);
  yield barRow("free pools", formatBytes(free), free / total, look);
  yield barRow("pools never used", formatBytes(uncarved), uncarved / total, look);
}

/** A name, a figure, and what share of the whole it is. */
export function barRow(name: string, figure: string, share: number, { colors, unicode }: Look): string {
  const text = `   ${name.padEnd(23)} ${figure.padStart(10)} ${formatPercent(share).padStart(6)}`;
  return `${text}  ${colors.cyan(bar(share, BAR_COLUMNS, unicode))}`.trimEnd();
}
