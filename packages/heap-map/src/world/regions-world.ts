// Pieces of memory as a world: rows of bytes, one box for each thing in them, links where an address is written.

import { addressText } from "../format.ts";
import { type Cell, KINDS, type Kind, type Region } from "../frames/frame.ts";
import type { Box, Point } from "./camera.ts";
import { drawCell } from "./cell-detail.ts";
import { type Inks, textOn } from "./inks.ts";
import { cssOf } from "./raster.ts";
import { fittingBytes, rowCount, segmentsOf } from "./region-layout.ts";
import { drawFrame, drawLink } from "./strokes.ts";
import type { Brush, Coloring, Description, LegendEntry, TextTwin, Thing, World } from "./world.ts";

const GUTTER = 64;
const TITLE = 26;
const ROW = 36;
const BOX = 28;
const GAP = 12;
const WANTED_WIDTH = 640;
const LINKS_MAX = 60;
const SCALE_MAX = 14;

interface PlacedSegment {
  readonly cell: Cell;
  readonly box: Box;
  readonly isFirst: boolean;
}

interface PlacedRegion {
  readonly region: Region;
  readonly y: number;
  readonly bytesPerRow: number;
  readonly segments: readonly PlacedSegment[];
}

export class RegionsWorld implements World {
  readonly bounds: Box;
  readonly scaleMax = SCALE_MAX;
  readonly height: number;
  readonly focus = undefined;
  private readonly regions: readonly PlacedRegion[];
  private readonly cells: readonly Cell[];
  /** What cells have been over the steps so far, by address. */
  private readonly lifeOf: (address: number) => string;

  constructor(regions: readonly Region[], width: number, lifeOf: (address: number) => string) {
    this.lifeOf = lifeOf;
    this.cells = regions.flatMap(({ cells }) => cells);
    let y = 0;
    this.regions = regions.map((region) => {
      const placed = placeRegion(region, width, y);
      y += TITLE + rowCount(region, placed.bytesPerRow) * ROW + GAP;
      return placed;
    });
    this.bounds = { x: 0, y: 0, width, height: Math.max(1, y - GAP) };
    this.height = this.bounds.height + 8;
  }

  fill({ camera, raster, inks, ratio }: Brush): void {
    for (const { segments } of this.regions) {
      for (const { cell, box } of segments) {
        const { x, y, width, height } = camera.toCanvas(box);
        const place = { x: x * ratio, y: y * ratio, width: width * ratio, height: height * ratio };
        raster.fillBox(place, width > 4 ? 2 * ratio : 0.4, kindInk(cell.kind, inks));
      }
    }
  }

  draw(brush: Brush): void {
    const { camera, context, inks, chosen } = brush;
    context.textBaseline = "middle";
    for (const { region, y, bytesPerRow, segments } of this.regions) {
      const title = camera.toCanvas({ x: 0, y, width: 0, height: TITLE });
      context.font = "600 13px system-ui, sans-serif";
      context.fillStyle = inks.palette.text;
      context.textAlign = "left";
      context.fillText(region.title, Math.max(0, title.x), title.y + title.height / 2);
      this.drawAddresses(brush, region, y + TITLE, bytesPerRow);
      for (const { cell, box, isFirst } of segments) {
        const ink = textOn(kindInk(cell.kind, inks));
        if (isFirst) drawCell(brush, cell, camera.toCanvas(box), ink);
      }
      this.drawLinks(brush, region);
    }
    if (chosen?.level !== "cell") return;
    for (const { cell, box } of this.regions.flatMap(({ segments }) => segments))
      if (cell.address === chosen.address) drawFrame(brush, camera.toCanvas(box));
  }

  at(point: Point): Thing | undefined {
    for (const { cell, box } of this.regions.flatMap(({ segments }) => segments)) {
      const { x, y, width, height } = box;
      if (point.x >= x && point.x < x + width && point.y >= y && point.y < y + height)
        return { level: "cell", address: cell.address };
    }
    return undefined;
  }

  next(from: Thing | undefined, by: number): Thing | undefined {
    if (this.cells.length === 0) return undefined;
    const at = from?.level === "cell" ? this.cells.findIndex(({ address }) => address === from.address) : -by;
    const index = Math.max(0, Math.min(this.cells.length - 1, at + by));
    return { level: "cell", address: this.cells[index]!.address };
  }

  box(thing: Thing): Box | undefined {
    if (thing.level !== "cell") return undefined;
    const segments = this.regions.flatMap(({ segments }) => segments);
    return segments.find(({ cell, isFirst }) => isFirst && cell.address === thing.address)?.box;
  }

