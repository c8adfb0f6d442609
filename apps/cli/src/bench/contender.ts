// What takes part in the bench: an allocator that is ready to run one stream, wherever it lives.

/** Bytes that an allocator holds from its host, whether they are in blocks or not. */
export interface Footprint {
  /** After the last operation. */
  readonly endBytes: number;
  /** The most that was seen. */
  readonly peakBytes: number;
}

export interface Timing {
  /** CPU time of the process that ran the stream, ns. */
  readonly cpuNs: number;
  readonly wallNs: number;
}

/**
 * An allocator with one stream. Each method runs the whole stream and frees what is left, so that the next one finds
 * the heap empty, and warm.
 */
export interface Contender {
  /**
   * Runs the stream with pauses in which the footprint is taken, and looks whether the blocks that stay alive hold what
   * was written to them. To be called first: on a heap that is new.
   *
   * @throws {BenchError} when one does not.
   */
  survey(): Promise<Footprint>;
  /** Times the operations after the setup. */
  round(): Promise<Timing>;
  /** Fills every block and compares it later. @returns what is wrong, undefined when nothing is. */
  verify(): Promise<string | undefined>;
  close(): Promise<void>;
}
