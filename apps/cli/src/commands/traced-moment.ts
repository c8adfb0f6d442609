// What is asked of `obmalloc tracemalloc`, and what it answers from.

import type { KeyType, Snapshot } from "@obmalloc/domains";
import type { Recording } from "../shared/recording.ts";

export interface TracemallocOptions {
  readonly at?: string;
  readonly json?: boolean;
  /** An earlier moment, to show what changed since. */
  readonly since?: string;
  readonly key: KeyType;
  readonly cumulative?: boolean;
  readonly limit: number;
  /** Frames to keep of each traceback. */
  readonly nframe: number;
  /** File name patterns of lines that are wanted, and of lines that are not. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** The traces of one moment. */
export interface TracedMoment {
  readonly recording: Recording;
  /** After the filters. */
  readonly snapshot: Snapshot;
  /** Bytes of all traces, before the filters. */
  readonly tracedBytes: number;
}
