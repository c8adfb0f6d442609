// The events of a trace as plain objects, for those who want to look at them rather than replay them.

import { CHUNK_HEADER_BYTES, Domain, Op } from "./constants.ts";
import { DenseArenas } from "./dense-arenas.ts";
import { EventDecoder } from "./event-decoder.ts";
import type { TraceEvent } from "./event-encoder.ts";
import type { EventSink } from "./event-sink.ts";
import type { TraceReader } from "./reader.ts";
import type { Tables } from "./tables.ts";

/** What {@link readEvents} yields: an operation, or what lies between two of them. */
export type TraceItem =
  | ({ readonly kind: "event"; readonly event: number; readonly context: number } & TraceEvent)
  | { readonly kind: "arenaMapped" | "arenaUnmapped"; readonly event: number; readonly id: number };

/** Collects what a decoder gives it, with recorded addresses. */
class Collector implements EventSink {
  readonly items: TraceItem[] = [];
  readonly space: DenseArenas;
  event = 0;
  private contextId = 0;

  constructor(tables: Tables, pageShift: number) {
    this.space = new DenseArenas(tables, pageShift);
  }

  allocate(address: number, sizeBytes: number, domainBit: number, stack: number, op: Op): boolean {
    const domain = (Domain.obj - domainBit) as Domain;
    return this.outside(op, domain, this.space.toRecorded(address), 0, sizeBytes, stack);
  }

  free(address: number, domainBit: number, stack: number): boolean {
    const domain = (Domain.obj - domainBit) as Domain;
    return this.outside(Op.free, domain, this.space.toRecorded(address), 0, 0, stack);
  }

  reallocate(address: number, old: number, sizeBytes: number, domainBit: number, stack: number): boolean {
    const domain = (Domain.obj - domainBit) as Domain;
    const from = old === 0 ? 0 : this.space.toRecorded(old);
    return this.outside(Op.realloc, domain, this.space.toRecorded(address), from, sizeBytes, stack);
  }

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
    this.space.map(id);
    this.items.push({ kind: "arenaMapped", event: this.event, id });
    return true;
  }

  arenaUnmapped(id: number): boolean {
    this.space.unmap(id);
    this.items.push({ kind: "arenaUnmapped", event: this.event, id });
    return true;
  }
}

/**
 * The events from number `from` on. Chunks before it are skipped, not read.
 *
 * @throws {TraceError} where the trace is damaged or cut, after everything that lies before.
 */
export function* readEvents(trace: TraceReader, from: number = 0): Generator<TraceItem> {
  const collector = new Collector(trace.tables, trace.info.pageShift);
  const decoder = new EventDecoder(trace.tables, collector.space, trace.info.pageShift);
  const chunks = trace.eventChunks.filter((header) => header.firstEvent + header.eventCount > from);
  for (const id of trace.tables.arenasAt(chunks[0]?.firstEvent ?? 0)) collector.space.map(id);
  for (const header of chunks) {
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
