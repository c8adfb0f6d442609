// The events of a trace, chunk after chunk, into any sink.

import { TraceError } from "../errors.ts";
import type { AddressSpace } from "./address-space.ts";
import { CHUNK_HEADER_BYTES } from "./constants.ts";
import { EventDecoder } from "./event-decoder.ts";
import type { EventSink } from "./event-sink.ts";
import type { EventSupply } from "./event-supply.ts";
import type { TraceReader } from "./reader.ts";

const goOn = () => true;
/** For events that somebody has had already. */
const NOWHERE: EventSink = {
  allocate: goOn,
  free: goOn,
  reallocate: goOn,
  outside: goOn,
  context: goOn,
  arenaMapped: goOn,
  arenaUnmapped: goOn,
};

/**
 * Decodes a trace from its beginning. It holds one chunk at a time.
 *
 * Where the trace is damaged or cut it stops for good; {@link damage} says why. What came before is sound.
 */
export class EventFeed implements EventSupply {
  damage: TraceError | undefined;
  private readonly trace: TraceReader;
  private readonly decoder: EventDecoder;
  private nextChunk = 0;

  constructor(trace: TraceReader, space: AddressSpace) {
    this.trace = trace;
    this.decoder = new EventDecoder(trace.tables, space, trace.info.pageShift);
  }

  /** A feed that goes on with event number `event`, in a space as it is at that moment. */
  static from(trace: TraceReader, space: AddressSpace, event: number): EventFeed {
    const feed = new EventFeed(trace, space);
    const chunk = trace.eventChunks.findIndex((header) => header.firstEvent + header.eventCount > event);
    feed.nextChunk = chunk < 0 ? trace.eventChunks.length : chunk;
    let ahead = event - (trace.eventChunks[feed.nextChunk]?.firstEvent ?? event);
    while (ahead > 0 && feed.run(NOWHERE, ahead)) ahead -= feed.eventsGiven;
    return feed;
  }

  /** How many events the last call of {@link run} gave. */
  get eventsGiven(): number {
    return this.decoder.eventsGiven;
  }

  /** Gives up to `maxEvents` events, or up to the end of a chunk; false when there are no more. */
  run(sink: EventSink, maxEvents: number): boolean {
    if (this.damage !== undefined || (this.decoder.atEnd && !this.startChunk())) return false;
    try {
      this.decoder.run(sink, maxEvents);
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      this.damage = error; // what came before it is sound
    }
    return true;
  }

  private startChunk(): boolean {
    const header = this.trace.eventChunks[this.nextChunk];
    if (header === undefined) {
      this.damage = this.trace.damage;
      return false;
    }
    try {
      this.decoder.start(this.trace.chunk(header).payload, header.fileOffset + CHUNK_HEADER_BYTES);
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      this.damage = error;
      return false;
    }
    this.nextChunk++;
    return true;
  }
}
