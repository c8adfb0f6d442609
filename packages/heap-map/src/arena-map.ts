// All arenas, each a strip of its pools, at many moments: a scrubber, and colours by fill, by size class, by who pins.

import { type ArenaLayout, cellAt, cellFromPoint, layoutArenas } from "./arena-layout.ts";
import { ABSENT, type ArenaMapData, FULL } from "./data.ts";
import { bytesText, countText, percentText } from "./format.ts";
import { Picture, type TextTwin } from "./picture.ts";
import { hueColor, type Palette } from "./theme.ts";

type Mode = "fill" | "class" | "line";
const MODES: readonly { readonly mode: Mode; readonly name: string }[] = [
  { mode: "fill", name: "how full" },
  { mode: "class", name: "size class" },
  { mode: "line", name: "pinned by" },
];
const HEIGHT_MAX = 560;
const PLAY_MS = 120;
const TWIN_ROWS = 400;

/** `<obm-arena-map>`. Tells with the event `obm-moment` (detail: an index of `moments`) which moment it shows. */
export class ArenaMapElement extends Picture<ArenaMapData> {
  private moment = 0;
  private mode: Mode = "fill";
  private zoom = 1;
  private arena = 0;
  private pool = 0;
  private layout: ArenaLayout | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly slider = document.createElement("input");
  private readonly playButton = document.createElement("button");
  private readonly modeSelect = document.createElement("select");

  /** Shows the moment `index`. */
  moveTo(index: number): void {
    const last = (this.data?.moments.length ?? 1) - 1;
    const clamped = Math.max(0, Math.min(last, index));
    if (clamped === this.moment) return;
    this.moment = clamped;
    this.slider.value = String(clamped);
    this.say();
    this.redraw();
    this.dispatchEvent(new CustomEvent("obm-moment", { detail: clamped }));
  }

  protected override onData({ moments }: ArenaMapData): void {
    this.moment = moments.length - 1;
    this.slider.type = "range";
    this.slider.min = "0";
    this.slider.max = String(moments.length - 1);
    this.slider.value = String(this.moment);
    this.slider.setAttribute("aria-label", "moment");
    this.slider.oninput = () => this.moveTo(Number(this.slider.value));
    this.playButton.textContent = "Play";
    this.playButton.onclick = () => this.togglePlay();
    this.modeSelect.setAttribute("aria-label", "colours");
    this.modeSelect.replaceChildren(...MODES.map(({ mode, name }) => new Option(name, mode)));
    this.modeSelect.onchange = () => this.show(this.modeSelect.value as Mode);
    this.controls.replaceChildren(
      this.playButton,
      this.slider,
      this.modeSelect,
      this.zoomButton("+", 1.5),
      this.zoomButton("−", 1 / 1.5),
    );
    this.say();
  }

  /** Chooses the colours. Classes and lines are known of the last moment. */
  show(mode: Mode): void {
    this.mode = mode;
    this.modeSelect.value = mode;
    if (mode !== "fill") this.moveTo(Number.POSITIVE_INFINITY);
    this.say();
    this.redraw();
  }

  protected heightFor({ bases, pools }: ArenaMapData, width: number): number {
    this.layout = layoutArenas(bases.length, pools, width, HEIGHT_MAX, this.zoom);
    return Math.max(20, this.layout.height);
  }

  protected draw(
    data: ArenaMapData,
    context: CanvasRenderingContext2D,
    _width: number,
    palette: Palette,
  ): void {
    const { layout } = this;
    if (layout === undefined) return;
    const { pools, bases } = data;
    const colors = this.colorsOf(data, palette);
    const fill = data.moments[this.moment]!.fill;
    const width = Math.max(0.5, layout.cellWidth - (layout.cellWidth > 3 ? 1 : 0));
    for (let arena = 0; arena < bases.length; arena++) {
      for (let pool = 0; pool < pools; pool++) {
        const index = arena * pools + pool;
        if (fill[index] === ABSENT) continue;
        const { x, y } = cellAt(layout, pools, arena, pool);
        context.fillStyle = colors(index);
        context.fillRect(x, y, width, layout.cellHeight);
      }
    }
    const { x, y } = cellAt(layout, pools, this.arena, this.pool);
    context.strokeStyle = palette.accent;
    context.lineWidth = 2;
    context.strokeRect(x - 1, y - 1, layout.cellWidth + 1, layout.cellHeight + 2);
  }

  protected override onKey(key: string): boolean {
    const { layout } = this;
    const pools = this.data?.pools ?? 1;
    const columns = layout?.columns ?? 1;
    if (key === "ArrowLeft") this.select(this.arena, this.pool - 1);
    else if (key === "ArrowRight") this.select(this.arena, this.pool + 1);
    else if (key === "ArrowUp") this.select(this.arena - columns, this.pool);
    else if (key === "ArrowDown") this.select(this.arena + columns, this.pool);
    else if (key === "Home") this.select(0, 0);
    else if (key === "End") this.select(Number.POSITIVE_INFINITY, pools - 1);
    else if (key === ",") this.moveTo(this.moment - 1);
    else if (key === ".") this.moveTo(this.moment + 1);
    else if (key === " ") this.togglePlay();
    else if (key === "+") this.zoomBy(1.5);
    else if (key === "-") this.zoomBy(1 / 1.5);
    else return false;
    return true;
  }

