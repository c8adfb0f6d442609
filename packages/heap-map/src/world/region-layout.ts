// Where the bytes of a region lie in its picture: rows of equally many bytes, as in a book.

import type { Region } from "../frames/frame.ts";

export interface Segment {
  /** Index of the cell. */
  readonly cell: number;
  readonly row: number;
  /** From 0 to 1, of the row. */
  readonly from: number;
  readonly to: number;
  /** Whether the cell begins here. */
  readonly isFirst: boolean;
}

/** Cuts each cell where its rows end. */
export function segmentsOf(region: Region, bytesPerRow: number): Segment[] {
  const segments: Segment[] = [];
  for (const [cell, { address, sizeBytes }] of region.cells.entries()) {
    const start = address - region.address;
    const end = start + sizeBytes;
    for (let row = Math.floor(start / bytesPerRow); row * bytesPerRow < end; row++) {
      const rowStart = row * bytesPerRow;
      const from = Math.max(start, rowStart);
      const to = Math.min(end, rowStart + bytesPerRow);
      const place = { from: (from - rowStart) / bytesPerRow, to: (to - rowStart) / bytesPerRow };
      segments.push({ cell, row, ...place, isFirst: from === start });
    }
  }
  return segments;
}

export function rowCount(region: Region, bytesPerRow: number): number {
  const last = region.cells.at(-1);
  return last === undefined ? 0 : Math.ceil((last.address + last.sizeBytes - region.address) / bytesPerRow);
}

/** Half as many bytes in a row, until a row is as readable in `width` as it was meant to be in `wanted`. */
export function fittingBytes(bytesPerRow: number, width: number, wanted: number): number {
  let bytes = bytesPerRow;
  for (let room = wanted; room > width * 1.5 && bytes % 2 === 0; room /= 2) bytes /= 2;
  return bytes;
}
