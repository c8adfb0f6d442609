// The events that another thread decodes, for a replay in this one.

import type { TraceError } from "../errors.ts";
import type { AddressSpace } from "../format/address-space.ts";
import { EventFeed } from "../format/event-feed.ts";
import type { EventSink } from "../format/event-sink.ts";
import type { EventSupply } from "../format/event-supply.ts";
import type { TraceReader } from "../format/reader.ts";
import type { EventRing } from "./event-ring.ts";
import { EventUnpacker } from "./packed-events.ts";

/** A decoder that gives no sign for so long is not waited for: decoding is done here then. */
const PATIENCE_MS = 20_000;

/**
 * Takes batches from a ring, and waits for them: not for a page's main thread. What the other thread cannot decode is
 * decoded here, from where it stopped: the answer is the same, only later.
 */
export class RingFeed implements EventSupply {
  damage: TraceError | undefined;
  private readonly trace: TraceReader;
  private readonly space: AddressSpace;
  private readonly ring: EventRing;
  private readonly unpacker = new EventUnpacker();
  private hasBatch = false;
  private ended = false;
  /** Events of earlier calls. */
  private before = 0;
  private own: EventFeed | undefined;

  constructor(trace: TraceReader, space: AddressSpace, ring: EventRing) {
    this.trace = trace;
    this.space = space;
    this.ring = ring;
  }

  get eventsGiven(): number {
    return this.own === undefined ? this.unpacker.given : this.own.eventsGiven;
  }

  get isReady(): boolean {
    return this.own !== undefined || this.ended || !this.unpacker.atEnd || this.ring.isReady;
  }

  run(sink: EventSink, maxEvents: number): boolean {
    if (this.own === undefined && (!this.unpacker.atEnd || this.nextBatch())) {
      this.unpacker.run(sink, maxEvents);
      this.before += this.unpacker.given;
      return true;
    }
    if (this.own === undefined) return false;
    const isMore = this.own.run(sink, maxEvents);
    this.damage = this.own.damage;
    return isMore;
  }

  private nextBatch(): boolean {
    if (this.ended) return false;
    if (this.hasBatch) this.ring.release();
    this.hasBatch = false;
    const batch = this.ring.next(PATIENCE_MS);
    if (batch === "ended") this.ended = true;
    else if (batch === "failed") {
      this.ring.abandon();
      this.own = EventFeed.from(this.trace, this.space, this.before);
    } else {
      this.hasBatch = true;
      this.unpacker.unpackFrom(batch);
    }
    return this.hasBatch;
  }
}
