// <obm-heap>: a heap on one canvas, from the process down to the bytes, at any moment of what was recorded.

import { addressText } from "../format.ts";
import { unpackTape } from "../tape/pack-tape.ts";
import { isDarkIn, onSchemeChange, ThemeProbe, themeSheet } from "../theme-sheet.ts";
import { type Inks, inksOf } from "../world/inks.ts";
import { COLORINGS, type Coloring } from "../world/world.ts";
import { AddressState } from "./address-state.ts";
import { button, html } from "./dom.ts";
import type { HeapData, HeapEvents, MomentDetail, SelectDetail } from "./heap-data.ts";
import { Pane } from "./pane.ts";
import { Panels } from "./panels.ts";
import { ElementBase } from "./picture.ts";
import { Scrubber } from "./scrubber.ts";
import { type Job, SlicedWork } from "./sliced-work.ts";
import { type Source, sourceOf } from "./sources.ts";

/** Panes stand side by side from this width on, in CSS pixels. */
const TWO_COLUMNS = 900;

/** `<obm-heap>`: a heap at any moment, from the process down to the bytes. Set `data` to draw. */
export class HeapElement extends ElementBase {
  private readonly root = this.attachShadow({ mode: "open" });
  private readonly probe = new ThemeProbe();
  private readonly panels = new Panels();
  private readonly scrubber = new Scrubber((index) => this.onMoment(index));
  private readonly colorSelect = html("select", { "aria-label": "colours" });
  private readonly tools = html("div", { class: "row tools" });
  private readonly stage = html("div", { class: "panes" });
  private panes: Pane[] = [];
  private source: Source | undefined;
  private current: HeapData | undefined;
  private coloring: Coloring = "occupancy";
  private rank = -1;
  private inks: Inks | undefined;
  private frame = 0;
  private drawnWidth = 0;
  private readonly work = new SlicedWork(() => this.onWorkDone());
  private isPrepared = false;
  /** What the address of the page asks for, until it can be found. */
  private wantedAddress: number | undefined;
  private state: AddressState | undefined;
  private connection: AbortController | undefined;

  constructor() {
    super();
    this.root.adoptedStyleSheets = [themeSheet()];
    const { title, said, detail, legend, status, figures, twin } = this.panels;
    const figure = html(
      "figure",
      {},
      title,
      this.scrubber.element,
      said,
      this.tools,
      this.stage,
      legend,
      status,
    );
    figure.append(figures, detail, twin);
    this.root.append(figure, this.probe.element);
    this.colorSelect.addEventListener("change", () => this.show(this.colorSelect.value as Coloring));
    this.panels.twin.addEventListener("toggle", () => this.fillTwin());
    this.stage.addEventListener("keydown", (event) => this.onKey(event));
    for (const type of ["pointerup", "dblclick"])
      this.stage.addEventListener(type, () => this.work.finish(), { capture: true });
  }

  get data(): HeapData | undefined {
    return this.current;
  }

  /** Draws; the view and the moment begin anew. */
  set data(data: HeapData) {
    this.current = data;
    this.work.cancel();
    this.source = sourceOf(data);
    this.rank = -1;
    this.state = new AddressState(this.getAttribute("name") ?? "");
    this.coloring = data.coloring ?? "occupancy";
    this.buildPanes(data.title, this.source.panes);
    this.buildTools(this.source);
    const asked = this.state.moment;
    const index = asked === undefined ? this.source.firstIndex : this.source.moments.indexOf(asked);
    if (this.state.coloring !== undefined) this.coloring = this.state.coloring;
    this.colorSelect.value = this.coloring;
    this.wantedAddress = this.state.address;
    this.drawnWidth = 0;
    this.isPrepared = false;
    this.scrubber.setMoments(this.source.moments, index);
    this.redraw();
  }

  /**
   * Draws a tape that was packed by `packTape` and compressed by raw deflate, as it is stored in a page.
   *
   * @throws {RangeError} {@link SyntaxError} {@link TypeError} when the bytes are something else.
   */
  async loadPacked(title: string, deflated: Uint8Array<ArrayBuffer>): Promise<void> {
    const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const packed = new Uint8Array(await new Response(stream).arrayBuffer());
    this.data = { title, panes: [{ title: "", tape: unpackTape(packed) }] };
  }

  /** Index of the moment that is shown. */
  get moment(): number {
    return this.scrubber.index;
  }

