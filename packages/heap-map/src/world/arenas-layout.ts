// Where arenas, pools and blocks lie in the world: arenas in rows, in each a grid of pools, in each a grid of blocks.

import { capacityOf, classBytes, type HeapGeometry, poolsPerArena } from "../tape/heap-tape.ts";
import type { Box, Point } from "./camera.ts";

/** World units. */
const POOL_WIDTH = 100;
const POOL_HEIGHT = 64;
const POOL_GAP = 6;
const ARENA_GAP = 26;
const ARENA_HEAD = 18;
/** Of a pool's height, for its header. */
const HEADER_SHARE = 0.12;
/** Width by height of a block's cell, as near as the number of blocks allows. */
const BLOCK_ASPECT = 3;

export interface BlockGrid {
  readonly columns: number;
  readonly lines: number;
  readonly count: number;
  /** Of a cell with its gap. */
  readonly width: number;
  readonly height: number;
  readonly top: number;
}

export class ArenasLayout {
  readonly geometry: HeapGeometry;
  readonly rows: number;
  /** Pools of an arena, and side by side in it. */
  readonly pools: number;
  readonly poolColumns: number;
  readonly arenaColumns: number;
  readonly arenaWidth: number;
  readonly arenaHeight: number;
  readonly bounds: Box;
  private readonly grids = new Map<number, BlockGrid>();

  /**
   * @param aspect width by height of the canvas.
   * @param closeUp so many pools, the first ones of an arena, have to lie together well; 0 for all.
   */
  constructor(geometry: HeapGeometry, rows: number, aspect: number, closeUp = 0) {
    this.geometry = geometry;
    this.rows = rows;
    this.pools = poolsPerArena(geometry);
    const whole = aspect < 1.2 ? 8 : 16;
    const few = Math.ceil(Math.sqrt((closeUp * aspect * POOL_HEIGHT) / POOL_WIDTH));
    this.poolColumns = Math.min(this.pools, closeUp === 0 ? whole : Math.max(1, Math.min(whole, few)));
    const lines = Math.ceil(this.pools / this.poolColumns);
    this.arenaWidth = this.poolColumns * POOL_WIDTH;
    this.arenaHeight = lines * POOL_HEIGHT + ARENA_HEAD;
    const stepX = this.arenaWidth + ARENA_GAP;
    const stepY = this.arenaHeight + ARENA_GAP;
    this.arenaColumns = bestColumns(rows, stepX, stepY, aspect);
    this.bounds = {
      x: 0,
      y: 0,
      width: this.arenaColumns * stepX - ARENA_GAP,
      height: Math.max(1, Math.ceil(rows / this.arenaColumns)) * stepY - ARENA_GAP,
    };
  }

  arena(row: number): Box {
    return {
      x: (row % this.arenaColumns) * (this.arenaWidth + ARENA_GAP),
      y: Math.floor(row / this.arenaColumns) * (this.arenaHeight + ARENA_GAP),
      width: this.arenaWidth,
      height: this.arenaHeight,
    };
  }

  pool(pool: number): Box {
    const row = Math.floor(pool / this.pools);
    const index = pool - row * this.pools;
    const arena = this.arena(row);
    return {
      x: arena.x + (index % this.poolColumns) * POOL_WIDTH,
      y: arena.y + ARENA_HEAD + Math.floor(index / this.poolColumns) * POOL_HEIGHT,
      width: POOL_WIDTH - POOL_GAP,
      height: POOL_HEIGHT - POOL_GAP,
    };
  }

  header(pool: number): Box {
    const { x, y, width, height } = this.pool(pool);
    return { x, y, width, height: height * HEADER_SHARE };
  }

  /** How the blocks of a class lie in a pool. */
  grid(szidx: number): BlockGrid {
    let grid = this.grids.get(szidx);
    if (grid === undefined) {
      const count = capacityOf(classBytes(szidx, this.geometry), this.geometry);
      const top = (POOL_HEIGHT - POOL_GAP) * HEADER_SHARE;
      const width = POOL_WIDTH - POOL_GAP;
      const height = POOL_HEIGHT - POOL_GAP - top;
      const columns = Math.max(1, Math.round(Math.sqrt((count * width) / height / BLOCK_ASPECT)));
      const lines = Math.ceil(count / columns);
      grid = { columns, lines, count, width: width / columns, height: height / lines, top };
      this.grids.set(szidx, grid);
    }
    return grid;
  }

  block(pool: number, szidx: number, block: number): Box {
    const { columns, width, height, top } = this.grid(szidx);
    const { x, y } = this.pool(pool);
    return {
      x: x + (block % columns) * width,
      y: y + top + Math.floor(block / columns) * height,
      width,
      height,
    };
  }

  /** The rows of arenas that a part of the world touches: from, and up to. */
  rowsIn(view: Box): { readonly from: number; readonly to: number } {
    const stepY = this.arenaHeight + ARENA_GAP;
    const first = Math.max(0, Math.floor(view.y / stepY)) * this.arenaColumns;
    const last = (Math.floor((view.y + view.height) / stepY) + 1) * this.arenaColumns;
    return { from: Math.min(first, this.rows), to: Math.max(0, Math.min(last, this.rows)) };
  }

  /** The row at a point, or -1. */
  rowAt({ x, y }: Point): number {
    const column = Math.floor(x / (this.arenaWidth + ARENA_GAP));
    const line = Math.floor(y / (this.arenaHeight + ARENA_GAP));
    const row = line * this.arenaColumns + column;
    if (x < 0 || y < 0 || column >= this.arenaColumns || row >= this.rows) return -1;
    const box = this.arena(row);
    return x < box.x + box.width && y < box.y + box.height ? row : -1;
  }

  /** The pool at a point, or -1. */
  poolAt(point: Point): number {
    const row = this.rowAt(point);
    if (row < 0) return -1;
    const arena = this.arena(row);
    const column = Math.floor((point.x - arena.x) / POOL_WIDTH);
    const line = Math.floor((point.y - arena.y - ARENA_HEAD) / POOL_HEIGHT);
    const index = line * this.poolColumns + column;
    if (line < 0 || column >= this.poolColumns || index >= this.pools) return -1;
    return row * this.pools + index;
  }

  /** The block of a pool at a point: its index, -1 for the header, undefined beside them. */
  blockAt(pool: number, szidx: number, point: Point): number | undefined {
    const { columns, width, height, top, count } = this.grid(szidx);
    const box = this.pool(pool);
    if (point.x >= box.x + box.width || point.y >= box.y + box.height) return undefined;
    if (point.y < box.y + top) return -1;
    const column = Math.min(columns - 1, Math.floor((point.x - box.x) / width));
    const block = Math.floor((point.y - box.y - top) / height) * columns + column;
    return block < count ? block : undefined;
  }
}

/** The number of columns that leaves the largest scale for a canvas of this aspect. */
function bestColumns(count: number, stepX: number, stepY: number, aspect: number): number {
  let best = 1;
  let bestScale = 0;
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const scale = Math.min(aspect / (columns * stepX), 1 / (Math.ceil(count / columns) * stepY));
    if (scale <= bestScale) continue;
    best = columns;
    bestScale = scale;
  }
  return best;
}
