// What `<obm-heap>` is given, and what it tells.

import type { Frame } from "../frames/frame.ts";
import type { HeapTape } from "../tape/heap-tape.ts";
import type { Coloring, Thing } from "../world/world.ts";

/** Steps of an engine, each with what happened in words. */
export interface FramesData {
  readonly title: string;
  readonly frames: readonly Frame[];
  /** @defaultValue "occupancy" */
  readonly coloring?: Coloring;
}

/** One tape, or two of one recording under two profiles, which one scrubber moves together. */
export interface TapesData {
  readonly title: string;
  readonly panes: readonly { readonly title: string; readonly tape: HeapTape }[];
  /** The event to begin with. @defaultValue the last one */
  readonly event?: number;
  /** @defaultValue "occupancy" */
  readonly coloring?: Coloring;
}

/** What `<obm-heap>` draws: steps of an engine, or tapes. */
export type HeapData = FramesData | TapesData;

/** The moment that is shown. */
export interface MomentDetail {
  readonly index: number;
  /** The event of a tape, or the step. */
  readonly event: number;
}

/** What was chosen, in which pane; `thing` is undefined when nothing is any more. */
export interface SelectDetail {
  readonly pane: number;
  readonly thing: Thing | undefined;
  readonly address: number | undefined;
}

/** What `<obm-heap>` tells, by the name of the event. */
export interface HeapEvents {
  readonly "obm-moment": CustomEvent<MomentDetail>;
  readonly "obm-select": CustomEvent<SelectDetail>;
}
