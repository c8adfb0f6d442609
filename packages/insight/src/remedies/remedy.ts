// What could be done, what it would save, what it costs, and how sure that is.

import type { Frame } from "@obmalloc/trace";
import type { Grade } from "../answer/waterfall.ts";
import type { WhatIfMachine } from "../what-if/what-if-machine.ts";

/** What a remedy does: to the order of allocation, to a size, to the allocator, or to the C library. */
export type RemedyKind =
  | "re-home"
  | "clear-in-chunks"
  | "other-size-class"
  | "long-lived-first"
  | "return-free-pools"
  | "other-version"
  | "malloc-trim"
  | "python-malloc"
  | "gc-threshold";

/** Savings below this, or below {@link SMALLEST_SHARE} of the resident set, are not worth a line. */
const SMALLEST_SAVING_BYTES = 256 * 1024;
const SMALLEST_SHARE = 0.01;

/** What a remedy has to save to be said, in bytes. @param rssBytes the resident set, where it is known */
export const smallestSaving = (rssBytes: number | undefined): number =>
  Math.max(SMALLEST_SAVING_BYTES, (rssBytes ?? 0) * SMALLEST_SHARE);

/** Something that would make the process smaller: what it does, what it saves, what it costs, how sure that is. */
export interface Remedy {
  readonly kind: RemedyKind;
  /** One sentence in the imperative. */
  readonly title: string;
  /** The line that it changes, if it is about one. */
  readonly frame: Frame | undefined;
  /** Bytes that the process would hold less at the moment. */
  readonly savingBytes: number;
  /** Arenas at the moment; undefined where it is not about arenas. */
  readonly arenasAfter: number | undefined;
  readonly cost: string;
  readonly grade: Grade;
  /** Bytes that are added to each block, or temporary blocks that may be alive; undefined where there is no such number. */
  readonly parameter: number | undefined;
  /** What the figure rests on. */
  readonly basis: string;
}

/** A replay that waits to be run: after the examination has been asked everything, since it keeps nothing of it. */
export interface PlannedRemedy {
  readonly make: () => WhatIfMachine;
  readonly remedy: Omit<Remedy, "savingBytes" | "arenasAfter">;
  /** Of a remedy that is another version: which. Those that save the same are said together. */
  readonly version?: string;
}
