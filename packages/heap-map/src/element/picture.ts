// What the charts have in common: a canvas as wide as the element, the theme, a table that says the same in text.

import type { Palette } from "../theme.ts";
import { onSchemeChange, ThemeProbe, themeSheet } from "../theme-sheet.ts";
import type { TextTwin } from "../world/world.ts";
import { html, twinTable } from "./dom.ts";

/** Where pages are made on a server there are no elements; the class can be imported all the same. */
export const ElementBase =
  typeof HTMLElement === "undefined" ? (class {} as typeof HTMLElement) : HTMLElement;

/** A custom element that draws `Data` on a canvas; set {@link data} to draw. */
export abstract class Picture<Data> extends ElementBase {
  protected readonly canvas = html("canvas", { tabindex: 0, role: "img" });
  protected readonly controls = html("div", { class: "row" });
  protected readonly status = html("div", { class: "status", "aria-live": "polite" });
  private readonly twin = html("details");
  private readonly probe = new ThemeProbe();
  private current: Data | undefined;
  private frame = 0;
  private connection: AbortController | undefined;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [themeSheet()];
    root.append(html("figure", {}, this.canvas, this.status, this.controls, this.twin), this.probe.element);
    this.canvas.addEventListener("keydown", (event) => {
      if (this.onKey(event.key)) event.preventDefault();
    });
    this.canvas.addEventListener("click", (event) => this.onClick(event.offsetX, event.offsetY));
  }

  get data(): Data | undefined {
    return this.current;
  }

  set data(data: Data) {
    this.current = data;
    this.onData(data);
    const twins = this.textTwins(data);
    this.canvas.setAttribute("aria-label", twins[0]?.caption ?? "");
    this.twin.replaceChildren(html("summary", {}, "As text"), ...twins.map(twinTable));
    this.redraw();
  }

  connectedCallback(): void {
    this.connection = new AbortController();
    const { signal } = this.connection;
    const observer = new ResizeObserver(() => this.redraw());
    observer.observe(this);
    signal.addEventListener("abort", () => observer.disconnect());
    onSchemeChange(() => this.redraw(), signal);
    this.redraw();
  }

  disconnectedCallback(): void {
    this.connection?.abort();
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
  /** Tables that say the same; the first one names the picture. */
  protected abstract textTwins(data: Data): readonly TextTwin[];
  protected onData(_data: Data): void {}
  /** Whether the key meant something here. */
  protected onKey(_key: string): boolean {
    return false;
  }
  protected onClick(_x: number, _y: number): void {}

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
    this.draw(data, context, width, this.probe.palette());
  }
}
