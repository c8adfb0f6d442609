// The finest level: what stands in one block and in a pool's header, byte by byte where there is room.

import { addressText } from "../format.ts";
import { BlockKind, type Field } from "../tape/arena-heap.ts";
import { classBytes } from "../tape/heap-tape.ts";
import type { ArenasScene } from "./arenas-fill.ts";
import type { Box } from "./camera.ts";
import { textOn } from "./inks.ts";
import { cssOf, mix } from "./raster.ts";
import { fitText } from "./strokes.ts";
import type { Brush } from "./world.ts";

const MONO = "ui-monospace, SFMono-Regular, Menlo, monospace";
/** CSS pixels: from these a block shows its bytes, and a header its fields. */
const BYTES_WIDTH = 230;
const BYTES_HEIGHT = 34;
const FIELDS_HEIGHT = 30;
const TITLE = 18;
/** The link of the free list in a free block. */
const LINK_BYTES = 8;

/** A pool's header as a band: in words, and when it is large with each field where it lies. */
export function drawHeader(scene: ArenasScene, brush: Brush, pool: number, textFrom: number): void {
  const { heap, layout } = scene;
  const { camera, context, inks } = brush;
  const box = camera.toCanvas(layout.header(pool));
  if (box.height < textFrom || box.x > camera.width || box.x + box.width < 0) return;
  const fields = heap.header(pool);
  const szidx = heap.classes[pool]!;
  const kinds = heap.blockKinds(pool, false);
  const text = `blocks of ${classBytes(szidx, heap.geometry)}: ${heap.liveBlocks[pool]} of ${kinds.length} in use`;
  const isLarge = box.height >= FIELDS_HEIGHT && fields.length > 0;
  const textHeight = isLarge ? Math.min(TITLE, box.height * 0.4) : box.height;
  context.font = `${Math.min(13, textHeight * 0.8)}px system-ui, sans-serif`;
  context.fillStyle = textOn(inks.header);
  context.textAlign = "left";
  const left = Math.max(box.x, 0) + 5;
  const shown = fitText(context, text, Math.min(box.x + box.width, camera.width) - left - 4);
  if (shown !== undefined) context.fillText(shown, left, box.y + textHeight / 2);
  if (!isLarge) return;
  const room = { x: box.x, y: box.y + textHeight, width: box.width, height: box.height - textHeight };
  drawFields(brush, fields, heap.geometry.headerBytes, room, inks.header);
}

/** Fields side by side, each as wide as its bytes. */
function drawFields(brush: Brush, fields: readonly Field[], bytes: number, box: Box, ground: number): void {
  const { context } = brush;
  const unit = box.width / bytes;
  const size = Math.min(13, box.height * 0.36);
  for (const { name, offset, sizeBytes, value } of fields) {
    const at = {
      x: box.x + offset * unit + 1,
      y: box.y + 1,
      width: sizeBytes * unit - 2,
      height: box.height - 3,
    };
    if (at.width < 8) continue;
    context.strokeStyle = textOn(ground);
    context.lineWidth = 0.75;
    context.strokeRect(at.x, at.y, at.width, at.height);
    if (size < 7) continue;
    context.fillStyle = textOn(ground);
    context.textAlign = "left";
    for (const [text, font, y] of [
      [name, `${size}px system-ui, sans-serif`, 0.28],
      [value, `${size}px ${MONO}`, 0.72],
    ] as const) {
      context.font = font;
      const shown = fitText(context, text, at.width - 6);
      if (shown !== undefined) context.fillText(shown, at.x + 3, at.y + at.height * y);
    }
  }
}

export interface SeenBlock {
  readonly pool: number;
  readonly block: number;
  /** A {@link BlockKind}. */
  readonly kind: number;
  /** The colour that it is filled with. */
  readonly ground: number;
  readonly box: Box;
}

