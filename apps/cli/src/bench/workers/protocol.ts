// What a team of Workers and its owner say to each other.

import type { SizeRange } from "../streams/kind.ts";

/** A Worker's work: blocks that go through a table of slots, each replaced at a random moment. */
export interface Work {
  /** The name of a heap in heaps.ts. */
  readonly heap: string;
  /** From the heap's `create`. */
  readonly handle: unknown;
  /** Of the Worker, from 0. */
  readonly index: number;
  readonly workers: number;
  /** Addresses by slot, 0 where a slot is empty; shared by all. */
  readonly table: SharedArrayBuffer;
  /** Two words for {@link meet}. */
  readonly meeting: SharedArrayBuffer;
  /** The slots that the Worker uses: a range of the table, its own or all of it. */
  readonly slots: { readonly from: number; readonly to: number };
  readonly operations: number;
  /** Bytes, a word at least. */
  readonly sizes: SizeRange;
  readonly seed: number;
}

/** `fill` puts a block into each of the Worker's share of slots; `run` is timed; `drain` frees the share. */
export type Command = "fill" | "run" | "drain";

export interface Answer {
  /** Of a `run`: on the clock that all Workers share, ms. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Of a `drain`: what is wrong inside the heap. */
  readonly problems: readonly string[];
}

/** Waits until all Workers of a team have come here. */
export function meet(meeting: Int32Array, workers: number): void {
  const turn = Atomics.load(meeting, 1);
  if (Atomics.add(meeting, 0, 1) === workers - 1) {
    Atomics.store(meeting, 0, 0);
    Atomics.add(meeting, 1, 1);
    Atomics.notify(meeting, 1);
    return;
  }
  while (Atomics.load(meeting, 1) === turn) Atomics.wait(meeting, 1, turn);
}
