// Decoding in a thread of its own while this one replays: together they take as long as the slower of the two.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { EventRing, type ReplayOptions, RingFeed, type TraceReader } from "@obmalloc/trace";
import { packageFolder } from "../shared/package-folder.ts";
import { type Decoding, startDecoding } from "./decode-thread.ts";

let begun: Decoding | undefined;

/** A thread that was started before the code was loaded that asks for it. */
export function expectDecoding(decoding: Decoding | undefined): void {
  begun = decoding;
}

/** Decoding in another thread. */
export class DecodeAside {
  private readonly ring: EventRing;
  private readonly thread: Decoding["thread"];

  private constructor({ work, thread }: Decoding) {
    this.ring = new EventRing(work.bytes);
    this.thread = thread;
  }

  /** Starts a thread, or takes the one that was started; undefined where there is no second processor for it. */
  static start(path: string): DecodeAside | undefined {
    const file = join(packageFolder(), "dist", "decode", "worker.js");
    const decoding =
      begun?.work.path === path ? begun : existsSync(file) ? startDecoding(path, file) : undefined;
    begun = undefined;
    return decoding === undefined ? undefined : new DecodeAside(decoding);
  }

  /** Has the same file decoded, from its beginning, for a replay. */
  eventsOf(trace: TraceReader): Pick<ReplayOptions, "events"> {
    this.thread.postMessage(trace.handOver());
    return { events: (space) => new RingFeed(trace, space, this.ring) };
  }

  /** Nothing more is wanted of it. */
  stop(): void {
    this.ring.abandon();
  }
}
