// Fills the raster with arenas: each as fine as there is room for, down to its blocks.

import { type ArenaHeap, BlockKind, PoolKind } from "../tape/arena-heap.ts";
import { ABSENT } from "../tape/heap-tape.ts";
import type { ArenasLayout } from "./arenas-layout.ts";
import type { Box, Camera } from "./camera.ts";
import type { Inks } from "./inks.ts";
import { NO_BLOCKS, type PoolSummaries, SEVERAL } from "./pool-summaries.ts";
import { mix } from "./raster.ts";
import type { Brush, Coloring } from "./world.ts";

/** CSS pixels from which an arena is drawn as pools. */
const POOLS_FROM = 40;
/** Square CSS pixels of a block's cell from which a pool is drawn as blocks. */
const BLOCKS_FROM = 2.4;
/** The scale from which blocks that were never handed out are told from free ones. */
export const FRESH_FROM = 1;
/** CSS pixels of a block's cell from which there is a gap beside it. */
const GAP_FROM = 5;
/** Of its colour, what is left of blocks beside the ones that are singled out. */
const DIMMED = 0.78;
/** Of its colour, what is left of free memory that a line keeps. */
const HELD_PALE = 0.7;

/** What is drawn, and in which colours. */
export interface ArenasScene {
  readonly heap: ArenaHeap;
  readonly layout: ArenasLayout;
  readonly summaries: PoolSummaries;
  /** The longest time that something has lived, for colours by age. */
  readonly span: number;
}

export const showsPools = ({ arenaWidth }: ArenasLayout, scale: number): boolean =>
  arenaWidth * scale >= POOLS_FROM;

export function showsBlocks({ heap, layout }: ArenasScene, pool: number, scale: number): boolean {
  const szidx = heap.classes[pool]!;
  if (szidx === ABSENT || !heap.hasBlocks) return false;
  const { width, height } = layout.grid(szidx);
  return width * height * scale * scale >= BLOCKS_FROM;
}

/** Finds out, in slices, what the pools in view have in common, where they are drawn as wholes. */
export function* summarizing(
  { heap, layout, summaries }: ArenasScene,
  camera: Camera,
  coloring: Coloring,
): Generator<void, void> {
  if (!heap.hasBlocks || coloring === "occupancy" || coloring === "class") return;
  const { from, to } = layout.rowsIn(camera.view());
  for (let row = from; row < to; row++) {
    if (coloring === "age") {
      for (let index = 0; index < heap.poolsPerArena; index++)
        summaries.age(row * heap.poolsPerArena + index, heap.event);
    } else summaries.arenaLine(row);
    yield;
  }
}

export function fillArenas(scene: ArenasScene, brush: Brush): void {
  const { layout, heap } = scene;
  const { camera, raster, ratio } = brush;
  const view = camera.view();
  const { from, to } = layout.rowsIn(view);
  const isFine = showsPools(layout, camera.scale);
  for (let row = from; row < to; row++) {
    const box = layout.arena(row);
    if (box.x > view.x + view.width || box.x + box.width < view.x) continue;
    if (isFine) {
      for (let index = 0; index < heap.poolsPerArena; index++)
        fillPool(scene, brush, row * heap.poolsPerArena + index);
    } else {
      const color = arenaColor(scene, brush, row);
      if (color !== undefined) raster.fillBox(scaled(camera.toCanvas(box), ratio), 0, color);
    }
  }
}

const scaled = ({ x, y, width, height }: Box, ratio: number): Box => ({
  x: x * ratio,
  y: y * ratio,
  width: width * ratio,
  height: height * ratio,
});

function fillPool(scene: ArenasScene, brush: Brush, pool: number): void {
  const { heap, layout } = scene;
  const { camera, raster, ratio, inks } = brush;
  const kind = heap.kinds[pool]!;
  if (kind === PoolKind.absent) return;
  const box = scaled(camera.toCanvas(layout.pool(pool)), ratio);
  if (box.x > raster.width || box.y > raster.height || box.x + box.width < 0 || box.y + box.height < 0)
    return;
  const isBlank = kind === PoolKind.uncarved || kind === PoolKind.free;
  if (!isBlank && showsBlocks(scene, pool, camera.scale)) {
    raster.fillBox(box, 0, inks.ground);
    raster.fillBox(
      { ...box, height: layout.grid(heap.classes[pool]!).top * camera.scale * ratio },
      ratio,
      inks.header,
    );
    fillBlocks(scene, brush, pool, box);
    return;
  }
  const blank = kind === PoolKind.uncarved ? inks.uncarved : freeColor(scene, brush, pool, inks.freePool);
  raster.fillBox(box, 0, isBlank ? blank : poolColor(scene, brush, pool));
}

function fillBlocks(scene: ArenasScene, brush: Brush, pool: number, { x, y }: Box): void {
  const { heap, layout } = scene;
  const { raster, ratio, camera } = brush;
  const grid = layout.grid(heap.classes[pool]!);
  const step = camera.scale * ratio;
  const [width, height] = [grid.width * step, grid.height * step];
  const top = y + grid.top * step;
  const colors = blockColors(scene, brush, pool);
  // A gap of less than a pixel would be drawn at some blocks and not at others.
  const gapX = width >= GAP_FROM * ratio ? ratio : 0;
  const gapY = height >= GAP_FROM * ratio ? ratio : 0;
  const firstLine = Math.max(0, Math.floor(-top / height));
  const lastLine = Math.min(grid.lines, Math.ceil((raster.height - top) / height));
  for (let line = firstLine; line < lastLine; line++) {
    const y0 = top + line * height;
    const end = Math.min(grid.count, (line + 1) * grid.columns);
    let x0 = x;
    for (let block = line * grid.columns; block < end; block++, x0 += width) {
      if (x0 + width < 0 || x0 > raster.width) continue;
      raster.fill(x0, y0, x0 + width - gapX, y0 + height - gapY, colors[block]!);
    }
  }
}

