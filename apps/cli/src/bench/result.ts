// What a run of the bench gives.

import type { Footprint, Timing } from "./contender.ts";
import type { Origin } from "./entrant.ts";
import type { StreamKind, StreamScale } from "./streams/kind.ts";
import type { WorkerResult } from "./workers/run.ts";

/** One allocator with one stream. */
export interface Row {
  readonly name: string;
  readonly origin: Origin;
  /** The same allocator a second time, to see how far equal things differ. */
  readonly isControl: boolean;
  readonly facts: StreamFacts;
  readonly footprint: Footprint;
  /** One for each round. */
  readonly timings: readonly Timing[];
}

export interface StreamFacts {
  /** Timed. */
  readonly operations: number;
  /** Mallocs, frees and reallocs of these. */
  readonly calls: number;
  /** Blocks that are alive after the last one. */
  readonly liveBlocks: number;
  readonly liveBytesAtEnd: number;
  readonly liveBytesAtPeak: number;
  /** The operations or the live blocks are fewer than those of the others. */
  readonly isCut: boolean;
}

export interface StreamResult {
  readonly kind: StreamKind;
  readonly scale: StreamScale;
  readonly rows: readonly Row[];
  /** Allocators that had no room for it. */
  readonly failures: readonly Failure[];
}

interface Failure {
  readonly name: string;
  readonly reason: string;
}

export interface MissingPeer {
  readonly name: string;
  readonly title: string;
  readonly reason: string;
}

export interface BenchResult {
  readonly streams: readonly StreamResult[];
  readonly workers: readonly WorkerResult[];
  readonly missing: readonly MissingPeer[];
}