  protected override onPoint(x: number, y: number, isClick: boolean): void {
    if (!isClick || this.data === undefined || this.layout === undefined) return;
    const cell = cellFromPoint(this.layout, this.data.bases.length, this.data.pools, x, y);
    if (cell !== undefined) this.select(cell.arena, cell.pool);
  }

  protected textTwin(data: ArenaMapData): TextTwin {
    const { bases, pools, moments, pinnedBy, lines } = data;
    const fill = moments.at(-1)!.fill;
    const rows = bases.slice(0, TWIN_ROWS).flatMap((base, arena) => {
      const cells = [...fill.subarray(arena * pools, (arena + 1) * pools)].filter(
        (level) => level !== ABSENT,
      );
      if (cells.length === 0) return [];
      const empty = cells.filter((level) => level === 0).length;
      const live = cells.reduce((sum, level) => sum + level, 0) / FULL / cells.length;
      const pins = new Set(
        [...pinnedBy.subarray(arena * pools, (arena + 1) * pools)].filter((i) => i !== ABSENT),
      );
      const names = [...pins].map((index) => lines[index]).join("; ");
      return [[base, String(cells.length), String(empty), percentText(live), names]];
    });
    return {
      caption: `${countText(bases.length)} arenas of ${bytesText(data.arenaBytes)} at the last moment`,
      columns: [
        { heading: "arena" },
        { heading: "pools", isNumber: true },
        { heading: "without live blocks", isNumber: true },
        { heading: "live", isNumber: true },
        { heading: "pinned by" },
      ],
      rows,
    };
  }

  private colorsOf(data: ArenaMapData, palette: Palette): (index: number) => string {
    const dark = this.isDark;
    const fill = data.moments[this.moment]!.fill;
    const byIndex = (values: Uint8Array) => (index: number) =>
      values[index] === ABSENT ? palette.line : hueColor(values[index]!, dark);
    if (this.mode === "line") return byIndex(data.pinnedBy);
    if (this.mode === "class") return byIndex(data.classes);
    const levels = Array.from({ length: FULL + 1 }, (_, level) => {
      if (level === 0) return palette.line;
      const share = level / FULL;
      const hue = 30 + 180 * share; // orange where little is left, blue where it is full
      return `hsl(${hue} 75% ${dark ? 35 + 30 * share : 62 - 22 * share}%)`;
    });
    return (index) => levels[fill[index]!]!;
  }

  private select(arena: number, pool: number): void {
    const { data } = this;
    if (data === undefined) return;
    this.arena = Math.max(0, Math.min(data.bases.length - 1, arena));
    this.pool = Math.max(0, Math.min(data.pools - 1, pool));
    this.say();
    this.redraw();
  }

  private say(): void {
    const { data } = this;
    const moment = data?.moments[this.moment];
    if (data === undefined || moment === undefined) return;
    const index = this.arena * data.pools + this.pool;
    const level = moment.fill[index]!;
    const where = `arena ${data.bases[this.arena] ?? "-"}, pool ${this.pool}`;
    const state =
      level === ABSENT ? "not mapped" : level === 0 ? "no live block" : `${percentText(level / FULL)} live`;
    const isLast = this.moment === data.moments.length - 1;
    const szidx = data.classes[index]!;
    const line = data.pinnedBy[index]!;
    const size = isLast && szidx !== ABSENT ? `, blocks of ${(szidx + 1) * data.classBytes} bytes` : "";
    const pin = isLast && line !== ABSENT ? `, pinned by ${data.lines[line]}` : "";
    const name = moment.label === "" ? "" : ` (${moment.label})`;
    this.status.textContent = `Event ${countText(moment.event)}${name}: ${where}: ${state}${size}${pin}`;
  }

  private togglePlay(): void {
    const { data } = this;
    if (this.timer !== undefined || data === undefined) {
      clearInterval(this.timer);
      this.timer = undefined;
      this.playButton.textContent = "Play";
      return;
    }
    if (this.moment >= data.moments.length - 1) this.moveTo(0);
    this.playButton.textContent = "Pause";
    const isReduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.timer = setInterval(
      () => {
        if (this.moment >= data.moments.length - 1) this.togglePlay();
        else this.moveTo(this.moment + 1);
      },
      isReduced ? PLAY_MS * 8 : PLAY_MS,
    );
  }

  private zoomBy(factor: number): void {
    this.zoom = Math.max(1, Math.min(12, this.zoom * factor));
    this.redraw();
  }

  private zoomButton(text: string, factor: number): HTMLButtonElement {
    const button = document.createElement("button");
    button.textContent = text;
    button.setAttribute("aria-label", factor > 1 ? "larger" : "smaller");
    button.onclick = () => this.zoomBy(factor);
    return button;
  }
}
