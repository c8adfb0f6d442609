// One canvas with a world on it: it is looked at through a camera, moved by mouse, touch and keys, and things are chosen.

import { Camera, type Point } from "../world/camera.ts";
import type { Inks } from "../world/inks.ts";
import { Raster } from "../world/raster.ts";
import type { Brush, Coloring, Thing, World } from "../world/world.ts";
import { html } from "./dom.ts";

/** CSS pixels that a pointer may move and still be a click. */
const CLICK_SLACK = 5;
const ZOOM_STEP = 1.6;
const PAN_STEP = 80;
/** More device pixels for each CSS pixel cost more than they show. */
const RATIO_MAX = 2;

export interface PaneLook {
  readonly inks: Inks;
  readonly coloring: Coloring;
  readonly rank: number;
}

export class Pane {
  readonly title = html("div", { class: "pane-title" });
  readonly canvas = html("canvas", { tabindex: 0, role: "img", class: "pane" });
  readonly element = html("div", { class: "pane-box" }, this.title, this.canvas);
  readonly camera = new Camera();
  world: World | undefined;
  chosen: Thing | undefined;

  private readonly raster = new Raster();
  private readonly pointers = new Map<number, Point>();
  private travelled = 0;
  private readonly onChange: () => void;
  private readonly onChoose: () => void;

  /** @param onChange is called when something else has to be drawn; `onChoose` when something was chosen. */
  constructor(onChange: () => void, onChoose: () => void) {
    this.onChange = onChange;
    this.onChoose = onChoose;
    this.listen();
  }

  /** Shows another world; where it is the next moment of the same one the view stays. */
  show(world: World, width: number, keepsView: boolean): void {
    const isFirst = this.world === undefined || !keepsView;
    this.world = world;
    const height = isFirst ? world.height : Math.max(world.height, this.camera.height);
    this.canvas.style.height = `${height}px`;
    this.camera.setCanvas(width, height);
    this.camera.setWorld(world.bounds, world.scaleMax);
    if (isFirst) this.home();
    this.onChange();
  }

  /** The view that the world begins with. */
  home(): void {
    const focus = this.world?.focus;
    if (focus === undefined) this.camera.showAll();
    else this.camera.show(focus, 0.03);
    this.moved();
  }

  choose(thing: Thing | undefined, reveals: boolean): void {
    this.chosen = thing;
    const box = thing === undefined ? undefined : this.world?.box(thing);
    if (box !== undefined && reveals) this.camera.reveal(box);
    this.onChoose();
    this.moved();
  }

  chooseBy(by: number): void {
    const next = this.world?.next(this.chosen, by, this.camera.scale);
    if (next !== undefined) this.choose(next, true);
  }

  /** Zooms until what is chosen fills the canvas; by a step, if nothing is. */
  zoomIn(): void {
    const box = this.chosen === undefined ? undefined : this.world?.box(this.chosen);
    if (box === undefined) this.zoomBy(ZOOM_STEP);
    else {
      this.camera.show(box);
      this.moved();
    }
  }

  zoomBy(factor: number): void {
    this.camera.zoom(factor, this.middle());
    this.moved();
  }

  onKey(key: string, isShift: boolean): boolean {
    const pan = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key];
    if (isShift && pan !== undefined) {
      this.camera.pan(pan[0]! * PAN_STEP, pan[1]! * PAN_STEP);
      this.moved();
    } else if (key === "ArrowDown") this.chooseBy(1);
    else if (key === "ArrowUp") this.chooseBy(-1);
    else if (key === "Enter") this.zoomIn();
    else if (key === "Escape") this.zoomBy(1 / ZOOM_STEP / ZOOM_STEP);
    else if (key === "+" || key === "=") this.zoomBy(ZOOM_STEP);
    else if (key === "-") this.zoomBy(1 / ZOOM_STEP);
    else if (key === "0") this.home();
    else return false;
    return true;
  }

  draw({ inks, coloring, rank }: PaneLook): void {
    const { world, camera, canvas, raster } = this;
    const context = canvas.getContext("2d");
    if (world === undefined || context === null) return;
    const ratio = Math.min(RATIO_MAX, devicePixelRatio || 1);
    const [width, height] = [Math.round(camera.width * ratio), Math.round(camera.height * ratio)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const brush: Brush = { camera, raster, context, inks, ratio, coloring, rank, chosen: this.chosen };
    raster.begin(width, height, inks.surface);
    world.fill(brush);
    context.setTransform(1, 0, 0, 1, 0, 0);
    raster.end(context);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    world.draw(brush);
  }

  private middle(): Point {
    return { x: this.camera.width / 2, y: this.camera.height / 2 };
  }

  /** A picture that is seen whole leaves a swipe to the page. */
  private moved(): void {
    this.canvas.classList.toggle("is-close", !this.camera.isWhole);
    this.onChange();
  }

  private listen(): void {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      this.pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      this.travelled = 0;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    canvas.addEventListener("pointerup", (event) => this.onUp(event));
    canvas.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
    canvas.addEventListener("dblclick", (event) => {
      this.chooseAt({ x: event.offsetX, y: event.offsetY });
      this.zoomIn();
    });
    canvas.addEventListener(
      "wheel",
      (event) => {
        // The wheel is the page's until the picture has been asked for: by a click, or with the key that zooms.
        if (!event.ctrlKey && !event.metaKey && canvas.getRootNode() instanceof ShadowRoot && !this.isFocused)
          return;
        event.preventDefault();
        this.camera.zoom(1.0015 ** -event.deltaY, { x: event.offsetX, y: event.offsetY });
        this.moved();
      },
      { passive: false },
    );
  }

  private get isFocused(): boolean {
    const root = this.canvas.getRootNode();
    return root instanceof ShadowRoot && root.activeElement === this.canvas;
  }

  private onMove(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = { x: event.offsetX, y: event.offsetY };
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (other !== undefined) {
      const apart = (point: Point) => Math.hypot(point.x - other.x, point.y - other.y);
      const center = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      this.camera.zoom(apart(now) / Math.max(1, apart(before)), center);
      this.travelled = CLICK_SLACK + 1;
    } else {
      this.travelled += Math.hypot(now.x - before.x, now.y - before.y);
      if (this.travelled <= CLICK_SLACK) return;
      this.camera.pan(now.x - before.x, now.y - before.y);
    }
    this.moved();
  }

  private onUp(event: PointerEvent): void {
    const wasDown = this.pointers.delete(event.pointerId);
    if (wasDown && this.travelled <= CLICK_SLACK) this.chooseAt({ x: event.offsetX, y: event.offsetY });
  }

  private chooseAt(point: Point): void {
    this.choose(this.world?.at(this.camera.toWorld(point), this.camera.scale), false);
  }
}
