// Writing a trace from JavaScript: the same bytes that the recorder writes from C.

import { buildChunk, type Deflate } from "./chunk.ts";
import {
  ChunkKind,
  EVENTS_CHUNK_BYTES,
  FILE_HEADER_BYTES,
  FILE_MAGIC,
  FORMAT_VERSION,
  INDEX_ENTRY_BYTES,
  INDEX_MAGIC,
  TRAILER_BYTES,
} from "./constants.ts";
import { EventEncoder, type TraceEvent } from "./event-encoder.ts";
import type { TraceEnd, TraceInfo } from "./info.ts";
import { TableWriter } from "./table-writer.ts";

/** Takes the file's bytes, piece by piece and in order. */
export type ByteSink = (bytes: Uint8Array) => void;

/** How a trace is written. */
export interface WriterOptions {
  /** Compress each chunk that becomes smaller by it. */
  readonly deflate?: Deflate;
}

/**
 * Writes a trace to a sink, chunk by chunk: it never goes back, so the sink can be a file, a pipe or a socket.
 *
 * Define what events refer to through {@link tables} before the events. {@link finish} writes the end and the index.
 */
export class TraceWriter {
  readonly tables = new TableWriter();
  private readonly events: EventEncoder;
  private readonly sink: ByteSink;
  private readonly deflate: Deflate | undefined;
  private readonly index: { offset: number; firstEvent: number; eventCount: number; kind: number }[] = [];
  private offset = 0;
  private firstEvent = 0;
  private contextId = 0;

  constructor(sink: ByteSink, info: TraceInfo, options: WriterOptions = {}) {
    this.sink = sink;
    this.deflate = options.deflate;
    this.events = new EventEncoder(info.pageShift);
    const header = new Uint8Array(FILE_HEADER_BYTES);
    header.set(FILE_MAGIC);
    header[8] = FORMAT_VERSION;
    this.put(header);
    this.chunk(ChunkKind.info, json(info), 0);
  }

  /** Number of the next event. */
  get event(): number {
    return this.firstEvent + this.events.eventCount;
  }

  add(event: TraceEvent): void {
    this.events.add(event);
    if (this.events.byteLength >= EVENTS_CHUNK_BYTES) this.flush();
  }

  /** The events that follow are of this context, an id of {@link tables}. */
  context(id: number): void {
    this.contextId = id;
    this.events.context(id);
  }

  /** The event that follows maps this arena, an id of {@link tables}. */
  arenaMapped(id: number): void {
    this.events.arenaMapped(id, this.tables.arenaOf(id));
  }

  /** The event before has unmapped this arena. */
  arenaUnmapped(id: number): void {
    this.tables.arenaGone(id, this.event);
    this.events.arenaUnmapped(id, this.tables.arenaOf(id));
  }

  /** Ends the present chunk: everything so far is given to the sink. */
  flush(): void {
    if (this.tables.byteLength > 0) this.chunk(ChunkKind.tables, this.tables.take(), 0);
    const eventCount = this.events.eventCount;
    if (this.events.byteLength === 0) return;
    this.chunk(ChunkKind.events, this.events.take(), eventCount);
    this.firstEvent += eventCount;
    if (this.contextId !== 0) this.events.context(this.contextId);
  }

  finish(end: Omit<TraceEnd, "events">): void {
    this.flush();
    this.chunk(ChunkKind.end, json({ ...end, events: this.firstEvent }), 0);
    const indexOffset = this.offset;
    this.chunk(ChunkKind.index, this.indexBytes(), 0);
    const trailer = new Uint8Array(TRAILER_BYTES);
    const view = new DataView(trailer.buffer);
    view.setBigUint64(0, BigInt(indexOffset), true);
    view.setUint32(12, INDEX_MAGIC, true);
    this.put(trailer);
  }

  private chunk(kind: ChunkKind, payload: Uint8Array, eventCount: number): void {
    const { firstEvent } = this;
    this.index.push({ offset: this.offset, firstEvent, eventCount, kind });
    this.put(buildChunk(kind, payload, { firstEvent, eventCount }, this.deflate));
  }

  private indexBytes(): Uint8Array {
    const bytes = new Uint8Array(this.index.length * INDEX_ENTRY_BYTES);
    const view = new DataView(bytes.buffer);
    for (const [i, entry] of this.index.entries()) {
      view.setBigUint64(i * INDEX_ENTRY_BYTES, BigInt(entry.offset), true);
      view.setBigUint64(i * INDEX_ENTRY_BYTES + 8, BigInt(entry.firstEvent), true);
      view.setUint32(i * INDEX_ENTRY_BYTES + 16, entry.eventCount, true);
      view.setUint32(i * INDEX_ENTRY_BYTES + 20, entry.kind, true);
    }
    return bytes;
  }

  private put(bytes: Uint8Array): void {
    this.sink(bytes);
    this.offset += bytes.length;
  }
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
