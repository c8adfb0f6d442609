// The events of a trace as plain objects, for those who want to look at them rather than replay them.

import { CHUNK_HEADER_BYTES, type Domain, type Op } from "./constants.ts";
import { EventDecoder, NO_ARENAS } from "./event-decoder.ts";
import type { TraceEvent } from "./event-encoder.ts";
import type { EventSink } from "./event-sink.ts";
import type { TraceReader } from "./reader.ts";

/** What {@link readEvents} yields: an operation, or what lies between two of them. */
export type TraceItem =
  | ({ readonly kind: "event"; readonly event: number; readonly context: number } & TraceEvent)
  | { readonly kind: "arenaMapped" | "arenaUnmapped"; readonly event: number; readonly id: number };

/** Collects what a decoder gives it; addresses come as recorded, because the decoder has no arenas. */
class Collector implements EventSink {
  readonly items: TraceItem[] = [];
  event = 0;
  contextId = 0;

  outside(op: Op, domain: Domain, address: number, old: number, sizeBytes: number, stack: number): boolean {
    const { contextId: context } = this;
    this.items.push({
      kind: "event",
      event: this.event++,
      context,
      op,
      domain,
      address,
      old,
      sizeBytes,
      stack,
    });
    return true;
  }

  context(id: number): boolean {
    this.contextId = id;
    return true;
  }

  arenaMapped(id: number): boolean {
    this.items.push({ kind: "arenaMapped", event: this.event, id });
    return true;
  }

  arenaUnmapped(id: number): boolean {
    this.items.push({ kind: "arenaUnmapped", event: this.event, id });
    return true;
  }

  // Without arenas there is nothing inside of them.
  allocate = unreachable;
  free = unreachable;
  reallocate = unreachable;
}

function unreachable(): never {
  throw new Error("A decoder without arenas found an address inside of one.");
}

/**
 * The events from number `from` on. Chunks before it are skipped, not read.
 *
 * @throws {TraceError} where the trace is damaged or cut, after everything that lies before.
 */
export function* readEvents(trace: TraceReader, from: number = 0): Generator<TraceItem> {
  const decoder = new EventDecoder(trace.tables, NO_ARENAS, trace.info.pageShift);
  const collector = new Collector();
  for (const header of trace.eventChunks) {
    if (header.firstEvent + header.eventCount <= from) continue;
    decoder.start(trace.chunk(header).payload, header.fileOffset + CHUNK_HEADER_BYTES);
    collector.event = header.firstEvent;
    while (!decoder.atEnd) {
      let failure: unknown;
      try {
        decoder.run(collector, 1024);
      } catch (error) {
        failure = error;
      }
      for (const item of collector.items) if (item.event >= from) yield item;
      collector.items.length = 0;
      if (failure !== undefined) throw failure;
    }
  }
  if (trace.damage !== undefined) throw trace.damage;
}
