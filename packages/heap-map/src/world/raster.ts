// A picture in memory: filling a hundred thousand small boxes of it takes a few milliseconds, one call of a canvas each far more.

import type { Box } from "./camera.ts";

export class Raster {
  width = 0;
  height = 0;
  private pixels = new Uint32Array(0);
  private image: ImageData | undefined;

  /** Makes the picture of device pixels ready, all of it in one colour. */
  begin(width: number, height: number, color: number): void {
    if (width !== this.width || height !== this.height || this.image === undefined) {
      this.image = new ImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.width = width;
      this.height = height;
    }
    this.pixels.fill(color);
  }

  /** Fills the device pixels from `x0` to before `x1`, at least one of them. */
  fill(x0: number, y0: number, x1: number, y1: number, color: number): void {
    const { width, height, pixels } = this;
    const left = x0 < 0 ? 0 : Math.round(x0);
    const top = y0 < 0 ? 0 : Math.round(y0);
    const right = Math.min(width, Math.max(left + 1, Math.round(x1)));
    const bottom = Math.min(height, Math.max(top + 1, Math.round(y1)));
    const count = right - left;
    if (count <= 0) return;
    if (count > 24) {
      for (let y = top; y < bottom; y++) pixels.fill(color, y * width + left, y * width + right);
      return;
    }
    for (let y = top; y < bottom; y++) {
      const end = y * width + right;
      for (let at = y * width + left; at < end; at++) pixels[at] = color;
    }
  }

  /** Fills a box; `gap` device pixels of it stay free at its right and its lower side, if it is large enough. */
  fillBox({ x, y, width, height }: Box, gap: number, color: number): void {
    if (x + width < 0 || y + height < 0 || x > this.width || y > this.height) return;
    const right = width > 3 * gap ? x + width - gap : x + width;
    const bottom = height > 3 * gap ? y + height - gap : y + height;
    this.fill(x, y, right, bottom, color);
  }

  end(context: CanvasRenderingContext2D): void {
    if (this.image !== undefined) context.putImageData(this.image, 0, 0);
  }
}

/** Red, green and blue as a pixel, in the order of little-endian memory. */
export const pixel = (red: number, green: number, blue: number): number =>
  (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;

/** A mixture of two pixels: `share` of the second. */
export function mix(a: number, b: number, share: number): number {
  const part = (shift: number) => {
    const from = (a >>> shift) & 255;
    return Math.round(from + (((b >>> shift) & 255) - from) * share);
  };
  return pixel(part(0), part(8), part(16));
}

export const cssOf = (color: number): string =>
  `rgb(${color & 255} ${(color >>> 8) & 255} ${(color >>> 16) & 255})`;
