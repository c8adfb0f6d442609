// What a kind of stream is: a name, what it is scaled by, and how to make it.

import type { Stream } from "./stream.ts";

export interface SizeRange {
  /** Bytes, included. */
  readonly min: number;
  /** Bytes, included. */
  readonly max: number;
}

export interface StreamScale {
  /** Blocks that are alive at one time. */
  readonly live: number;
  /** Timed operations; 0 where they follow from the live blocks. */
  readonly operations: number;
  /** Of small blocks. */
  readonly sizes: SizeRange;
}

export interface StreamKind {
  /** Such as `W1`. */
  readonly name: string;
  /** One line for people. */
  readonly title: string;
  /** What one operation is. */
  readonly operation: string;
  readonly defaults: StreamScale;
  /** The same stream for the same arguments, on every machine. */
  make(scale: StreamScale & { readonly seed: number }): Stream;
}
