// <heap-scene name="…">: a live picture. It runs the engine of its scene step by step and shows each state.

import { type Cell, type Frame, KINDS, type Kind, type Scene } from "../scenes/scene.ts";
import { sceneNamed } from "../scenes/scenes.ts";
import { cellDetail } from "./cell-detail.ts";
import { button, html, svg } from "./dom.ts";
import { drawGraph } from "./draw-graph.ts";
import { drawRegion } from "./draw-region.ts";
import { textTwin } from "./text-twin.ts";

const PLAY_MS = 900;
const PLAY_MS_REDUCED = 2500;
const TITLE = 24;
const GAP = 12;

export class ScenePlayer extends HTMLElement {
  private scene: Scene | undefined;
  private frames: Frame[] = [];
  private step = 0;
  private chosen: Cell | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private drawnWidth = 0;

  private readonly call = html("code", { class: "scene-call" });
  private readonly text = html("p", { class: "scene-text", "aria-live": "polite" });
  private readonly stage = html("div", { class: "scene-stage", tabindex: 0, role: "group" });
  private readonly figures = html("dl", { class: "scene-figures" });
  private readonly legend = html("p", { class: "scene-legend" });
  private readonly detail = html("div", { class: "scene-detail", "aria-live": "polite" });
  private readonly twin = html("div");
  private readonly log = html("ol", { class: "scene-log", start: 0 });
  private readonly slider = html("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "step" });
  private readonly counter = html("span", { class: "scene-counter" });
  private readonly playButton = button("Play", () => this.togglePlay());

  get name(): string {
    return this.getAttribute("name") ?? "";
  }

  async connectedCallback(): Promise<void> {
    if (this.scene !== undefined) return;
    const scene = await sceneNamed(this.name);
    this.scene = scene;
    const iterator = scene.run();
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) this.frames.push(next.value);
    this.build(scene);
    this.moveTo(Number(new URLSearchParams(location.search).get(this.name) ?? 0));
    new ResizeObserver(() => this.onResize()).observe(this.stage);
    this.dataset.ready = "true";
  }

  disconnectedCallback(): void {
    this.stop();
  }

  /** Shows the state after step `index`; 0 is the beginning. */
  moveTo(index: number): void {
    const last = this.frames.length - 1;
    this.step = Math.max(0, Math.min(last, Number.isFinite(index) ? Math.round(index) : last));
    this.chosen = undefined;
    this.show();
  }

  private build(scene: Scene): void {
    this.stage.setAttribute(
      "aria-label",
      `${scene.title}. Arrow keys left and right step, up and down choose a cell.`,
    );
    this.slider.max = String(this.frames.length - 1);
    this.slider.addEventListener("input", () => this.goTo(Number(this.slider.value)));
    this.stage.addEventListener("keydown", (event) => {
      if (this.onKey(event.key)) event.preventDefault();
    });
    const controls = html(
      "div",
      { class: "scene-controls", role: "group", "aria-label": "Steps" },
      button("|◀", () => this.goTo(0), { "aria-label": "First step" }),
      button("◀", () => this.goTo(this.step - 1), { "aria-label": "Step back" }),
      this.playButton,
      button("▶", () => this.goTo(this.step + 1), { "aria-label": "Step forward" }),
      button("▶|", () => this.goTo(this.frames.length - 1), { "aria-label": "Last step" }),
      this.slider,
      this.counter,
    );
    const twin = html(
      "details",
      { class: "scene-twin" },
      html("summary", {}, "As text"),
      this.twin,
      this.log,
    );
    const figure = html("figure", { class: "scene" }, html("figcaption", {}, scene.title), controls);
    figure.append(html("div", { class: "scene-said" }, this.call, this.text), this.stage, this.legend);
    figure.append(this.figures, this.detail, twin);
    this.replaceChildren(figure);
  }

  private goTo(index: number): void {
    this.moveTo(index);
    const url = new URL(location.href);
    url.searchParams.set(this.name, String(this.step));
    history.replaceState(history.state, "", url);
  }