export function drawBlockDetail(scene: ArenasScene, brush: Brush, seen: SeenBlock): void {
  const { pool, block, kind, ground, box } = seen;
  const { heap } = scene;
  const { context } = brush;
  const room = classBytes(heap.classes[pool]!, heap.geometry);
  const life = kind === BlockKind.live ? heap.life(pool, block) : undefined;
  const requested = life === undefined || life.sizeBytes === 0 ? room : life.sizeBytes;
  const words = kind === BlockKind.free ? "free" : kind === BlockKind.fresh ? "never handed out" : "";
  const size = life === undefined ? `${room}` : requested === room ? `${room}` : `${requested} of ${room}`;
  const name = life?.name ?? (words === "" ? size : words);
  const isByteLevel = box.width >= BYTES_WIDTH && box.height >= BYTES_HEIGHT;
  context.font = `${isByteLevel ? 12 : Math.min(13, box.height * 0.6)}px system-ui, sans-serif`;
  context.fillStyle = textOn(ground);
  if (!isByteLevel) {
    context.textAlign = "center";
    // Words that a block has no room for are in the legend; a name that is cut is still its name.
    const isWhole = words === "" || context.measureText(name).width <= box.width - 8;
    const shown = isWhole ? fitText(context, name, box.width - 8) : undefined;
    if (shown !== undefined) context.fillText(shown, box.x + box.width / 2, box.y + box.height / 2);
    return;
  }
  context.textAlign = "left";
  const address = blockAddress(scene, pool, block);
  const line = life?.stack[0] ?? "";
  const title = [addressText(address), name === size ? `${size} bytes` : `${name}, ${size} bytes`, line];
  const shown = fitText(context, title.filter((part) => part !== "").join("  "), box.width - 12);
  if (shown !== undefined) context.fillText(shown, box.x + 6, box.y + TITLE / 2 + 2);
  const below = { x: box.x + 6, y: box.y + TITLE + 2, width: box.width - 12, height: box.height - TITLE - 5 };
  drawBytes(scene, brush, { seen, address, sizeBytes: room, requested, box: below });
}

export const blockAddress = ({ heap }: ArenasScene, pool: number, block: number): number =>
  heap.poolAddress(pool) + heap.geometry.headerBytes + block * classBytes(heap.classes[pool]!, heap.geometry);

interface ByteBlock {
  readonly seen: SeenBlock;
  readonly address: number;
  readonly sizeBytes: number;
  readonly requested: number;
  readonly box: Box;
}

/** Rows of bytes: their values where they are known; else which were asked for, and which only round up. */
function drawBytes({ heap }: ArenasScene, brush: Brush, block: ByteBlock): void {
  const { seen, address, sizeBytes, requested, box } = block;
  const { context, inks } = brush;
  const perRow = bytesPerRow(sizeBytes, box);
  const width = box.width / perRow;
  const height = Math.min(width * 1.2, box.height / Math.ceil(sizeBytes / perRow));
  if (height < 4 || width < 4) return;
  const data = heap.bytes(address, sizeBytes);
  const hasText = height >= 9 && width >= 15;
  const isLive = seen.kind === BlockKind.live;
  context.font = `${Math.min(26, height * 0.75, width * 0.62)}px ${MONO}`;
  context.textAlign = "center";
  for (let index = 0; index < sizeBytes; index++) {
    const x = box.x + (index % perRow) * width;
    const y = box.y + Math.floor(index / perRow) * height;
    const isAsked = !isLive || index < requested;
    context.fillStyle = cssOf(mix(seen.ground, inks.surface, isAsked ? 0.82 : 0.45));
    context.fillRect(x, y, width - 1, height - 1);
    if (!hasText || data === undefined) continue;
    context.fillStyle = inks.palette.text;
    context.fillText(data[index]!.toString(16).padStart(2, "0"), x + width / 2, y + height / 2);
  }
  const row = {
    x: box.x,
    y: box.y,
    width: Math.min(perRow, isLive ? sizeBytes : LINK_BYTES) * width,
    height,
  };
  if (seen.kind === BlockKind.free) {
    context.strokeStyle = inks.palette.accent;
    context.lineWidth = 1.5;
    context.strokeRect(row.x - 1, row.y - 1, row.width + 1, row.height + 1);
  }
  if (hasText && data === undefined && seen.kind !== BlockKind.fresh)
    note(brush, isLive ? "contents are not recorded" : "next free block", row);
}

/** A word over bytes that have a meaning but no contents. */
function note({ context, inks }: Brush, text: string, row: Box): void {
  context.font = `${Math.min(16, row.height * 0.75)}px system-ui, sans-serif`;
  context.fillStyle = inks.palette.text;
  context.textAlign = "left";
  const shown = fitText(context, text, row.width - 6);
  if (shown !== undefined) context.fillText(shown, row.x + 4, row.y + row.height / 2);
}

/** As many as give the bytes the shape of their box. */
function bytesPerRow(sizeBytes: number, { width, height }: Box): number {
  let best = 8;
  for (const perRow of [8, 16, 32, 64]) {
    const rows = Math.ceil(sizeBytes / perRow);
    const size = (count: number) => Math.min(width / count / 1.7, height / Math.ceil(sizeBytes / count));
    if (rows >= 1 && size(perRow) > size(best)) best = perRow;
  }
  return best;
}