  /** The event, or the step, that is shown. */
  get event(): number {
    return this.source?.moments.eventOf(Math.max(0, this.moment)) ?? 0;
  }

  moveTo(index: number): void {
    this.scrubber.moveTo(index);
  }

  /** Goes to the moment nearest to an event of a tape. */
  moveToEvent(event: number): void {
    if (this.source !== undefined) this.scrubber.moveTo(this.source.moments.indexOf(event));
  }

  /** Chooses the colours of pools and blocks. */
  show(coloring: Coloring): void {
    this.coloring = coloring;
    this.colorSelect.value = coloring;
    this.state?.set("colours", coloring);
    this.work.start(() => this.showing());
  }

  /** Singles out a line by its place in the legend; -1 for none. */
  showLine(rank: number): void {
    this.rank = rank;
    this.redraw();
  }

  /** Chooses what lies at an address and brings it into view; false when nothing does. */
  chooseAddress(address: number, pane = 0): boolean {
    this.work.finish();
    this.place(this.panes[pane]);
    const thing = this.panes[pane]?.world?.find(address);
    if (thing !== undefined) this.panes[pane]?.choose(thing, true);
    return thing !== undefined;
  }

  /** Where what lies at an address is drawn: CSS pixels of the pane's canvas. Undefined when it is not in view. */
  placeOf(address: number, pane = 0): { x: number; y: number; width: number; height: number } | undefined {
    this.work.finish();
    const shown = this.panes[pane];
    const thing = shown?.world?.find(address);
    const box = thing === undefined ? undefined : shown?.world?.box(thing);
    return box === undefined ? undefined : shown?.camera.toCanvas(box);
  }

  connectedCallback(): void {
    this.connection = new AbortController();
    const { signal } = this.connection;
    const observer = new ResizeObserver(() => this.redraw());
    observer.observe(this);
    signal.addEventListener("abort", () => observer.disconnect());
    onSchemeChange(() => {
      this.inks = undefined;
      this.redraw();
    }, signal);
    this.redraw();
  }

  disconnectedCallback(): void {
    this.scrubber.stop();
    this.connection?.abort();
  }

  override addEventListener<Name extends keyof HeapEvents>(
    type: Name,
    listener: (this: HeapElement, event: HeapEvents[Name]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: never,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener, options);
  }

  private buildPanes(title: string, titles: readonly string[]): void {
    this.panels.title.textContent = title;
    this.panes = titles.map((text, index) => {
      const pane = new Pane(
        () => this.redraw(),
        () => this.onChoose(index),
      );
      pane.title.textContent = text;
      pane.title.hidden = text === "";
      const keys = "left and right step, up and down choose, Enter and Escape zoom, 0 shows all, Space plays";
      pane.canvas.setAttribute("aria-label", `${title}${text === "" ? "" : `, ${text}`}. Keys: ${keys}.`);
      return pane;
    });
    this.stage.replaceChildren(...this.panes.map(({ element }) => element));
  }

  private buildTools(source: Source): void {
    const names = (Object.entries(COLORINGS) as [Coloring, string][]).filter(
      ([coloring]) => source.hasLines || (coloring !== "line" && coloring !== "pins"),
    );
    this.colorSelect.replaceChildren(...names.map(([coloring, text]) => new Option(text, coloring)));
    this.colorSelect.value = this.coloring;
    const each = (act: (pane: Pane) => void) => () => {
      for (const pane of this.panes) act(pane);
    };
    this.tools.replaceChildren(
      ...(source.hasArenas ? [html("label", {}, "Colours ", this.colorSelect)] : []),
      button(
        "+",
        each((pane) => pane.zoomIn()),
        "Closer",
      ),
      button(
        "−",
        each((pane) => pane.zoomBy(0.5)),
        "Farther",
      ),
      button(
        "Show all",
        each((pane) => pane.camera.showAll()),
      ),
    );
    for (const zoom of this.tools.querySelectorAll("button"))
      zoom.addEventListener("click", () => this.redraw());
  }

  private onMoment(index: number): void {
    const { source } = this;
    if (source === undefined) return;
    const event = source.moments.eventOf(index);
    this.panels.say(source.frameAt(index));
    this.state?.set("", String(event));
    this.work.start(() => this.showing());
    this.dispatchEvent(new CustomEvent<MomentDetail>("obm-moment", { detail: { index, event } }));
  }

