// Starting a thread that decodes. It loads nothing else: the thread comes up while this one loads the rest.

import { existsSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { packageFolder } from "../shared/package-folder.ts";

/** What a decoding thread is given. */
export interface DecodeWork {
  readonly path: string;
  /** Of an EventRing. */
  readonly bytes: SharedArrayBuffer;
}

const RING_BYTES = 1 << 21;
/** Commands that replay the whole of one file. */
const REPLAYING = new Set(["verify", "explain"]);

let ahead: DecodeWork | undefined;

/** Begins to decode `path` in another thread; undefined where there is no second processor for it. */
export function startDecoding(path: string): DecodeWork | undefined {
  if (ahead?.path === path) {
    const work = ahead;
    ahead = undefined;
    return work;
  }
  const file = join(packageFolder(), "dist", "decode", "worker.js");
  if (availableParallelism() < 2 || !existsSync(file)) return undefined;
  const work = { path, bytes: new SharedArrayBuffer(RING_BYTES) };
  new Worker(file, { workerData: work }).unref();
  return work;
}

/** Begins before the command is even understood, with the file that it is likely to be about. */
export function decodeAhead([command = "", ...args]: readonly string[]): void {
  const path = REPLAYING.has(command) ? args.find(isFile) : undefined;
  if (path !== undefined) ahead = startDecoding(path);
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
