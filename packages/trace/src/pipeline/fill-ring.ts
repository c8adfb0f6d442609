// The decoding thread's whole work.

import { DenseArenas } from "../format/dense-arenas.ts";
import { EventFeed } from "../format/event-feed.ts";
import type { TraceReader } from "../format/reader.ts";
import { BATCH_WORDS, type EventRing } from "./event-ring.ts";
import { EventPacker } from "./packed-events.ts";

/** Packs events, and keeps book of where arenas lie, which the decoder asks for. */
export class PackingSink extends EventPacker {
  readonly space: DenseArenas;

  constructor({ tables, info }: TraceReader) {
    super();
    this.space = new DenseArenas(tables, info.pageShift);
  }

  override arenaMapped(id: number): boolean {
    this.space.map(id);
    return super.arenaMapped(id);
  }

  override arenaUnmapped(id: number): boolean {
    this.space.unmap(id);
    return super.arenaUnmapped(id);
  }
}

/**
 * Decodes `trace` into `ring`, to its end or until nobody reads any more. Blocks while the ring is full.
 *
 * What follows an event and is none itself goes into one batch with the next event: wherever this thread stops, the other
 * one can go on behind the last event that it was given.
 */
export function fillRing(trace: TraceReader, ring: EventRing): void {
  const sink = new PackingSink(trace);
  const feed = new EventFeed(trace, sink.space);
  let tail: Uint32Array = new Uint32Array(0);
  for (let room = ring.room(); room !== undefined; room = ring.room()) {
    sink.packInto(room, tail);
    const isMore = feed.run(sink, BATCH_WORDS);
    const isEnd = !isMore && feed.damage === undefined;
    tail = isEnd ? tail : sink.takeTail();
    if (sink.length > 0) ring.publish(sink.length);
    if (isMore) continue;
    // Where the trace is damaged, the reader comes to the same place by itself, and to the error.
    ring.end(isEnd ? "ended" : "failed");
    return;
  }
}
