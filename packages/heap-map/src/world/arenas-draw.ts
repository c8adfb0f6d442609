// Draws over the filled arenas what has lines and letters: names, sizes, free lists as links, fields and bytes.

import { addressText, bytesText } from "../format.ts";
import { PoolKind } from "../tape/arena-heap.ts";
import { ABSENT } from "../tape/heap-tape.ts";
import { type ArenasScene, blockColors, showsBlocks, showsPools } from "./arenas-fill.ts";
import { drawBlockDetail, drawHeader } from "./block-detail.ts";
import type { Box } from "./camera.ts";
import { drawLink, fitText } from "./strokes.ts";
import type { Brush } from "./world.ts";

/** CSS pixels. */
const ARENA_TEXT_FROM = 11;
const HEADER_TEXT_FROM = 11;
const BLOCK_TEXT_WIDTH = 30;
const BLOCK_TEXT_HEIGHT = 13;
const LINKS_FROM = 20;
const LINKS_MAX = 600;

export function drawArenas(scene: ArenasScene, brush: Brush): void {
  const { layout, heap } = scene;
  const { camera, context, inks } = brush;
  const view = camera.view();
  const { from, to } = layout.rowsIn(view);
  let links = 0;
  for (let row = from; row < to; row++) {
    const box = camera.toCanvas(layout.arena(row));
    if (box.x > camera.width || box.x + box.width < 0) continue;
    const isMapped = heap.kinds[row * heap.poolsPerArena] !== PoolKind.absent;
    if (!isMapped) {
      context.strokeStyle = inks.palette.line;
      context.lineWidth = 1;
      context.setLineDash([3, 3]);
      context.strokeRect(box.x, box.y, box.width, box.height);
      context.setLineDash([]);
      continue;
    }
    drawArenaName(scene, brush, row, box);
    if (!showsPools(layout, camera.scale)) continue;
    for (let index = 0; index < heap.poolsPerArena; index++)
      links += drawPool(scene, brush, row * heap.poolsPerArena + index, LINKS_MAX - links);
  }
}

function drawArenaName({ heap }: ArenasScene, brush: Brush, row: number, box: Box): void {
  const { camera, context, inks } = brush;
  const head = 18 * camera.scale;
  if (head < ARENA_TEXT_FROM || box.y < -head * 0.2) return; // nor half of a line
  let live = 0;
  let used = 0;
  for (let pool = row * heap.poolsPerArena; pool < (row + 1) * heap.poolsPerArena; pool++) {
    live += heap.liveBytes[pool]!;
    if (heap.kinds[pool]! >= PoolKind.used) used++;
  }
  const text = `arena ${addressText(heap.baseOf(row))}: ${used} pools in use, ${bytesText(live)} live`;
  const size = Math.min(15, head * 0.75);
  context.font = `${size}px system-ui, sans-serif`;
  context.fillStyle = inks.palette.dim;
  context.textAlign = "left";
  context.textBaseline = "middle";
  const left = Math.max(box.x, 4);
  const room = Math.min(box.x + box.width, camera.width) - left;
  const shown = fitText(context, text, room) ?? fitText(context, addressText(heap.baseOf(row)), room);
  if (shown !== undefined) context.fillText(shown, left, box.y + head / 2);
}

/** @returns the links that were drawn. */
function drawPool(scene: ArenasScene, brush: Brush, pool: number, linksLeft: number): number {
  const { heap, layout } = scene;
  const { camera, context, inks } = brush;
  const kind = heap.kinds[pool]!;
  const box = camera.toCanvas(layout.pool(pool));
  if (kind === PoolKind.absent || isOutside(box, brush)) return 0;
  context.textBaseline = "middle";
  if (!showsBlocks(scene, pool, camera.scale)) {
    if (kind !== PoolKind.free && kind !== PoolKind.uncarved) return 0;
    const text = kind === PoolKind.free ? "free pool" : "never used";
    if (box.width < 70 || box.height < 18) return 0;
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = inks.palette.dim;
    context.textAlign = "center";
    context.fillText(text, box.x + box.width / 2, box.y + box.height / 2);
    return 0;
  }
  drawHeader(scene, brush, pool, HEADER_TEXT_FROM);
  const szidx = heap.classes[pool]!;
  const grid = layout.grid(szidx);
  const [width, height] = [grid.width * camera.scale, grid.height * camera.scale];
  if (width >= BLOCK_TEXT_WIDTH && height >= BLOCK_TEXT_HEIGHT) drawBlocks(scene, brush, pool);
  return height >= LINKS_FROM ? drawFreeList(scene, brush, pool, linksLeft) : 0;
}

const isOutside = ({ x, y, width, height }: Box, { camera }: Brush): boolean =>
  x > camera.width || y > camera.height || x + width < 0 || y + height < 0;

function drawBlocks(scene: ArenasScene, brush: Brush, pool: number): void {
  const { heap, layout } = scene;
  const szidx = heap.classes[pool]!;
  const kinds = heap.blockKinds(pool, true).slice();
  const colors = blockColors(scene, brush, pool);
  for (let block = 0; block < kinds.length; block++) {
    const box = brush.camera.toCanvas(layout.block(pool, szidx, block));
    if (!isOutside(box, brush))
      drawBlockDetail(scene, brush, { pool, block, kind: kinds[block]!, ground: colors[block]!, box });
  }
}

/** The list as it lies in memory: from the header to the first free block, and from each to the one that it names. */
function drawFreeList({ heap, layout }: ArenasScene, brush: Brush, pool: number, linksLeft: number): number {
  const list = heap.freeList(pool);
  const szidx = heap.classes[pool]!;
  if (list === undefined || szidx === ABSENT) return 0;
  const { camera } = brush;
  const header = camera.toCanvas(layout.header(pool));
  let from = { x: header.x + header.width * 0.25, y: header.y + header.height * 0.6 };
  let count = 0;
  for (const block of list.slice(0, linksLeft)) {
    const box = camera.toCanvas(layout.block(pool, szidx, block));
    const inset = Math.min(8, box.width * 0.12, box.height * 0.3);
    const to = { x: box.x + inset, y: box.y + Math.min(box.height / 2, 10) };
    if (!(isOutside(box, brush) && count > 0)) drawLink(brush, from, to);
    from = { x: to.x + inset, y: to.y };
    count++;
  }
  return count;
}
