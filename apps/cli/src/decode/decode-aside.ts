// Decoding in a thread of its own while this one replays: together they take as long as the slower of the two.

import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { EventRing, type ReplayOptions, RingFeed, type TraceReader } from "@obmalloc/trace";
import { packageFolder } from "../shared/package-folder.ts";

/** What a decoding thread is given. */
export interface DecodeWork {
  readonly path: string;
  /** Of an EventRing. */
  readonly bytes: SharedArrayBuffer;
}

/** Decoding that has begun in another thread. */
export class DecodeAside {
  private readonly ring = new EventRing();

  private constructor(path: string, file: string) {
    const workerData: DecodeWork = { path, bytes: this.ring.bytes };
    new Worker(file, { workerData }).unref();
  }

  /** Begins to decode; undefined where there is no second processor for it. */
  static start(path: string): DecodeAside | undefined {
    const file = join(packageFolder(), "dist", "decode", "worker.js");
    return availableParallelism() > 1 && existsSync(file) ? new DecodeAside(path, file) : undefined;
  }

  /** For the replay of the same file, from its beginning. */
  eventsOf(trace: TraceReader): Pick<ReplayOptions, "events"> {
    return { events: (space) => new RingFeed(trace, space, this.ring) };
  }

  /** Nothing more is wanted of it. */
  stop(): void {
    this.ring.abandon();
  }
}
