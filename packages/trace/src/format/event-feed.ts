// The events of a trace, chunk after chunk, into any sink.

import { TraceDamagedError, TraceError } from "../errors.ts";
import type { AddressSpace } from "./address-space.ts";
import type { ChunkHeader } from "./chunk.ts";
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

/** Lets through what stands behind the last event of a chunk and is none itself. */
class TailSink implements EventSink {
  private readonly sink: EventSink;
  private readonly excess: () => never;

  constructor(sink: EventSink, excess: () => never) {
    this.sink = sink;
    this.excess = excess;
  }

  allocate = (): never => this.excess();
  free = (): never => this.excess();
  reallocate = (): never => this.excess();
  outside = (): never => this.excess();
  context = (id: number): boolean => this.sink.context(id);
  arenaMapped = (id: number): boolean => this.sink.arenaMapped(id);
  arenaUnmapped = (id: number): boolean => this.sink.arenaUnmapped(id);
}

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
  private current: ChunkHeader | undefined;
  /** Events that the chunk still has, by its header: a trace's events are numbered by what headers say. */
  private left = 0;
  private given = 0;

  constructor(trace: TraceReader, space: AddressSpace) {
    this.trace = trace;
    this.decoder = new EventDecoder(trace.tables, space, trace.info.pageShift);
  }

  /** A feed that goes on behind the first `event` events, in a space as it is after the last of them. */
  static from(trace: TraceReader, space: AddressSpace, event: number): EventFeed {
    // Where a chunk ends with that event, what stands behind it there is still to come.
    const chunk = trace.eventChunks.findIndex((header) => header.firstEvent + header.eventCount >= event);
    const feed = EventFeed.fromChunk(trace, space, chunk < 0 ? trace.eventChunks.length : chunk);
    let ahead = event - (trace.eventChunks[feed.nextChunk]?.firstEvent ?? event);
    while (ahead > 0 && feed.run(NOWHERE, ahead)) ahead -= feed.eventsGiven;
    return feed;
  }

  /** A feed of the event chunks from number `chunk` on, in a space as it is at the first of their events. */
  static fromChunk(trace: TraceReader, space: AddressSpace, chunk: number): EventFeed {
    const feed = new EventFeed(trace, space);
    feed.nextChunk = chunk;
    return feed;
  }

  /** How many events the last call of {@link run} gave. */
  get eventsGiven(): number {
    return this.given;
  }

  /** Gives up to `maxEvents` events, or up to the end of a chunk; false when there are no more. */
  run(sink: EventSink, maxEvents: number): boolean {
    this.given = 0;
    if (this.damage !== undefined) return false;
    if (this.decoder.atEnd && !this.startChunk()) return false;
    if (this.left === 0) return this.runTail(sink);
    try {
      this.decoder.run(sink, Math.min(maxEvents, this.left));
    } catch (error) {
      this.stop(error); // what came before it is sound
    }
    this.given = this.decoder.eventsGiven;
    this.left -= this.given;
    return true;
  }

  /** What stands behind the last event that the chunk's header counts. */
  private runTail(sink: EventSink): boolean {
    const excess = (): never => {
      throw this.miscounted("more");
    };
    try {
      this.decoder.run(new TailSink(sink, excess), 1);
    } catch (error) {
      this.stop(error);
    }
    return true;
  }

  private startChunk(): boolean {
    try {
      this.decoder.checkEnd();
      if (this.left > 0) throw this.miscounted("fewer");
      const header = this.trace.eventChunks[this.nextChunk];
      if (header === undefined) {
        this.damage = this.trace.damage;
        return false;
      }
      this.decoder.start(this.trace.chunk(header).payload, header.fileOffset + CHUNK_HEADER_BYTES);
      this.current = header;
      this.left = header.eventCount;
      this.nextChunk++;
      return true;
    } catch (error) {
      this.stop(error);
      return false;
    }
  }

  private stop(error: unknown): void {
    if (!(error instanceof TraceError)) throw error;
    this.damage = error;
  }

  private miscounted(which: "more" | "fewer"): TraceDamagedError {
    const { eventCount, fileOffset } = this.current!;
    return new TraceDamagedError(
      `Damaged trace: this chunk has ${which} events than the ${eventCount} that its header names.`,
      fileOffset,
    );
  }
}
