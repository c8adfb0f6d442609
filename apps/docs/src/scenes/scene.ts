// What is live on the pages: scenes, questions and experiments. Each runs a real engine.

import type { Coloring, Frame } from "@obmalloc/heap-map";

export type { Cell, Frame, GraphNode, Kind, Region } from "@obmalloc/heap-map";

/** A scene runs its engine step by step; the state after each step is what the picture shows. */
export interface Scene {
  readonly title: string;
  /** The colours to begin with. @defaultValue "occupancy" */
  readonly coloring?: Coloring;
  run(): Iterator<Frame>;
}

/** A question whose answer is computed. */
export interface Question {
  readonly text: string;
  readonly options: readonly string[];
  /** Runs the engine: which option is right, and what it did. */
  answer(): { readonly right: number; readonly said: string };
}

/** Buttons that do something to a real heap, and say in text what came of it. */
export interface Experiment {
  readonly title: string;
  readonly buttons: readonly { readonly label: string; run(): string }[];
}

export const hex = (address: number): string => `0x${address.toString(16)}`;
