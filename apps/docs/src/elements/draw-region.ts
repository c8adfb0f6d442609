// Draws a region of memory: rows of bytes, one box for each thing in them, arrows where an address is written.

import { type Cell, hex, type Region } from "../scenes/scene.ts";
import { svg } from "./dom.ts";
import { fittingBytes, rowCount, type Segment, segmentsOf } from "./region-layout.ts";

const GUTTER = 62;
const ROW = 34;
const BOX = 26;
const CHARACTER = 6.6;
const WANTED_WIDTH = 640;
const LINKS_MAX = 60;

export interface RegionDrawing {
  readonly element: SVGElement;
  readonly height: number;
}

export function drawRegion(
  region: Region,
  width: number,
  chosen: Cell | undefined,
  choose: (cell: Cell) => void,
): RegionDrawing {
  const room = width - GUTTER - 2;
  const bytesPerRow = fittingBytes(region.bytesPerRow, room, WANTED_WIDTH);
  const group = svg("g");
  for (let row = 0; row < rowCount(region, bytesPerRow); row++) {
    const y = row * ROW + BOX / 2;
    const text = hex(region.address + row * bytesPerRow);
    group.append(svg("text", { class: "scene-address", x: 0, y }, text));
  }
  const segments = segmentsOf(region, bytesPerRow);
  for (const segment of segments) {
    const cell = region.cells[segment.cell]!;
    const box = drawSegment(segment, cell, room, cell.address === chosen?.address);
    box.addEventListener("click", () => choose(cell));
    group.append(box);
  }
  group.append(...links(region, bytesPerRow, room));
  return { element: group, height: rowCount(region, bytesPerRow) * ROW };
}

function drawSegment({ row, from, to, isFirst }: Segment, cell: Cell, room: number, isChosen: boolean) {
  const x = GUTTER + from * room;
  const y = row * ROW;
  const full = (to - from) * room;
  const width = Math.max(1, full - (full > 4 ? 2 : 0.4));
  const box = svg("g", { class: `scene-cell is-${cell.kind}${isChosen ? " is-chosen" : ""}` });
  if (cell.fill === undefined) {
    box.append(svg("rect", { x, y, width, height: BOX, rx: Math.min(3, width / 4) }));
  } else {
    const height = Math.max(cell.fill > 0 ? 2 : 0, BOX * cell.fill);
    box.append(svg("rect", { class: "scene-ground", x, y, width, height: BOX }));
    box.append(svg("rect", { x, y: y + BOX - height, width, height }));
  }
  const fits = cell.label.length * CHARACTER + 6 <= width;
  if (isFirst && fits) {
    box.append(svg("text", { x: x + width / 2, y: y + BOX / 2, class: "scene-label" }, cell.label));
  }
  box.append(svg("title", {}, `${cell.label}: ${hex(cell.address)}, ${cell.sizeBytes} bytes`));
  return box;
}

/** Arrows from cells that hold an address to the cell that begins there. */
function links(region: Region, bytesPerRow: number, room: number): SVGElement[] {
  const point = (address: number) => {
    const offset = address - region.address;
    const x = GUTTER + ((offset % bytesPerRow) / bytesPerRow) * room;
    return { x, y: Math.floor(offset / bytesPerRow) * ROW };
  };
  const linked = region.cells.filter(({ link }) => link !== undefined && link !== 0).slice(0, LINKS_MAX);
  return linked.flatMap(({ address, link }) => {
    const isHere = region.cells.some((cell) => cell.address === link);
    if (!isHere) return [];
    const from = point(address);
    const to = point(link!);
    const [x1, y1, x2, y2] = [from.x + 10, from.y + BOX - 5, to.x + 10, to.y + BOX - 5];
    const depth = Math.min(40, 14 + Math.abs(x2 - x1) / 12);
    const path = `M${x1} ${y1} C${x1} ${y1 + depth} ${x2} ${y2 + depth} ${x2} ${y2 + 4}`;
    return [
      svg("path", { class: "scene-link", d: path }),
      svg("circle", { class: "scene-tip", cx: x2, cy: y2 + 3, r: 3.5 }),
    ];
  });
}
