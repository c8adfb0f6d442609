// What the page and its worker tell each other.

import type { TimelineData, WaterfallData } from "@obmalloc/heap-map";
import type { Tape } from "@obmalloc/insight";

/** To the worker; `file` comes first, and once. */
export type Request =
  | { readonly kind: "open"; readonly file: File; readonly eventsMax: number }
  /** The events around one, each of them a moment. */
  | { readonly kind: "closer"; readonly event: number }
  /** The same events under the rules of another version. */
  | { readonly kind: "compare"; readonly version: string };

export interface LineRow {
  readonly heldAlone: string;
  readonly shared: string;
  readonly live: string;
  readonly blocks: string;
  readonly line: string;
}

export interface Answer {
  readonly program: string;
  readonly verdict: string;
  readonly pins: string;
  readonly moment: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly lines: readonly LineRow[];
  readonly waterfall: WaterfallData;
  readonly timeline: TimelineData;
  readonly shortcomings: readonly string[];
}

/** From the worker. */
export type Report =
  | { readonly kind: "progress"; readonly doing: string; readonly done: number; readonly total: number }
  | { readonly kind: "answer"; readonly answer: Answer }
  /** `isWhole`: each event is a moment of it. A second tape is of the version that was asked for. */
  | {
      readonly kind: "tapes";
      readonly tapes: readonly { title: string; tape: Tape }[];
      readonly isWhole: boolean;
    }
  | {
      readonly kind: "failed";
      readonly name: string;
      readonly message: string;
      readonly details: readonly string[];
    };
