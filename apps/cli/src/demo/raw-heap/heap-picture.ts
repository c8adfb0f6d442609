// A small heap drawn whole: a character for every 8 bytes.

import type { HeapChunk } from "@obmalloc/raw-heap";
import type { Colors } from "../../shared/terminal.ts";

const CELL_BYTES = 8;
const ROW_BYTES = 256;
const OFFSET_WIDTH = 5;

const FREE = ".";
const HEADER = "h";

export interface HeapPicture {
  /** The first byte that is drawn. */
  readonly from: number;
  readonly sizeBytes: number;
  readonly chunks: readonly HeapChunk[];
  /** What to call the live blocks: a character by address. */
  readonly names: ReadonlyMap<number, string>;
}

/** Rows of 256 bytes with their offsets. What belongs to no block and is not free is the heap's own. */
export function heapPicture(picture: HeapPicture, colors: Colors): string[] {
  const { from, sizeBytes } = picture;
  const cells = Array.from({ length: sizeBytes / CELL_BYTES }, (_, i) =>
    cellAt(from + i * CELL_BYTES, picture),
  );
  const perRow = ROW_BYTES / CELL_BYTES;
  return Array.from({ length: cells.length / perRow }, (_, row) => {
    const offset = String(row * ROW_BYTES).padStart(OFFSET_WIDTH);
    const drawn = cells.slice(row * perRow, (row + 1) * perRow).map((cell) => painted(cell, colors));
    return `${colors.dim(offset)} ${drawn.join("")}`;
  });
}

/** What the characters of such a picture say. */
export const heapLegend = `a character is ${CELL_BYTES} bytes:  1 2 blocks   ${FREE} free   ${HEADER} the heap's own`;

function cellAt(address: number, { chunks, names }: HeapPicture): string {
  const chunk = chunks.find(({ start, sizeBytes }) => address >= start && address < start + sizeBytes);
  if (chunk === undefined || address < chunk.address) return HEADER;
  return chunk.state === "live" ? (names.get(chunk.address) ?? "?") : FREE;
}

function painted(cell: string, colors: Colors): string {
  if (cell === FREE) return colors.dim(cell);
  return cell === HEADER ? colors.yellow(cell) : colors.green(cell);
}
