// The first place where the replay and the recording part, in full.

import type { Domain } from "../format/constants.ts";

/** The pool that a mismatch happened in, as the replay has it. Addresses are those of the recorded process. */
export interface MismatchPool {
  readonly address: number;
  readonly arena: number;
  /** Its size class; null when it has none yet. */
  readonly szidx: number | null;
  readonly blockBytes: number;
  /** Blocks in use. */
  readonly count: number;
  readonly capacity: number;
}

/** The first event of a replay that came out differently, with all that is known about it. */
export interface Mismatch {
  /** Number of the event, from 0. */
  readonly event: number;
  /** What was asked for, such as `malloc`. */
  readonly operation: string;
  readonly domain: Domain;
  /** Requested bytes; 0 for a free. */
  readonly sizeBytes: number;
  /** The address that the process was given, or gave back. */
  readonly recorded: number;
  /** The address that the replay came to; 0 when it came to none. */
  readonly replayed: number;
  /** What is wrong, in words. */
  readonly reason: string;
  readonly stack: number;
  readonly pool: MismatchPool | undefined;
}
