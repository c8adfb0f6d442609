// The colours of a picture as pixels, made from the theme whenever it changes.

import type { Palette } from "../theme.ts";
import { cssOf, mix, pixel } from "./raster.ts";

/** Lines of source that have a colour of their own. */
export const COLORED_LINES = 7;
const LINE_HUES = [210, 28, 140, 275, 340, 60, 185] as const;
const RAMP = 64;
const GOLDEN_ANGLE = 137.508;

export interface Inks {
  readonly isDark: boolean;
  readonly palette: Palette;
  readonly surface: number;
  readonly text: number;
  readonly line: number;
  readonly accent: number;
  /** A pool's ground: gaps and what is too small for a block. */
  readonly ground: number;
  readonly uncarved: number;
  readonly freePool: number;
  readonly header: number;
  readonly live: number;
  readonly free: number;
  readonly fresh: number;
  readonly kept: number;
  readonly mark: number;
  readonly pin: number;
  readonly unknown: number;
  /** By share in use, from 0 to 1. */
  occupancy(share: number): number;
  /** By age, from 0 (just born) to 1. */
  age(share: number): number;
  sizeClass(szidx: number): number;
  /** By the rank of a line; -1 and those without a colour of their own share one. */
  rank(rank: number): number;
}

export function inksOf(palette: Palette, isDark: boolean): Inks {
  const surface = pixelOf(palette.surface);
  const line = pixelOf(palette.line);
  const used = pixelOf(palette.used);
  const held = pixelOf(palette.held);
  const other = pixelOf(palette.other);
  const occupancy = ramp([held, isDark ? pixel(92, 92, 100) : pixel(188, 186, 182), used]);
  const age = ramp(
    isDark
      ? [pixel(246, 226, 118), pixel(222, 94, 122), pixel(96, 72, 196)]
      : [pixel(238, 190, 60), pixel(206, 70, 106), pixel(70, 44, 148)],
  );
  const classes = Array.from({ length: 64 }, (_, szidx) =>
    hsl((szidx * GOLDEN_ANGLE) % 360, isDark ? 0.55 : 0.6, isDark ? 0.62 : 0.45),
  );
  const ranks = LINE_HUES.map((hue) => hsl(hue, isDark ? 0.65 : 0.7, isDark ? 0.62 : 0.42));
  return {
    isDark,
    palette,
    surface,
    text: pixelOf(palette.text),
    line,
    accent: pixelOf(palette.accent),
    ground: mix(surface, line, 0.55),
    uncarved: mix(surface, line, 0.25),
    freePool: mix(surface, held, 0.22),
    header: mix(surface, other, 0.75),
    live: used,
    free: mix(surface, held, 0.38),
    fresh: mix(surface, line, 0.3),
    kept: mix(surface, pixelOf(palette.good), 0.4),
    mark: mix(surface, pixelOf(palette.accent), 0.5),
    pin: held,
    unknown: mix(surface, other, 0.6),
    occupancy: (share) => occupancy[Math.round(Math.max(0, Math.min(1, share)) * (RAMP - 1))]!,
    age: (share) => age[Math.round(Math.max(0, Math.min(1, share)) * (RAMP - 1))]!,
    sizeClass: (szidx) => classes[szidx % classes.length]!,
    rank: (rank) => ranks[rank] ?? mix(surface, other, 0.6),
  };
}

/** Evenly between the colours, from the first to the last. */
function ramp(stops: readonly number[]): Uint32Array {
  return Uint32Array.from({ length: RAMP }, (_, index) => {
    const at = (index / (RAMP - 1)) * (stops.length - 1);
    const from = Math.min(stops.length - 2, Math.floor(at));
    return mix(stops[from]!, stops[from + 1]!, at - from);
  });
}

function hsl(hue: number, saturation: number, lightness: number): number {
  const part = (n: number) => {
    const k = (n + hue / 30) % 12;
    const a = saturation * Math.min(lightness, 1 - lightness);
    return Math.round(255 * (lightness - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return pixel(part(0), part(8), part(4));
}

/** What `getComputedStyle` writes: `rgb(1, 2, 3)`, or `color(srgb 0.1 0.2 0.3)`. */
export function pixelOf(color: string): number {
  const numbers = (color.match(/-?[\d.]+(?:e-?\d+)?/g) ?? ["0", "0", "0"]).map(Number);
  const unit = color.startsWith("color(") ? 255 : 1;
  return pixel(
    Math.round(numbers[0]! * unit),
    Math.round(numbers[1]! * unit),
    Math.round(numbers[2]! * unit),
  );
}

const DARK_TEXT = pixel(17, 20, 24);
const LIGHT_TEXT = pixel(255, 255, 255);

/** Text that can be read on a ground. */
export function textOn(ground: number): string {
  const brightness =
    0.299 * (ground & 255) + 0.587 * ((ground >>> 8) & 255) + 0.114 * ((ground >>> 16) & 255);
  return cssOf(brightness > 140 ? DARK_TEXT : LIGHT_TEXT);
}
