// What a canvas can show: a heap of arenas, regions of memory, or a graph of objects.

import type { Box, Camera, Point } from "./camera.ts";
import type { Inks } from "./inks.ts";
import type { Raster } from "./raster.ts";

/** Colours of blocks and pools. */
export const COLORINGS = {
  occupancy: "occupancy",
  class: "size class",
  age: "age",
  line: "source line",
  pins: "pinned by",
} as const;

/** What the colours of blocks and pools say. */
export type Coloring = keyof typeof COLORINGS;

/** Something that can be chosen. */
export type Thing =
  | { readonly level: "arena"; readonly row: number }
  | { readonly level: "pool"; readonly pool: number }
  | { readonly level: "header"; readonly pool: number }
  | { readonly level: "block"; readonly pool: number; readonly block: number }
  | { readonly level: "cell"; readonly address: number }
  | { readonly level: "object"; readonly id: string };

/** A table that says in text what a picture shows. */
export interface TextTwin {
  readonly caption: string;
  readonly columns: readonly { readonly heading: string; readonly isNumber?: boolean }[];
  readonly rows: readonly (readonly string[])[];
}

/** What is known of a thing. */
export interface Description {
  readonly title: string;
  readonly address?: number;
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Innermost call first. */
  readonly stack?: readonly string[];
  readonly tables?: readonly TextTwin[];
  /** Its first bytes, with the address of the first. */
  readonly bytes?: { readonly address: number; readonly data: Uint8Array };
}

export interface LegendEntry {
  readonly color: string;
  readonly text: string;
  /** The line that a click on the entry singles out. */
  readonly rank?: number;
}

/** What painting needs. The raster and the context are of device pixels, boxes of the camera of CSS pixels. */
export interface Brush {
  readonly camera: Camera;
  readonly raster: Raster;
  readonly context: CanvasRenderingContext2D;
  readonly inks: Inks;
  /** Device pixels of a CSS pixel. */
  readonly ratio: number;
  readonly coloring: Coloring;
  /** In {@link COLORINGS} by line: the line that is singled out; -1 for none. */
  readonly rank: number;
  readonly chosen: Thing | undefined;
}

export interface World {
  readonly bounds: Box;
  readonly scaleMax: number;
  /** Height that the canvas had best have for a width, in CSS pixels. */
  readonly height: number;
  /** What the first view shows. */
  readonly focus: Box | undefined;
  /** Makes ready, in slices, what {@link fill} would have to find out first. */
  preparing?(camera: Camera, coloring: Coloring): Generator<void, void>;
  /** Fills the raster; called first. */
  fill(brush: Brush): void;
  /** Draws lines and text over it. */
  draw(brush: Brush): void;
  /** The thing at a point of the world, as fine as it is drawn at this scale. */
  at(point: Point, scale: number): Thing | undefined;
  /** The next thing in the order of reading, `by` steps on. */
  next(from: Thing | undefined, by: number, scale: number): Thing | undefined;
  box(thing: Thing): Box | undefined;
  describe(thing: Thing): Description | undefined;
  /** The thing at an address, as fine as possible. */
  find(address: number): Thing | undefined;
  /** Of what is drawn at this scale. */
  legend(coloring: Coloring, inks: Inks, scale: number): readonly LegendEntry[];
  twins(): readonly TextTwin[];
}
