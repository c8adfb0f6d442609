// An arena as a row of cells, one for each pool, or for a few of them where the terminal is narrow.

import { formatAddress } from "@obmalloc/abi";
import type { ArenaOccupancy, PoolOccupancy } from "@obmalloc/trace";
import type { Colors, Look } from "./terminal.ts";
import { counted, formatBytes } from "./units.ts";

/** Columns of the address and the blank after it. */
export const PICTURE_MARGIN = 15;
/** Pools of an arena that begins at a multiple of the pool size. */
const POOLS_MAX = 64;
const FIGURES_COLUMNS = 34;

const UNICODE_LEVELS = "▁▂▃▄▅▆▇█";
const ASCII_LEVELS = "123456789#";

/** What is drawn of an arena. */
export type DrawnArena = Pick<ArenaOccupancy, "base" | "blockBytes" | "freePools" | "totalPools"> & {
  readonly pools: readonly DrawnPool[];
};
type DrawnPool = Pick<PoolOccupancy, "state" | "count" | "capacity">;

/** A row for each of the first and the last arenas, and how many there are between them. */
export function* arenaRows(
  arenas: readonly DrawnArena[],
  { first, last }: { readonly first: number; readonly last: number },
  look: Look,
): Generator<string> {
  const left = arenas.length - first - last;
  if (left <= 1) {
    for (const arena of arenas) yield arenaRow(arena, look);
    return;
  }
  for (const arena of arenas.slice(0, first)) yield arenaRow(arena, look);
  yield look.colors.dim(`${" ".repeat(PICTURE_MARGIN)}${counted(left, "arena")} between them (arenas --all)`);
  for (const arena of arenas.slice(arenas.length - last)) yield arenaRow(arena, look);
}

/** One line: address, cells, and where there is room, figures. */
function arenaRow(arena: DrawnArena, look: Look): string {
  const poolsPerCell = Math.ceil(POOLS_MAX / Math.min(POOLS_MAX, look.width - PICTURE_MARGIN));
  const cellCount = Math.ceil(POOLS_MAX / poolsPerCell);
  let cells = "";
  for (let cell = 0; cell < cellCount; cell++) {
    const pools = arena.pools.slice(cell * poolsPerCell, (cell + 1) * poolsPerCell);
    cells += pools.length === 0 ? " " : drawCell(pools, look);
  }
  const address = look.colors.dim(formatAddress(arena.base).padEnd(PICTURE_MARGIN - 1));
  const hasRoom = look.width >= PICTURE_MARGIN + POOLS_MAX + FIGURES_COLUMNS;
  return `${address} ${cells}${hasRoom ? figures(arena) : ""}`.trimEnd();
}

function figures({ blockBytes, freePools, totalPools }: DrawnArena): string {
  return `  ${formatBytes(blockBytes).padStart(10)} live, ${String(freePools).padStart(2)}/${totalPools} pools free`;
}

/** What the characters mean, in one line. */
export function legend({ colors, unicode }: Look): string {
  const levels = unicode ? [...UNICODE_LEVELS] : [...ASCII_LEVELS];
  const shown = levels.map((level, index) => paint(level, (index + 1) / levels.length, colors)).join("");
  return `${shown} used pool, by fill   ${colors.dim(unicode ? "·" : ".")} free pool   blank: never used`;
}

function drawCell(pools: readonly DrawnPool[], { colors, unicode }: Look): string {
  const used = pools.filter((pool) => pool.state === "used" || pool.state === "full");
  if (used.length === 0)
    return pools.every((pool) => pool.state === "uncarved") ? " " : colors.dim(unicode ? "·" : ".");
  const fill = used.reduce((sum, pool) => sum + pool.count / pool.capacity, 0) / pools.length;
  const levels = unicode ? UNICODE_LEVELS : ASCII_LEVELS;
  // Only what is wholly full gets the last level, only what is empty none.
  const level =
    fill >= 1 ? levels.length - 1 : Math.min(levels.length - 2, Math.floor(fill * (levels.length - 1)));
  return paint(levels[level]!, fill, colors);
}

function paint(character: string, fill: number, colors: Colors): string {
  if (fill < 0.25) return colors.red(character);
  return fill < 0.75 ? colors.yellow(character) : colors.green(character);
}