  /** Goes to the moment of the scrubber and makes ready what drawing needs; then, or between, nothing is drawn. */
  private *showing(): Job {
    const { source, moment } = this;
    if (source === undefined || moment < 0) return;
    this.stage.setAttribute("aria-busy", "true");
    yield* source.seeking(moment);
    if (source.preparing !== undefined && (this.coloring === "line" || this.coloring === "pins"))
      yield* source.preparing();
    for (const pane of this.panes) {
      this.place(pane);
      const preparing = pane.world?.preparing?.(pane.camera, this.coloring);
      if (preparing !== undefined) yield* preparing;
    }
  }

  private onWorkDone(): void {
    this.stage.removeAttribute("aria-busy");
    this.describe();
    this.fillTwin();
    this.chooseWanted();
    this.redraw();
  }

  /** What the page's address asks for, as soon as there is room to find it in. */
  private chooseWanted(): void {
    const { wantedAddress } = this;
    if (wantedAddress === undefined || this.paneWidth() <= 0) return;
    this.wantedAddress = undefined;
    this.chooseAddress(wantedAddress);
  }

  /** Puts the world of the moment into a pane. */
  private place(pane: Pane | undefined): void {
    const { source } = this;
    const width = this.paneWidth();
    if (pane === undefined || source === undefined || width <= 0 || this.moment < 0) return;
    const world = source.worldAt(this.panes.indexOf(pane), this.moment, width);
    pane.show(world, width, this.drawnWidth === width);
  }

  private paneWidth(): number {
    const width = this.stage.clientWidth;
    return this.panes.length > 1 && width >= TWO_COLUMNS ? Math.floor((width - 16) / 2) : width;
  }

  private onChoose(index: number): void {
    for (const [other, pane] of this.panes.entries())
      if (other !== index && pane.chosen !== undefined) pane.chosen = undefined;
    const { chosen, world } = this.panes[index]!;
    this.describe();
    const address = chosen === undefined ? undefined : world?.describe(chosen)?.address;
    this.state?.set("at", address === undefined ? "" : addressText(address));
    const detail: SelectDetail = { pane: index, thing: chosen, address };
    this.dispatchEvent(new CustomEvent<SelectDetail>("obm-select", { detail }));
  }

  private describe(): void {
    const pane = this.panes.find(({ chosen }) => chosen !== undefined);
    const found = pane?.chosen === undefined ? undefined : pane.world?.describe(pane.chosen);
    if (pane !== undefined && found === undefined) pane.chosen = undefined;
    this.panels.tell(found);
  }

  private onKey(event: KeyboardEvent): void {
    const pane = this.panes.find(({ canvas }) => canvas === event.target);
    if (pane === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!event.shiftKey && this.scrubber.onKey(event.key)) {
      event.preventDefault();
      return;
    }
    this.work.finish();
    if (pane.onKey(event.key, event.shiftKey)) event.preventDefault();
  }

  private fillTwin(): void {
    if (this.source === undefined || !this.panels.twin.open || this.work.isBusy) return;
    const twins = this.panes.flatMap(({ world }) => world?.twins() ?? []);
    this.panels.fillTwin(twins, this.source.log(this.moment), this.source.frameAt(0) !== undefined);
  }

  private redraw(): void {
    if (this.frame !== 0 || this.source === undefined) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private draw(): void {
    const width = this.paneWidth();
    if (width <= 0 || this.work.isBusy) return;
    this.stage.classList.toggle("is-two", this.panes.length > 1 && this.stage.clientWidth >= TWO_COLUMNS);
    if (this.drawnWidth !== width) {
      for (const pane of this.panes) this.place(pane);
      this.drawnWidth = width;
    }
    this.inks ??= inksOf(this.probe.palette(), isDarkIn(this));
    const { inks, coloring, rank } = this;
    for (const pane of this.panes) pane.draw({ inks, coloring, rank });
    const [first] = this.panes;
    if (first?.world !== undefined)
      this.panels.showLegend(first.world.legend(coloring, inks, first.camera.scale), rank, (line) =>
        this.showLine(line === rank ? -1 : line),
      );
    this.afterDrawing();
  }

  /** What could wait until something is seen. */
  private afterDrawing(): void {
    const { source } = this;
    this.chooseWanted();
    const preparing = this.isPrepared ? undefined : source?.preparing?.bind(source);
    this.isPrepared = true;
    if (preparing !== undefined) this.work.start(preparing);
    this.work.resume();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "obm-heap": HeapElement;
  }
}
