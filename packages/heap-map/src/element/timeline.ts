// Memory over the run: resident set, arenas, live bytes, with markers and collections of garbage; a cursor that keys and the pointer move.

import type { TimelineData } from "../data.ts";
import { bytesText, countText, secondsText } from "../format.ts";
import type { Palette } from "../theme.ts";
import type { TextTwin } from "../world/world.ts";
import { COLLECTION_LEGEND, collectionTwins, drawLanes, lanesHeight } from "./collections.ts";
import { Picture } from "./picture.ts";

const HEIGHT = 240;
const LEFT = 76;
const BOTTOM = 26;
const TOP = 20;
/** Between the chart's lowest figure and the lanes. */
const LANES_GAP = 10;
/** Narrower pictures say less. */
const NARROW = 480;

type Point = TimelineData["points"][number];

const SERIES = [
  { name: "resident", color: "other", of: (point: Point) => point.rssBytes },
  { name: "arenas", color: "held", of: (point: Point) => point.arenaBytes },
  { name: "live blocks", color: "used", of: (point: Point) => point.liveBytes },
] as const;

/** `<obm-timeline>`. Tells with the event `obm-moment` (detail: an index of `points`) where the cursor is. */
export class TimelineElement extends Picture<TimelineData> {
  private cursor = -1;

  /** Puts the cursor on the point `index`. */
  moveTo(index: number): void {
    const last = (this.data?.points.length ?? 1) - 1;
    const clamped = Math.max(0, Math.min(last, index));
    if (clamped === this.cursor) return;
    this.cursor = clamped;
    this.say();
    this.redraw();
    this.dispatchEvent(new CustomEvent("obm-moment", { detail: clamped }));
  }

  protected override onData({ points, collections = [] }: TimelineData): void {
    this.cursor = points.length - 1;
    this.controls.className = "legend";
    const lanes = collections.length > 0 ? COLLECTION_LEGEND : [];
    this.controls.replaceChildren(
      ...[...SERIES, ...lanes].map(({ name, color }) => {
        const entry = document.createElement("span");
        const swatch = document.createElement("i");
        swatch.style.background = `var(--${color})`;
        entry.append(swatch, name);
        return entry;
      }),
    );
    this.say();
  }

  protected heightFor(data: TimelineData): number {
    return HEIGHT + lanesRoom(data);
  }

  protected draw(
    data: TimelineData,
    context: CanvasRenderingContext2D,
    width: number,
    palette: Palette,
  ): void {
    const { points, marks } = data;
    const top = Math.max(1, ...points.map((point) => Math.max(...SERIES.map(({ of }) => of(point)))));
    const x = (event: number) => LEFT + ((width - LEFT - 8) * event) / Math.max(1, points.at(-1)!.event);
    const y = (bytes: number) => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * bytes) / top;
    this.drawGrid(context, width, top, y, palette);
    for (const { event, label } of marks) {
      context.strokeStyle = palette.accent;
      context.setLineDash([3, 3]);
      context.beginPath();
      context.moveTo(x(event), TOP);
      context.lineTo(x(event), HEIGHT - BOTTOM);
      context.stroke();
      context.setLineDash([]);
      context.fillStyle = palette.accent;
      context.textAlign = x(event) > width - 120 ? "right" : "left";
      context.fillText(label, x(event), TOP - 9);
    }
    for (const { color, of } of SERIES) {
      context.strokeStyle = palette[color];
      context.lineWidth = 2;
      context.beginPath();
      for (const point of points) context.lineTo(x(point.event), y(of(point)));
      context.stroke();
    }
    drawLanes(data, context, { x, top: HEIGHT - BOTTOM + LANES_GAP, left: LEFT }, palette);
    context.fillStyle = palette.dim;
    context.textAlign = "left";
    const caption =
      width < NARROW ? "events of the allocator" : "events of the allocator, from start to the moment";
    context.fillText(caption, LEFT, HEIGHT - BOTTOM / 2 + 2 + lanesRoom(data));
    const at = points[this.cursor];
    if (at === undefined) return;
    context.lineWidth = 1;
    context.strokeStyle = palette.text;
    context.beginPath();
    context.moveTo(x(at.event), TOP);
    context.lineTo(x(at.event), HEIGHT - BOTTOM + lanesRoom(data));
    context.stroke();
  }

  protected override onKey(key: string): boolean {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[key];
    if (step !== undefined) this.moveTo(this.cursor + step);
    else if (key === "Home") this.moveTo(0);
    else if (key === "End") this.moveTo(Number.POSITIVE_INFINITY);
    else return false;
    return true;
  }

  protected override onClick(x: number): void {
    const points = this.data?.points;
    if (points === undefined) return;
    const event = ((x - LEFT) / (this.clientWidth - LEFT - 8)) * points.at(-1)!.event;
    const after = points.findIndex((point) => point.event >= event);
    this.moveTo(after < 0 ? points.length - 1 : after);
  }

  protected textTwins(data: TimelineData): readonly TextTwin[] {
    return [memoryTwin(data), ...collectionTwins(data)];
  }

  private drawGrid(
    context: CanvasRenderingContext2D,
    width: number,
    top: number,
    y: (bytes: number) => number,
    palette: Palette,
  ): void {
    context.textBaseline = "middle";
    for (let quarter = 0; quarter <= 4; quarter++) {
      const bytes = (top * quarter) / 4;
      context.strokeStyle = palette.line;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(LEFT, y(bytes));
      context.lineTo(width - 8, y(bytes));
      context.stroke();
      context.fillStyle = palette.dim;
      context.textAlign = "right";
      context.fillText(bytesText(bytes), LEFT - 8, y(bytes));
    }
  }

  private say(): void {
    const point = this.data?.points[this.cursor];
    if (point === undefined) return;
    const figures = SERIES.map(({ name, of }) => `${name} ${bytesText(of(point))}`);
    const { collections } = this.data!;
    if (collections !== undefined) {
      const before = collections.filter(({ event }) => event <= point.event).length;
      figures.push(`${countText(before)} ${before === 1 ? "collection" : "collections"} so far`);
    }
    const when = `Event ${countText(point.event)}, ${secondsText(point.elapsedNs)}`;
    this.status.textContent = `${when}: ${figures.join(", ")}`;
  }
}

function memoryTwin({ points, marks }: TimelineData): TextTwin {
  const step = Math.max(1, Math.floor(points.length / 40));
  const chosen = points.filter((point, index) => index % step === 0 || isMarked(point, marks));
  return {
    caption: "Memory over the run",
    columns: [
      { heading: "event", isNumber: true },
      { heading: "time", isNumber: true },
      ...SERIES.map(({ name }) => ({ heading: name, isNumber: true })),
      { heading: "marker" },
    ],
    rows: chosen.map((point) => [
      countText(point.event),
      secondsText(point.elapsedNs),
      ...SERIES.map(({ of }) => bytesText(of(point))),
      marks
        .filter((mark) => mark.event === point.event)
        .map((mark) => mark.label)
        .join(", "),
    ]),
  };
}

const lanesRoom = (data: TimelineData): number => {
  const height = lanesHeight(data);
  return height === 0 ? 0 : height + LANES_GAP;
};

const isMarked = (point: Point, marks: TimelineData["marks"]) =>
  marks.some((mark) => mark.event === point.event);

declare global {
  interface HTMLElementTagNameMap {
    "obm-timeline": TimelineElement;
  }
}