  describe(thing: Thing): Description | undefined {
    if (thing.level !== "cell") return undefined;
    const cell = this.cells.find(({ address }) => address === thing.address);
    if (cell === undefined) return undefined;
    const facts: [string, string][] = [
      ["bytes", String(cell.sizeBytes)],
      ["state", KINDS[cell.kind]],
    ];
    if (cell.link !== undefined)
      facts.push(["holds the address", cell.link === 0 ? "NULL" : addressText(cell.link)]);
    const life = this.lifeOf(cell.address);
    if (life !== "") facts.push(["its life", life]);
    const { fields, bytes, address, label } = cell;
    return {
      title: label,
      address,
      facts,
      ...(fields === undefined ? {} : { tables: [fieldsTable(label, fields)] }),
      ...(bytes === undefined ? {} : { bytes: { address, data: bytes } }),
    };
  }

  find(address: number): Thing | undefined {
    const cell = this.cells.find((one) => address >= one.address && address < one.address + one.sizeBytes);
    return cell === undefined ? undefined : { level: "cell", address: cell.address };
  }

  legend(_coloring: Coloring, inks: Inks): readonly LegendEntry[] {
    const seen = new Set(this.cells.map(({ kind }) => kind));
    return (Object.keys(KINDS) as Kind[])
      .filter((kind) => seen.has(kind))
      .map((kind) => ({ color: cssOf(kindInk(kind, inks)), text: KINDS[kind] }));
  }

  twins(): readonly TextTwin[] {
    return this.regions.map(({ region }) => ({
      caption: region.title,
      columns: [
        { heading: "address" },
        { heading: "bytes", isNumber: true },
        { heading: "state" },
        { heading: "what" },
        { heading: "holds the address" },
      ],
      rows: region.cells.map(({ address, sizeBytes, kind, label, link }) => [
        addressText(address),
        String(sizeBytes),
        KINDS[kind],
        label,
        link === undefined ? "" : link === 0 ? "NULL" : addressText(link),
      ]),
    }));
  }

  private drawAddresses(
    { camera, context, inks }: Brush,
    region: Region,
    top: number,
    bytesPerRow: number,
  ): void {
    context.font = "11px ui-monospace, monospace";
    context.fillStyle = inks.palette.dim;
    for (let row = 0; row < rowCount(region, bytesPerRow); row++) {
      const box = camera.toCanvas({ x: 0, y: top + row * ROW, width: GUTTER, height: BOX });
      context.fillText(addressText(region.address + row * bytesPerRow), box.x, box.y + box.height / 2);
    }
  }

  private drawLinks(brush: Brush, region: Region): void {
    const linked = region.cells.filter(({ link }) => link !== undefined && link !== 0).slice(0, LINKS_MAX);
    for (const { address, link } of linked) {
      const [from, to] = [this.box({ level: "cell", address }), this.box({ level: "cell", address: link! })];
      if (from === undefined || to === undefined) continue;
      const [start, end] = [brush.camera.toCanvas(from), brush.camera.toCanvas(to)];
      const inset = (box: Box) => Math.min(10, box.width / 3);
      drawLink(
        brush,
        { x: start.x + inset(start), y: start.y + start.height - 5 },
        { x: end.x + inset(end), y: end.y + end.height - 2 },
      );
    }
  }
}

function placeRegion(region: Region, width: number, y: number): PlacedRegion {
  const room = width - GUTTER - 2;
  const bytesPerRow = fittingBytes(region.bytesPerRow, room, WANTED_WIDTH);
  const segments = segmentsOf(region, bytesPerRow).map(({ cell, row, from, to, isFirst }) => ({
    cell: region.cells[cell]!,
    isFirst,
    box: { x: GUTTER + from * room, y: y + TITLE + row * ROW, width: (to - from) * room, height: BOX },
  }));
  return { region, y, bytesPerRow, segments };
}

const fieldsTable = (label: string, fields: NonNullable<Cell["fields"]>): TextTwin => ({
  caption: `Fields of ${label}`,
  columns: [
    { heading: "offset", isNumber: true },
    { heading: "bytes", isNumber: true },
    { heading: "field" },
    { heading: "value" },
  ],
  rows: fields.map(({ offset, sizeBytes, name, value }) => [String(offset), String(sizeBytes), name, value]),
});

function kindInk(kind: Kind, inks: Inks): number {
  if (kind === "used") return inks.live;
  if (kind === "free") return inks.free;
  return inks[kind];
}
