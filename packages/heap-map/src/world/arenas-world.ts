// A heap of arenas as a world: from the process down to the bytes of a block.

import type { ArenaHeap } from "../tape/arena-heap.ts";
import { PoolKind } from "../tape/arena-heap.ts";
import { ABSENT } from "../tape/heap-tape.ts";
import { drawArenas } from "./arenas-draw.ts";
import { type ArenasScene, fillArenas, showsBlocks, showsPools, summarizing } from "./arenas-fill.ts";
import { ArenasLayout } from "./arenas-layout.ts";
import { arenasLegend, arenaTwins, describeThing } from "./arenas-text.ts";
import type { Box, Camera, Point } from "./camera.ts";
import type { Inks } from "./inks.ts";
import { PoolSummaries } from "./pool-summaries.ts";
import { drawFrame } from "./strokes.ts";
import type { Brush, Coloring, Description, LegendEntry, TextTwin, Thing, World } from "./world.ts";

const HEIGHT_MAX = 560;
const HEIGHT_MIN = 150;
/** At this scale the bytes of the smallest blocks can be read. */
const SCALE_MAX = 260;

export interface ArenasOptions {
  /** Events from the first to the last moment, for colours by age. */
  readonly span: number;
  readonly width: number;
  /** Pools to begin with, instead of everything. */
  readonly focusPools?: readonly number[];
  readonly heightMax?: number;
}

export class ArenasWorld implements World {
  readonly height: number;
  readonly scaleMax = SCALE_MAX;
  private readonly scene: ArenasScene;
  private readonly focusPools: readonly number[];

  constructor(heap: ArenaHeap, { span, width, focusPools = [], heightMax = HEIGHT_MAX }: ArenasOptions) {
    const narrowest = Math.min(heightMax, Math.max(260, width * 1.15));
    const aspect = width / narrowest;
    const layout = new ArenasLayout(heap.geometry, heap.rows, aspect, focusPools.length);
    this.scene = { heap, layout, summaries: new PoolSummaries(heap), span };
    this.focusPools = focusPools;
    const { width: w, height: h } = this.focus ?? layout.bounds;
    this.height = Math.round(Math.max(HEIGHT_MIN, Math.min(narrowest, (width * h) / w + 8)));
  }

  get bounds(): Box {
    return this.scene.layout.bounds;
  }

  get focus(): Box | undefined {
    const boxes = this.focusPools.map((pool) => this.scene.layout.pool(pool));
    if (boxes.length === 0) return undefined;
    const x = Math.min(...boxes.map((box) => box.x));
    const y = Math.min(...boxes.map((box) => box.y));
    const right = Math.max(...boxes.map((box) => box.x + box.width));
    const bottom = Math.max(...boxes.map((box) => box.y + box.height));
    return { x, y, width: right - x, height: bottom - y };
  }

  preparing(camera: Camera, coloring: Coloring): Generator<void, void> {
    return summarizing(this.scene, camera, coloring);
  }

  fill(brush: Brush): void {
    fillArenas(this.scene, brush);
  }

  draw(brush: Brush): void {
    drawArenas(this.scene, brush);
    const box = brush.chosen === undefined ? undefined : this.box(brush.chosen);
    if (box !== undefined) drawFrame(brush, brush.camera.toCanvas(box));
  }

  at(point: Point, scale: number): Thing | undefined {
    const { layout, heap } = this.scene;
    const row = layout.rowAt(point);
    if (row < 0) return undefined;
    const pool = layout.poolAt(point);
    if (pool < 0 || !showsPools(layout, scale)) return { level: "arena", row };
    if (heap.kinds[pool] === PoolKind.absent) return { level: "arena", row };
    if (!showsBlocks(this.scene, pool, scale)) return { level: "pool", pool };
    const block = layout.blockAt(pool, heap.classes[pool]!, point);
    if (block === undefined) return { level: "pool", pool };
    return block < 0 ? { level: "header", pool } : { level: "block", pool, block };
  }

