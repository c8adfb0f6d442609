// Starting a thread that decodes. It loads next to nothing: the thread comes up while this one loads the rest.

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** What a decoding thread is given. */
export interface DecodeWork {
  readonly path: string;
  /** Of an EventRing. */
  readonly bytes: SharedArrayBuffer;
}

/** A thread that waits to be told what it decodes. */
export interface Decoding {
  readonly work: DecodeWork;
  readonly thread: Worker;
}

const RING_BYTES = 1 << 21;

/**
 * Starts a thread that decodes `path`, once it is sent the opened trace; undefined where there is no second processor for it.
 *
 * @param file the thread's, built.
 */
export function startDecoding(path: string, file: string | URL): Decoding | undefined {
  if (availableParallelism() < 2) return undefined;
  const work = { path, bytes: new SharedArrayBuffer(RING_BYTES) };
  const thread = new Worker(file, { workerData: work });
  thread.unref();
  return { work, thread };
}