/** What is free in an arena that one line holds alone is pale in that line's colour: that line keeps it. */
function freeColor({ heap, summaries }: ArenasScene, brush: Brush, pool: number, otherwise: number): number {
  const { inks, coloring, rank } = brush;
  if (coloring !== "pins" || !heap.hasBlocks) return otherwise;
  const line = summaries.arenaLine(Math.floor(pool / heap.poolsPerArena));
  if (line === SEVERAL || line === NO_BLOCKS) return otherwise;
  return mix(dimmed(line, inks, rank), inks.surface, HELD_PALE);
}

const palette = new Uint32Array(4096);

/** A colour for each block of a pool; the array is the next call's, too. */
export function blockColors(scene: ArenasScene, brush: Brush, pool: number): Uint32Array {
  const { heap, span } = scene;
  const { inks, coloring, camera, rank } = brush;
  const kinds = heap.blockKinds(pool, camera.scale >= FRESH_FROM);
  const free = freeColor(scene, brush, pool, inks.free);
  for (let block = 0; block < kinds.length; block++)
    palette[block] = kinds[block] === BlockKind.free ? free : inks.fresh;
  if (coloring === "occupancy" || coloring === "class") {
    const color = coloring === "class" ? inks.sizeClass(heap.classes[pool]!) : inks.live;
    for (let block = 0; block < kinds.length; block++)
      if (kinds[block] === BlockKind.live) palette[block] = color;
  } else if (coloring === "age") {
    const ages = heap.blockAges(pool);
    for (let block = 0; block < ages.length; block++)
      if (ages[block]! >= 0) palette[block] = inks.age(ageShare(ages[block]!, span));
  } else {
    colorLines(kinds, heap.blockLines(pool), inks, rank);
  }
  return palette;
}

function colorLines(kinds: Uint8Array, lines: Int32Array, inks: Inks, rank: number): void {
  for (let block = 0; block < lines.length; block++) {
    if (kinds[block] !== BlockKind.live) continue;
    const color = inks.rank(lines[block]!);
    palette[block] = rank >= 0 && lines[block] !== rank ? mix(color, inks.surface, DIMMED) : color;
  }
}

/** Ages are told apart by their order of magnitude. */
const ageShare = (age: number, span: number): number =>
  span <= 1 ? 0 : Math.log2(1 + age) / Math.log2(1 + span);

function poolColor(scene: ArenasScene, brush: Brush, pool: number): number {
  const { heap, summaries, span } = scene;
  const { inks, coloring, rank } = brush;
  const share = heap.liveBytes[pool]! / heap.geometry.poolBytes;
  if (coloring === "class") return inks.sizeClass(heap.classes[pool]!);
  if (coloring === "occupancy" || !heap.hasBlocks) return inks.occupancy(share);
  if (coloring === "age") return inks.age(ageShare(summaries.age(pool, heap.event), span));
  if (coloring === "line") return dimmed(summaries.line(pool), inks, rank);
  return pinColor(
    summaries.arenaLine(Math.floor(pool / heap.poolsPerArena)),
    summaries.line(pool),
    inks,
    rank,
  );
}

/** Pools of an arena that one line holds have that line's colour; where several share it, they are pale. */
function pinColor(arenaLine: number, line: number, inks: Inks, rank: number): number {
  if (arenaLine !== SEVERAL) return dimmed(arenaLine, inks, rank);
  return mix(dimmed(line, inks, rank), inks.surface, 0.55);
}

const dimmed = (line: number, inks: Inks, rank: number): number =>
  line === NO_BLOCKS
    ? inks.freePool
    : rank >= 0 && line !== rank
      ? mix(inks.rank(line), inks.surface, DIMMED)
      : inks.rank(line);

/** One colour for a whole arena; undefined where none is mapped. */
function arenaColor(scene: ArenasScene, brush: Brush, row: number): number | undefined {
  const { heap, summaries, span } = scene;
  const { inks, coloring, rank } = brush;
  const first = row * heap.poolsPerArena;
  if (heap.kinds[first] === PoolKind.absent) return undefined;
  let [bytes, fullest, age] = [0, first, 0];
  for (let pool = first; pool < first + heap.poolsPerArena; pool++) {
    bytes += heap.liveBytes[pool]!;
    if (heap.liveBytes[pool]! > heap.liveBytes[fullest]!) fullest = pool;
    if (coloring === "age" && heap.hasBlocks) age = Math.max(age, summaries.age(pool, heap.event));
  }
  if (bytes === 0) return inks.freePool;
  if (coloring === "class") return inks.sizeClass(heap.classes[fullest]!);
  if (coloring === "occupancy" || !heap.hasBlocks) return inks.occupancy(bytes / heap.geometry.arenaBytes);
  if (coloring === "age") return inks.age(ageShare(age, span));
  return pinColor(summaries.arenaLine(row), summaries.line(fullest), inks, rank);
}
