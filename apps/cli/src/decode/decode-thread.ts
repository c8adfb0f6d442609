// Starting a thread that decodes. It loads next to nothing: the thread comes up while this one loads the rest.

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** What a decoding thread is given. */
export interface DecodeWork {
  readonly path: string;
  /** Of an EventRing. */
  readonly bytes: SharedArrayBuffer;
}

const RING_BYTES = 1 << 21;

/**
 * Begins to decode `path` in another thread; undefined where there is no second processor for it.
 *
 * @param file the thread's, built.
 */
export function startDecoding(path: string, file: string | URL): DecodeWork | undefined {
  if (availableParallelism() < 2) return undefined;
  const work = { path, bytes: new SharedArrayBuffer(RING_BYTES) };
  new Worker(file, { workerData: work }).unref();
  return work;
}
