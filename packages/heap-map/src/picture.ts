// What all pictures have in common: a canvas as wide as the element, the theme, a table that says the same in text.

import { type Palette, THEME_CSS } from "./theme.ts";

/** A table that says in text what a picture shows. */
export interface TextTwin {
  readonly caption: string;
  readonly columns: readonly { readonly heading: string; readonly isNumber?: boolean }[];
  readonly rows: readonly (readonly string[])[];
}

const BASE = typeof HTMLElement === "undefined" ? (class {} as typeof HTMLElement) : HTMLElement;

/** A custom element that draws `Data` on a canvas; set {@link data} to draw. */
export abstract class Picture<Data> extends BASE {
  protected readonly canvas = document.createElement("canvas");
  protected readonly controls = document.createElement("div");
  protected readonly status = document.createElement("div");
  private readonly twin = document.createElement("details");
  private readonly probe = document.createElement("span");
  private current: Data | undefined;
  private frame = 0;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const style = document.createElement("style");
    style.textContent = THEME_CSS;
    const figure = document.createElement("figure");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.status.className = "status";
    this.status.setAttribute("aria-live", "polite");
    this.controls.className = "row";
    figure.append(this.canvas, this.status, this.controls, this.twin);
    root.append(style, figure, this.probe);
    this.canvas.addEventListener("keydown", (event) => {
      if (this.onKey(event.key)) event.preventDefault();
    });
    this.canvas.addEventListener("pointermove", (event) => this.onPoint(event.offsetX, event.offsetY, false));
    this.canvas.addEventListener("click", (event) => this.onPoint(event.offsetX, event.offsetY, true));
  }

  get data(): Data | undefined {
    return this.current;
  }

  set data(data: Data) {
    this.current = data;
    this.onData(data);
    this.fillTwin(this.textTwin(data));
    this.redraw();
  }

  connectedCallback(): void {
    new ResizeObserver(() => this.redraw()).observe(this);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
    this.redraw();
  }

  /** Draws with the next frame. */
  protected redraw(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.drawNow();
    });
  }

  /** Height of the picture in CSS pixels, for a width. */
  protected abstract heightFor(data: Data, width: number): number;
  protected abstract draw(
    data: Data,
    context: CanvasRenderingContext2D,
    width: number,
    palette: Palette,
  ): void;
  protected abstract textTwin(data: Data): TextTwin;
  protected onData(_data: Data): void {}
  /** Whether the key meant something here. */
  protected onKey(_key: string): boolean {
    return false;
  }
  protected onPoint(_x: number, _y: number, _isClick: boolean): void {}

  protected get isDark(): boolean {
    const scheme = getComputedStyle(this).colorScheme;
    if (scheme === "dark" || scheme === "light") return scheme === "dark";
    return matchMedia("(prefers-color-scheme: dark)").matches;
  }

  private drawNow(): void {
    const data = this.current;
    const width = this.clientWidth;
    if (data === undefined || width === 0) return;
    const height = this.heightFor(data, width);
    const scale = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.canvas.style.height = `${height}px`;
    const context = this.canvas.getContext("2d");
    if (context === null) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.font = "13px system-ui, sans-serif";
    this.draw(data, context, width, this.palette());
  }

  private palette(): Palette {
    const color = (name: string) => {
      this.probe.style.color = `var(--${name})`;
      return getComputedStyle(this.probe).color;
    };
    return {
      text: color("text"),
      dim: color("dim"),
      line: color("line"),
      surface: color("surface"),
      used: color("used"),
      held: color("held"),
      other: color("other"),
      good: color("good"),
      accent: color("accent"),
    };
  }

  private fillTwin({ caption, columns, rows }: TextTwin): void {
    this.canvas.setAttribute("aria-label", caption);
    const summary = document.createElement("summary");
    summary.textContent = "As text";
    const scroll = document.createElement("div");
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", caption);
    const table = document.createElement("table");
    const cell = (tag: "th" | "td", text: string, isNumber = false) => {
      const element = document.createElement(tag);
      element.textContent = text;
      if (isNumber) element.className = "number";
      return element;
    };
    const head = table.createTHead().insertRow();
    for (const { heading, isNumber } of columns) head.append(cell("th", heading, isNumber));
    const body = table.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      for (const [index, text] of row.entries()) line.append(cell("td", text, columns[index]?.isNumber));
    }
    scroll.append(table);
    this.twin.replaceChildren(summary, scroll);
  }
}
