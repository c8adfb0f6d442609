import { deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventEncoder } from "../src/format/event-encoder.ts";
import {
  bytesSource,
  Domain,
  Op,
  readEvents,
  type TraceEvent,
  type TraceItem,
  TraceReader,
  TraceStream,
  type TraceWriter,
} from "../src/index.ts";
import { END, INFO, openBytes, RECORDINGS, recording, written } from "./support.ts";

const STACKS = 40;

/** Addresses that often share pages and slots, that are odd, far apart, or larger than a page number can say. */
const address = fc.oneof(
  fc.integer({ min: 1, max: 4000 }).map((n) => 0x7f0000000000 + n * 16),
  fc.integer({ min: 1, max: 2 ** 31 }).map((n) => n * 16),
  fc.integer({ min: 1, max: 2 ** 47 }),
  fc.constant(2 ** 56 + 16),
);
const size = fc.oneof(
  fc.integer({ min: 0, max: 600 }),
  fc.integer({ min: 0, max: 2 ** 40 }),
  fc.constant(2 ** 62),
);

const event: fc.Arbitrary<TraceEvent> = fc
  .record({
    op: fc.constantFrom(Op.malloc, Op.calloc, Op.realloc, Op.free),
    domain: fc.constantFrom(Domain.raw, Domain.mem, Domain.obj),
    address: fc.oneof(address, fc.constant(0)),
    old: fc.oneof(address, fc.constant(0)),
    same: fc.boolean(),
    sizeBytes: size,
    stack: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: STACKS })),
  })
  .map(({ same, ...one }) => ({
    ...one,
    old: one.op !== Op.realloc ? 0 : same ? one.address : one.old,
    sizeBytes: one.op === Op.free ? 0 : one.sizeBytes,
  }));

const ARENA = { base: 0x7f0000000000, sizeBytes: 1 << 20, mappedAt: 0 };

/** Blocks of a few classes that come and go as a program's do: in runs, last in first out, again and again. */
const lifelike: fc.Arbitrary<TraceEvent[]> = fc
  .array(fc.tuple(fc.nat(5), fc.nat(30), fc.boolean(), fc.nat(4)), { minLength: 1, maxLength: 40 })
  .map((loop) => {
    const events: TraceEvent[] = [];
    const live: TraceEvent[] = [];
    const carved = [0, 0, 0, 0, 0, 0];
    const unused: number[][] = [[], [], [], [], [], []];
    for (let round = 0; round < 6; round++) {
      for (const [szidx, pick, isFree, stack] of loop) {
        const block = isFree ? live.splice(Math.min(pick, live.length - 1), 1)[0] : undefined;
        if (block !== undefined) {
          unused[(block.sizeBytes - 1) >>> 4]!.push(block.address);
          events.push({ ...block, op: Op.free, sizeBytes: 0, stack });
          continue;
        }
        const sizeBytes = szidx * 16 + 1 + (pick % 16);
        const next = ARENA.base + szidx * 16384 + 48 + carved[szidx]! * (szidx + 1) * 16;
        const address = unused[szidx]!.pop() ?? next;
        if (address === next) carved[szidx]!++;
        const op = stack === 0 ? Op.calloc : Op.malloc;
        const made = {
          op,
          domain: pick % 2 === 0 ? Domain.obj : Domain.mem,
          address,
          old: 0,
          sizeBytes,
          stack,
        };
        live.push(made);
        events.push(made);
      }
    }
    return events;
  });

function mapArena(writer: TraceWriter): void {
  writer.arenaMapped(writer.tables.arena(ARENA));
}

function defineStacks(writer: TraceWriter): void {
  const code = { file: "a.py", name: "f", firstLine: 1, lineTableKind: 0, lineTable: new Uint8Array(0) };
  const id = writer.tables.code(code);
  for (let stack = 1; stack <= STACKS; stack++)
    expect(writer.tables.stack(stack - 1, id, stack * 2)).toBe(stack);
}