  next(from: Thing | undefined, by: number, scale: number): Thing | undefined {
    const { heap, layout } = this.scene;
    if (heap.rows === 0) return undefined;
    if (!showsPools(layout, scale)) {
      const row = from === undefined ? 0 : this.rowOf(from) + by;
      return { level: "arena", row: Math.max(0, Math.min(heap.rows - 1, row)) };
    }
    const pool = this.poolOf(from) ?? this.stepPool(-1, 1);
    if (pool === undefined) return undefined;
    if (from === undefined) return { level: "pool", pool };
    if (!showsBlocks(this.scene, pool, scale)) {
      const isHere = from.level === "pool";
      return { level: "pool", pool: isHere ? (this.stepPool(pool, by) ?? pool) : pool };
    }
    return this.stepBlock(pool, from, by);
  }

  box(thing: Thing): Box | undefined {
    const { layout, heap } = this.scene;
    if (thing.level === "arena") return thing.row < heap.rows ? layout.arena(thing.row) : undefined;
    if (!("pool" in thing) || thing.pool >= heap.kinds.length) return undefined;
    if (thing.level === "pool") return layout.pool(thing.pool);
    const szidx = heap.classes[thing.pool]!;
    if (szidx === ABSENT) return layout.pool(thing.pool);
    return thing.level === "header"
      ? layout.header(thing.pool)
      : layout.block(thing.pool, szidx, Math.min(thing.block, layout.grid(szidx).count - 1));
  }

  describe(thing: Thing): Description | undefined {
    return describeThing(this.scene, thing);
  }

  find(address: number): Thing | undefined {
    const { heap, layout } = this.scene;
    const { poolBytes } = heap.geometry;
    for (let row = 0; row < heap.rows; row++) {
      const first = heap.poolAddress(row * heap.poolsPerArena);
      const index = Math.floor((address - first) / poolBytes);
      if (index < 0 || index >= heap.poolsPerArena) continue;
      const pool = row * heap.poolsPerArena + index;
      const szidx = heap.classes[pool]!;
      if (heap.kinds[pool] === PoolKind.absent) return undefined;
      const offset = address - heap.poolAddress(pool) - heap.geometry.headerBytes;
      if (szidx === ABSENT || !heap.hasBlocks) return { level: "pool", pool };
      if (offset < 0) return { level: "header", pool };
      const block = Math.floor(offset / ((szidx + 1) * heap.geometry.alignmentBytes));
      return block < layout.grid(szidx).count ? { level: "block", pool, block } : { level: "pool", pool };
    }
    return undefined;
  }

  legend(coloring: Coloring, inks: Inks, scale: number): readonly LegendEntry[] {
    return arenasLegend(this.scene, coloring, inks, scale);
  }

  twins(): readonly TextTwin[] {
    return arenaTwins(this.scene, this.focusPools);
  }

  private rowOf(thing: Thing): number {
    if (thing.level === "arena") return thing.row;
    return "pool" in thing ? Math.floor(thing.pool / this.scene.heap.poolsPerArena) : 0;
  }

  private poolOf(thing: Thing | undefined): number | undefined {
    if (thing === undefined) return undefined;
    if (thing.level === "arena") return this.stepPool(thing.row * this.scene.heap.poolsPerArena - 1, 1);
    return "pool" in thing ? thing.pool : undefined;
  }

  /** The next pool of a mapped arena. */
  private stepPool(from: number, by: number): number | undefined {
    const { kinds } = this.scene.heap;
    let found: number | undefined;
    const direction = Math.sign(by);
    let left = Math.abs(by);
    for (let pool = from + direction; pool >= 0 && pool < kinds.length && left > 0; pool += direction) {
      if (kinds[pool] === PoolKind.absent) continue;
      found = pool;
      left--;
    }
    return found;
  }

  private stepBlock(pool: number, from: Thing, by: number): Thing {
    const { heap, layout } = this.scene;
    const last = layout.grid(heap.classes[pool]!).count - 1;
    const at = from.level === "block" ? from.block : from.level === "header" ? -1 : -1 - by;
    const block = at + by;
    if (block === -1) return { level: "header", pool };
    if (block >= 0 && block <= last) return { level: "block", pool, block };
    const next = this.stepPool(pool, Math.sign(by));
    if (next === undefined) return from;
    const nextClass = heap.classes[next]!;
    if (by > 0 || nextClass === ABSENT)
      return { level: nextClass === ABSENT ? "pool" : "header", pool: next };
    return { level: "block", pool: next, block: layout.grid(nextClass).count - 1 };
  }
}
