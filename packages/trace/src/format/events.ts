// The events of a trace as plain objects, for those who want to look at them rather than replay them.

import { Domain, Op } from "./constants.ts";
import { DenseArenas } from "./dense-arenas.ts";
import type { TraceEvent } from "./event-encoder.ts";
import { EventFeed } from "./event-feed.ts";
import type { EventSink } from "./event-sink.ts";
import type { TraceReader } from "./reader.ts";
import type { Tables } from "./tables.ts";

/** What {@link readEvents} yields: an operation, or what lies between two of them. */
export type TraceItem =
  | ({ readonly kind: "event"; readonly event: number; readonly context: number } & TraceEvent)
  | { readonly kind: "arenaMapped" | "arenaUnmapped"; readonly event: number; readonly id: number };

/** Collects what a decoder gives it from an event on, with recorded addresses. */
class Collector implements EventSink {
  readonly items: TraceItem[] = [];
  readonly space: DenseArenas;
  event = 0;
  private readonly from: number;
  private contextId = 0;

  constructor(tables: Tables, pageShift: number, from: number) {
    this.space = new DenseArenas(tables, pageShift);
    this.from = from;
  }

  allocate(address: number, sizeBytes: number, domainBit: number, stack: number, op: Op): boolean {
    if (this.event < this.from) return this.skip();
    const domain = (Domain.obj - domainBit) as Domain;
    return this.outside(op, domain, this.space.toRecorded(address), 0, sizeBytes, stack);
  }

  free(address: number, domainBit: number, stack: number): boolean {
    if (this.event < this.from) return this.skip();
    const domain = (Domain.obj - domainBit) as Domain;
    return this.outside(Op.free, domain, this.space.toRecorded(address), 0, 0, stack);
  }

  reallocate(address: number, old: number, sizeBytes: number, domainBit: number, stack: number): boolean {
    const domain = (Domain.obj - domainBit) as Domain;
    const from = this.space.toRecorded(old);
    return this.outside(Op.realloc, domain, this.space.toRecorded(address), from, sizeBytes, stack);
  }

  outside(op: Op, domain: Domain, address: number, old: number, sizeBytes: number, stack: number): boolean {
    if (this.event < this.from) return this.skip();
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

  private skip(): true {
    this.event++;
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
  const collector = new Collector(trace.tables, trace.info.pageShift, from);
  const after = trace.eventChunks.findIndex((header) => header.firstEvent + header.eventCount > from);
  const chunk = after < 0 ? trace.eventChunks.length : after;
  collector.event = trace.eventChunks[chunk]?.firstEvent ?? 0;
  for (const id of trace.tables.arenasAt(collector.event)) collector.space.map(id);
  const feed = EventFeed.fromChunk(trace, collector.space, chunk);
  while (feed.run(collector, 1024)) {
    for (const item of collector.items) if (item.event >= from) yield item;
    collector.items.length = 0;
  }
  if (feed.damage !== undefined) throw feed.damage;
}
