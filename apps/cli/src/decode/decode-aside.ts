// Decoding in a thread of its own while this one replays: together they take as long as the slower of the two.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { EventRing, type ReplayOptions, RingFeed, type TraceReader } from "@obmalloc/trace";
import { packageFolder } from "../shared/package-folder.ts";
import { type DecodeWork, startDecoding } from "./decode-thread.ts";

let begun: DecodeWork | undefined;

/** Decoding that began before the code was loaded that asks for it. */
export function expectDecoding(work: DecodeWork | undefined): void {
  begun = work;
}

/** Decoding that has begun in another thread. */
export class DecodeAside {
  private readonly ring: EventRing;

  private constructor({ bytes }: DecodeWork) {
    this.ring = new EventRing(bytes);
  }

  /** Begins to decode, or takes what has begun; undefined where there is no second processor for it. */
  static start(path: string): DecodeAside | undefined {
    const file = join(packageFolder(), "dist", "decode", "worker.js");
    const work = begun?.path === path ? begun : existsSync(file) ? startDecoding(path, file) : undefined;
    begun = undefined;
    return work === undefined ? undefined : new DecodeAside(work);
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