  private onKey(key: string): boolean {
    if (key === "ArrowRight") this.goTo(this.step + 1);
    else if (key === "ArrowLeft") this.goTo(this.step - 1);
    else if (key === "Home") this.goTo(0);
    else if (key === "End") this.goTo(this.frames.length - 1);
    else if (key === " ") this.togglePlay();
    else if (key === "ArrowDown") this.chooseBy(1);
    else if (key === "ArrowUp") this.chooseBy(-1);
    else return false;
    return true;
  }

  private chooseBy(by: number): void {
    const cells = (this.frames[this.step]?.regions ?? []).flatMap((region) => region.cells);
    if (cells.length === 0) return;
    const at = cells.findIndex(({ address }) => address === this.chosen?.address);
    this.choose(cells[Math.max(0, Math.min(cells.length - 1, at + by))]!);
  }

  private choose(cell: Cell): void {
    this.chosen = cell;
    this.detail.replaceChildren(...cellDetail(cell, this.frames.slice(0, this.step + 1)));
    this.draw();
  }

  private togglePlay(): void {
    if (this.timer !== undefined) {
      this.stop();
      return;
    }
    if (this.step === this.frames.length - 1) this.goTo(0);
    const isReduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.playButton.textContent = "Stop";
    this.timer = setInterval(
      () => {
        this.goTo(this.step + 1);
        if (this.step === this.frames.length - 1) this.stop();
      },
      isReduced ? PLAY_MS_REDUCED : PLAY_MS,
    );
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.playButton.textContent = "Play";
  }

  private show(): void {
    const frame = this.frames[this.step]!;
    this.call.textContent = frame.call;
    this.text.textContent = frame.text;
    this.slider.value = String(this.step);
    this.slider.setAttribute(
      "aria-valuetext",
      `step ${this.step} of ${this.frames.length - 1}: ${frame.call}`,
    );
    this.counter.textContent = `${this.step} / ${this.frames.length - 1}`;
    this.figures.replaceChildren(
      ...(frame.figures ?? []).map(([name, value]) =>
        html("div", {}, html("dt", {}, name), html("dd", {}, value)),
      ),
    );
    this.legend.replaceChildren(...legendOf(frame));
    this.detail.replaceChildren();
    this.twin.replaceChildren(...textTwin(frame));
    const seen = this.frames.slice(0, this.step + 1);
    this.log.replaceChildren(
      ...seen.map(({ call, text }) => html("li", {}, html("code", {}, call), ` ${text}`)),
    );
    this.draw();
  }

  private onResize(): void {
    if (this.stage.clientWidth !== this.drawnWidth) this.draw();
  }

  private draw(): void {
    const frame = this.frames[this.step]!;
    const width = this.stage.clientWidth;
    this.drawnWidth = width;
    if (width === 0) return;
    const picture = svg("svg", {
      width,
      role: "img",
      "aria-label": `${this.scene?.title}, after ${frame.call}`,
    });
    let y = 0;
    const place = ({ element, height }: { element: SVGElement; height: number }) => {
      element.setAttribute("transform", `translate(0 ${y})`);
      picture.append(element);
      y += height + GAP;
    };
    for (const region of frame.regions ?? []) {
      picture.append(svg("text", { class: "scene-title", x: 0, y: y + TITLE / 2 }, region.title));
      y += TITLE;
      place(drawRegion(region, width, this.chosen, (cell) => this.choose(cell)));
    }
    if (frame.graph !== undefined) place(drawGraph(frame.graph, width));
    picture.setAttribute("height", String(y));
    this.stage.replaceChildren(picture);
  }
}

function legendOf({ regions = [] }: Frame): Node[] {
  const kinds = new Set(regions.flatMap(({ cells }) => cells.map(({ kind }) => kind)));
  return (Object.keys(KINDS) as Kind[])
    .filter((kind) => kinds.has(kind))
    .map((kind) => html("span", {}, html("i", { class: `scene-swatch is-${kind}` }), KINDS[kind]));
}
