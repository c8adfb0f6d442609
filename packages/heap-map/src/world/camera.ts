// Which part of a world the canvas shows: a scale and the world's point in the upper left corner.

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** CSS pixels of the canvas around what is fitted into it. */
const MARGIN = 4;

export class Camera {
  scale = 1;
  x = 0;
  y = 0;
  /** The canvas, in CSS pixels. */
  width = 1;
  height = 1;
  /** The largest scale: at it the smallest thing of the world fills the canvas. */
  scaleMax = 1;
  private bounds: Box = { x: 0, y: 0, width: 1, height: 1 };

  /** The scale at which all of the world is seen. */
  get scaleMin(): number {
    return Math.min(
      (this.width - 2 * MARGIN) / this.bounds.width,
      (this.height - 2 * MARGIN) / this.bounds.height,
    );
  }

  /** Whether all of the world is seen. */
  get isWhole(): boolean {
    return this.scale <= this.scaleMin * 1.001;
  }

  setWorld(bounds: Box, scaleMax: number): void {
    this.bounds = bounds;
    this.scaleMax = scaleMax;
    this.clamp();
  }

  setCanvas(width: number, height: number): void {
    const wasWhole = this.isWhole;
    const middle = this.toWorld({ x: this.width / 2, y: this.height / 2 });
    this.width = width;
    this.height = height;
    if (wasWhole) this.showAll();
    else this.center(middle);
  }

  showAll(): void {
    this.scale = this.scaleMin;
    const { x, y, width, height } = this.bounds;
    this.center({ x: x + width / 2, y: y + height / 2 });
  }

  /** Shows a box as large as it fits, with `room` of the canvas around it. */
  show(box: Box, room = 0.08): void {
    this.scale = Math.min(this.width / box.width, this.height / box.height) * (1 - 2 * room);
    this.center({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
  }

  /** Moves as little as needed for the box to be seen. */
  reveal(box: Box): void {
    const view = this.view();
    const fits = box.width <= view.width && box.height <= view.height;
    if (!fits) {
      this.show(box);
      return;
    }
    this.x = Math.min(box.x, Math.max(this.x, box.x + box.width - view.width));
    this.y = Math.min(box.y, Math.max(this.y, box.y + box.height - view.height));
    this.clamp();
  }

  /** Zooms, with the world's point under `at` (CSS pixels) staying there. */
  zoom(factor: number, at: Point): void {
    const fixed = this.toWorld(at);
    this.scale *= factor;
    this.limitScale();
    this.x = fixed.x - at.x / this.scale;
    this.y = fixed.y - at.y / this.scale;
    this.clamp();
  }

  /** Moves what is seen by CSS pixels. */
  pan(dx: number, dy: number): void {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.clamp();
  }

  toWorld({ x, y }: Point): Point {
    return { x: this.x + x / this.scale, y: this.y + y / this.scale };
  }

  toCanvas({ x, y, width, height }: Box): Box {
    const { scale } = this;
    return { x: (x - this.x) * scale, y: (y - this.y) * scale, width: width * scale, height: height * scale };
  }

  /** The part of the world that is seen. */
  view(): Box {
    return { x: this.x, y: this.y, width: this.width / this.scale, height: this.height / this.scale };
  }

  private center({ x, y }: Point): void {
    this.limitScale();
    this.x = x - this.width / this.scale / 2;
    this.y = y - this.height / this.scale / 2;
    this.clamp();
  }

  private limitScale(): void {
    this.scale = Math.max(this.scaleMin, Math.min(Math.max(this.scaleMax, this.scaleMin), this.scale));
  }

  /** No more empty room than there has to be. */
  private clamp(): void {
    this.limitScale();
    const view = this.view();
    const margin = MARGIN / this.scale;
    const { bounds } = this;
    this.x = clampAxis(this.x, bounds.x - margin, bounds.width + 2 * margin, view.width);
    this.y = clampAxis(this.y, bounds.y - margin, bounds.height + 2 * margin, view.height);
  }
}

function clampAxis(at: number, start: number, length: number, seen: number): number {
  if (seen >= length) return start - (seen - length) / 2;
  return Math.max(start, Math.min(start + length - seen, at));
}