/** The operations among `items`, without their numbers. */
const plain = (items: Iterable<TraceItem>): TraceEvent[] =>
  [...items].flatMap((item) => {
    if (item.kind !== "event") return [];
    const { op, domain, address, old, sizeBytes, stack } = item;
    return [{ op, domain, address, old, sizeBytes, stack }];
  });

describe("a trace that is written and read back", () => {
  it.each([12, 14])("property: gives the same events, page shift %i", (pageShift) => {
    fc.assert(
      fc.property(
        fc.oneof(fc.array(event, { maxLength: 300 }), lifelike),
        fc.nat(50),
        fc.boolean(),
        (events, flushEvery, inArena) => {
          const bytes = written(
            (writer) => {
              defineStacks(writer);
              if (inArena) mapArena(writer);
              for (const [i, one] of events.entries()) {
                writer.add(one);
                if (flushEvery > 0 && i % flushEvery === 0) writer.flush();
              }
              writer.finish(END);
            },
            { ...INFO, pageShift },
          );
          const trace = openBytes(bytes);
          expect(trace.damage).toBeUndefined();
          expect(trace.eventCount).toBe(events.length);
          expect(plain(readEvents(trace))).toEqual(events);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("property: reads from any event on without reading what lies before", () => {
    fc.assert(
      fc.property(lifelike, fc.nat(200), (events, from) => {
        const bytes = written((writer) => {
          defineStacks(writer);
          mapArena(writer);
          for (const [i, one] of events.entries()) {
            writer.add(one);
            if (i % 10 === 9) writer.flush();
          }
          writer.finish(END);
        });
        const rest = readEvents(openBytes(bytes), from);
        expect(plain(rest)).toEqual(events.slice(from));
      }),
      { numRuns: 50 },
    );
  });

  it("keeps every definition", () => {
    const code = {
      file: "é.py",
      name: "Größe.f",
      firstLine: 7,
      lineTableKind: 3,
      lineTable: Uint8Array.of(1, 2),
    };
    const arena = { base: 0x7f1234567000, sizeBytes: 1 << 20, mappedAt: 0 };
    const context = { threadId: 42, heap: 3 };
    const region = { event: 0, mapped: true, base: 0x7f0000000000, sizeBytes: 16384 };
    const sample = { event: 0, elapsedNs: 123456789012, rssPages: 10, sizePages: 20, sharedPages: 5 };
    const mark = {
      event: 0,
      kind: 1,
      label: "nach dem Laden",
      elapsedNs: 1,
      rssPages: 9,
      evidence: "text\n",
    };
    const trace = openBytes(
      written((writer) => {
        const { tables } = writer;
        tables.stack(tables.stack(0, tables.code(code), 4), 1, -2);
        tables.arena(arena);
        tables.context(context);
        tables.region(region);
        tables.sample(sample);
        tables.mark(mark);
        writer.finish(END);
      }),
    );
    const { tables } = trace;
    expect(tables.codes.slice(1)).toEqual([code]);
    expect([tables.nodeParent.at(2), tables.nodeCode.at(2), tables.nodeInstruction.at(2)]).toEqual([1, 1, 0]);
    expect(tables.arenas.slice(1)).toEqual([arena]);
    expect(tables.contexts.slice(1)).toEqual([context]);
    expect([tables.regions, tables.samples, tables.marks]).toEqual([[region], [sample], [mark]]);
    expect(trace.info).toEqual(INFO);
    expect(trace.end).toEqual({ ...END, events: 0 });
  });

  it("costs next to nothing for what repeats", () => {
    const loop = Array.from({ length: 20_000 }, (_, i) => ({
      op: i % 2 === 0 ? Op.malloc : Op.free,
      domain: Domain.obj,
      address: ARENA.base + 48,
      old: 0,
      sizeBytes: i % 2 === 0 ? 16 : 0,
      stack: 0,
    }));
    const bytes = written((writer) => {
      mapArena(writer);
      for (const one of loop) writer.add(one);
      writer.finish(END);
    });
    expect(bytes.length).toBeLessThan(2000);
    expect(plain(readEvents(openBytes(bytes)))).toEqual(loop);
  });

  it("is smaller when it is compressed, and reads the same", () => {
    const one = {
      op: Op.malloc,
      domain: Domain.obj,
      address: 0x7f0000000010,
      old: 0,
      sizeBytes: 32,
      stack: 0,
    };
    const write = (writer: TraceWriter) => {
      for (let i = 0; i < 5000; i++) writer.add(one);
      writer.finish(END);
    };
    const packed = written(write, INFO, { deflate: (bytes) => deflateRawSync(bytes) });
    expect(packed.length).toBeLessThan(written(write).length / 10);
    const inflate = (bytes: Uint8Array, sizeBytes: number) =>
      inflateRawSync(bytes, { maxOutputLength: sizeBytes });
    const trace = TraceReader.open(bytesSource(packed), { inflate });
    expect(plain(readEvents(trace))).toEqual(Array.from({ length: 5000 }, () => one));
    expect(() => [...readEvents(openBytes(packed))]).toThrow(/compressed/);
  });
});

describe("a recording", () => {
  it.each(RECORDINGS)("comes out of the encoder here as the recorder wrote it (%s)", (name) => {
    const trace = openBytes(recording(name));
    const items = [...readEvents(trace)];
    const encoder = new EventEncoder(trace.info.pageShift);
    let context = 0;
    for (const header of trace.eventChunks) {
      const end = header.firstEvent + header.eventCount;
      if (context !== 0) encoder.context(context);
      for (const item of items) {
        // What lies between two events of different chunks is in the earlier chunk if it belongs to the event before.
        if (item.event < header.firstEvent || item.event >= end) continue;
        if (item.kind === "event") {
          if (item.context !== context) encoder.context(item.context);
          context = item.context;
          encoder.add(item);
        } else if (item.kind === "arenaMapped") encoder.arenaMapped(item.id, trace.tables.arenas[item.id]!);
        else encoder.arenaUnmapped(item.id, trace.tables.arenas[item.id]!);
      }
      expect(Buffer.from(encoder.take()).equals(trace.chunk(header).payload)).toBe(true);
    }
  });

  it.each(RECORDINGS)("reads the same from a stream of pieces of any size (%s)", (name) => {
    const bytes = recording(name);
    const whole = openBytes(bytes);
    for (const pieceBytes of [1, 7, 1000, 65536, bytes.length]) {
      const stream = new TraceStream();
      let events = 0;
      let chunks = 0;
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        for (const { header } of stream.push(bytes.subarray(at, at + pieceBytes))) {
          expect(header).toEqual(whole.eventChunks[chunks++]);
          events += header.eventCount;
        }
      }
      stream.close();
      expect(events).toBe(whole.eventCount);
      expect(stream.end).toEqual(whole.end);
      expect(stream.tables.codes).toEqual(whole.tables.codes);
    }
  });

  it.each(RECORDINGS)("ends in an index that names every chunk (%s)", (name) => {
    const bytes = recording(name);
    const view = new DataView(bytes.buffer);
    const indexAt = Number(view.getBigUint64(bytes.length - 16, true));
    const entries = view.getUint32(indexAt + 8, true) / 24;
    const trace = openBytes(bytes);
    const events = [];
    for (let i = 0; i < entries; i++) {
      const at = indexAt + 32 + i * 24;
      if (view.getUint32(at + 20, true) !== 3) continue;
      events.push([
        Number(view.getBigUint64(at, true)),
        Number(view.getBigUint64(at + 8, true)),
        view.getUint32(at + 16, true),
      ]);
    }
    expect(events).toEqual(trace.eventChunks.map((h) => [h.fileOffset, h.firstEvent, h.eventCount]));
  });
});
