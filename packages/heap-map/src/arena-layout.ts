// Where each arena and each pool lies in the picture: strips of cells, as many side by side as fit.

export interface ArenaLayout {
  /** CSS pixels of a cell. */
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** Arenas side by side. */
  readonly columns: number;
  readonly rows: number;
  readonly height: number;
}

const GAP = 6;
const LARGEST_CELL = 14;
const SMALLEST_CELL = 1;

/**
 * The largest cells with which `arenas` strips of `pools` cells fit into `width` and `heightMax`; with the smallest cells the
 * picture becomes higher instead. `zoom` makes them so much larger.
 */
export function layoutArenas(
  arenas: number,
  pools: number,
  width: number,
  heightMax: number,
  zoom: number,
): ArenaLayout {
  let chosen = layoutWith(arenas, pools, width, SMALLEST_CELL);
  for (let cell = LARGEST_CELL; cell >= SMALLEST_CELL; cell--) {
    const layout = layoutWith(arenas, pools, width, cell);
    if (layout.height > heightMax || layout.columns * (pools * cell + GAP) - GAP > width) continue;
    chosen = layout;
    break;
  }
  return zoom === 1 ? chosen : layoutWith(arenas, pools, width, Math.min(40, chosen.cellWidth * zoom));
}

function layoutWith(arenas: number, pools: number, width: number, cell: number): ArenaLayout {
  const strip = pools * cell + GAP;
  const columns = Math.max(1, Math.floor((width + GAP) / strip));
  const cellWidth = Math.min(cell, Math.max(0.5, width / pools));
  const cellHeight = Math.max(3, cell + 2);
  const rows = Math.ceil(arenas / columns);
  return { cellWidth, cellHeight, columns, rows, height: rows * (cellHeight + 2) + 2 };
}

/** The upper left corner of a cell. */
export function cellAt(layout: ArenaLayout, pools: number, arena: number, pool: number) {
  const column = arena % layout.columns;
  const row = Math.floor(arena / layout.columns);
  return {
    x: column * (pools * layout.cellWidth + GAP) + pool * layout.cellWidth,
    y: row * (layout.cellHeight + 2),
  };
}

/** The cell at a point of the picture; undefined between arenas and beyond them. */
export function cellFromPoint(layout: ArenaLayout, arenas: number, pools: number, x: number, y: number) {
  const strip = pools * layout.cellWidth + GAP;
  const column = Math.floor(x / strip);
  const row = Math.floor(y / (layout.cellHeight + 2));
  const pool = Math.floor((x - column * strip) / layout.cellWidth);
  const arena = row * layout.columns + column;
  if (x < 0 || y < 0 || column >= layout.columns || pool < 0 || pool >= pools || arena >= arenas)
    return undefined;
  return { arena, pool };
}
