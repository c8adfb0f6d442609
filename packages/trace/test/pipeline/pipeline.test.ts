import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { ChunkHeader } from "../../src/format/chunk.ts";
import { buildChunk } from "../../src/format/chunk.ts";
import { ChunkKind } from "../../src/format/constants.ts";
import {
  bytesSource,
  type Certificate,
  Domain,
  EventFeed,
  EventRing,
  type EventSink,
  feedAll,
  fillRing,
  Op,
  Replay,
  RingFeed,
  readEvents,
  Stacks,
  TraceReader,
  verify,
} from "../../src/index.ts";
import { EventPacker, EventUnpacker, RECORD_WORDS_MAX } from "../../src/pipeline/packed-events.ts";
import { openBytes, RECORDINGS, recording } from "../support.ts";

const RING_BYTES = 1 << 21;
const threads: Worker[] = [];
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.terminate()));
});

/** Decodes in a thread of its own, which gives up after so many batches. */
function decodingOf(trace: Uint8Array, batches = -1): EventRing {
  const ring = new EventRing(new SharedArrayBuffer(RING_BYTES));
  threads.push(
    new Worker(new URL("worker.ts", import.meta.url), {
      workerData: { trace, opened: openBytes(trace).handOver(), bytes: ring.bytes, batches },
      execArgv: ["--conditions=@obmalloc/source"],
    }),
  );
  return ring;
}

const through = (ring: EventRing) => (trace: TraceReader) =>
  verify(trace, { events: (space) => new RingFeed(trace, space, ring) });

/** What can be compared of two certificates: errors by their text. */
const plain = ({ damage, ...rest }: Certificate) => ({ ...rest, damage: damage?.message });

/** Decodes into a ring of this thread, which has to be large enough for all of it. */
function filled(trace: TraceReader, bytes: Uint8Array): EventRing {
  const ring = new EventRing(new SharedArrayBuffer(RING_BYTES));
  fillRing(TraceReader.reopen(bytesSource(bytes), structuredClone(trace.handOver())), ring);
  return ring;
}

/** Changes of the first chunk that were answered in two ways once, or in none. */
const SENSELESS: [number, Uint8Array][] = [
  [80926, Uint8Array.of(128, 0)],
  [84232, Uint8Array.of(128, 128, 128, 0, 200, 128)], // 3.8: the last event runs over the end of its chunk
  [6530, Uint8Array.of(0, 0, 194, 0, 192, 0)], // 3.13: a block at address 0, where no arena is left
];

/** A file that ends with another chunk of events than its first. */
function withFirstChunk(bytes: Uint8Array, first: ChunkHeader, chunk: Uint8Array): Uint8Array {
  const altered = new Uint8Array(first.fileOffset + chunk.length);
  altered.set(bytes.subarray(0, first.fileOffset));
  altered.set(chunk, first.fileOffset);
  return altered;
}

describe.each(RECORDINGS)("a replay of %s whose events come from another thread", (name) => {
  const bytes = recording(name);

  it("gives the certificate that decoding here gives", () => {
    const trace = openBytes(bytes);
    expect(plain(through(decodingOf(bytes))(trace))).toEqual(plain(verify(trace)));
  });

  it.each([0, 1, 3, 8])("goes on by itself where that thread gives up after %i batches", (batches) => {
    const certificate = through(decodingOf(bytes, batches))(openBytes(bytes));
    expect(certificate.exact).toBe(true);
    expect(certificate.eventsReplayed).toBe(certificate.events);
  });

  it("lets that thread end when it stops before the end", async () => {
    const trace = openBytes(bytes);
    const ring = decodingOf(bytes);
    const replay = new Replay(trace, { events: (space) => new RingFeed(trace, space, ring) });
    replay.runTo(10_000);
    expect(replay.event).toBe(10_000);
    ring.abandon();
    await new Promise((resolve) => threads[0]!.once("exit", resolve));
  });

  it("property: events that make no sense end in the same error or mismatch", () => {
    const whole = openBytes(bytes);
    const [first] = whole.eventChunks;
    const { payload } = whole.chunk(first!);
    fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.uint8Array({ minLength: 1, maxLength: 40 }), (at, junk) => {
        const changed = payload.slice();
        changed.set(junk.subarray(0, changed.length - at), at);
        const altered = withFirstChunk(bytes, first!, buildChunk(ChunkKind.events, changed, first!));
        const trace = openBytes(altered);
        expect(plain(through(filled(trace, altered))(trace))).toEqual(plain(verify(trace)));
      }),
      { numRuns: 40, examples: SENSELESS },
    );
  });

  it.each([
    { which: "fewer", by: 3 },
    { which: "more", by: -3 },
  ])("says so where a chunk has $which events than its header names", ({ which, by }) => {
    const [first] = openBytes(bytes).eventChunks;
    const eventCount = first!.eventCount + by;
    const { payload } = openBytes(bytes).chunk(first!);
    const chunk = buildChunk(ChunkKind.events, payload, { firstEvent: 0, eventCount });
    const altered = withFirstChunk(bytes, first!, chunk);
    const trace = openBytes(altered);
    const certificate = verify(trace);
    expect(certificate.damage?.message).toBe(
      `Damaged trace: this chunk has ${which} events than the ${eventCount} that its header names. (at byte ${first!.fileOffset})`,
    );
    expect(certificate.eventsReplayed).toBe(Math.min(first!.eventCount, eventCount));
    expect(plain(through(filled(trace, altered))(trace))).toEqual(plain(certificate));
    expect(() => [...readEvents(trace)]).toThrow(certificate.damage!.message);
  });

  it("property: a file that is cut or flipped among its events ends in the same error", () => {
    const from = openBytes(bytes).eventChunks[0]!.fileOffset;
    fc.assert(
      fc.property(fc.integer({ min: from, max: bytes.length - 1 }), fc.nat(255), (at, by) => {
        const altered = by === 0 ? bytes.slice(0, at) : bytes.slice();
        if (by > 0) altered[at]! ^= by;
        const trace = openBytes(altered);
        expect(plain(through(filled(trace, altered))(trace))).toEqual(plain(verify(trace)));
      }),
      { numRuns: 25 },
    );
  });
});

/** Writes down what it is given. */
class Notes implements EventSink {
  readonly calls: (readonly [string, ...number[]])[] = [];
  allocate = (...args: number[]) => this.note("allocate", args);
  free = (...args: number[]) => this.note("free", args);
  reallocate = (...args: number[]) => this.note("reallocate", args);
  outside = (...args: number[]) => this.note("outside", args);
  context = (...args: number[]) => this.note("context", args);
  arenaMapped = (...args: number[]) => this.note("arenaMapped", args);
  arenaUnmapped = (...args: number[]) => this.note("arenaUnmapped", args);

  private note(name: string, args: number[]): true {
    this.calls.push([name, ...args]);
    return true;
  }
}

const linear = fc.integer({ min: 1, max: 2 ** 28 - 1 }).map((n) => n * 16);
const stack = fc.integer({ min: 0, max: 2 ** 23 - 1 });
const small = fc.integer({ min: 1, max: 512 });
const wide = fc.oneof(fc.constant(0), fc.maxSafeNat());
const bit = fc.constantFrom(0, 1);
const op = fc.constantFrom(...Object.values(Op));
const domain = fc.constantFrom(...Object.values(Domain));
const id = fc.integer({ min: 1, max: 2 ** 32 - 1 });

/** A call of a sink, with its arguments. */
const call = fc.oneof(
  fc.tuple(
    fc.constant("allocate" as const),
    fc.tuple(linear, small, bit, stack, fc.constantFrom(Op.malloc, Op.calloc, Op.realloc)),
  ),
  fc.tuple(fc.constant("free" as const), fc.tuple(linear, bit, stack)),
  fc.tuple(fc.constant("reallocate" as const), fc.tuple(linear, linear, small, bit, stack)),
  fc.tuple(fc.constant("outside" as const), fc.tuple(op, domain, wide, wide, wide, stack)),
  fc.tuple(
    fc.constantFrom("context" as const, "arenaMapped" as const, "arenaUnmapped" as const),
    fc.tuple(id),
  ),
);

describe("a ring", () => {
  it("says how little is too little", () => {
    expect(() => new EventRing(new SharedArrayBuffer(1 << 15))).toThrow("no room for a batch");
  });

  it("says whether events are there: until then frames can be found, a few stacks at a time", () => {
    const trace = openBytes(recording(RECORDINGS[0]!));
    const ring = new EventRing(new SharedArrayBuffer(RING_BYTES));
    const replay = new Replay(trace, { events: (space) => new RingFeed(trace, space, ring) });
    expect(replay.isWaiting).toBe(true);
    const stacks = new Stacks(trace.tables);
    let calls = 1;
    while (stacks.findAhead(100)) calls++;
    expect(calls).toBe(Math.ceil((trace.tables.nodeCode.length - 1) / 100));
    expect(stacks.innermost(1)).toEqual(new Stacks(trace.tables).innermost(1));
    fillRing(trace, ring);
    expect(replay.isWaiting).toBe(false);
    expect(new Replay(trace).isWaiting).toBe(false);
  });
});

describe("packed events", () => {
  it("property: a sink gets what was packed, however many events it takes at a time", () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (calls, step) => {
        const words = new Uint32Array((calls.length + 1) * RECORD_WORDS_MAX);
        const packer = new EventPacker();
        packer.packInto(words);
        for (const [name, args] of calls) (packer[name] as (...args: number[]) => boolean)(...args);
        const unpacker = new EventUnpacker();
        unpacker.unpackFrom(words.subarray(0, packer.length));
        const notes = new Notes();
        let given = 0;
        while (!unpacker.atEnd) {
          unpacker.run(notes, step);
          expect(unpacker.given).toBeLessThanOrEqual(step);
          given += unpacker.given;
        }
        expect(notes.calls).toEqual(calls.map(([name, args]) => [name, ...args]));
        expect(given).toBe(
          calls.filter(([name]) => !["context", "arenaMapped", "arenaUnmapped"].includes(name)).length,
        );
      }),
    );
  });

  it("take back what follows the last event, and put it in front of the next words", () => {
    const packer = new EventPacker();
    packer.packInto(new Uint32Array(100));
    packer.context(7);
    packer.free(16, 0, 1);
    packer.arenaUnmapped(8);
    packer.arenaMapped(9);
    const tail = packer.takeTail();
    expect(packer.length).toBe(4);
    expect(packer.takeTail()).toHaveLength(0);
    packer.packInto(new Uint32Array(100), tail);
    packer.context(10);
    expect(packer.takeTail()).toHaveLength(6);
    expect(packer.length).toBe(0);
  });

  it("say stop before a record might not fit", () => {
    const packer = new EventPacker();
    const words = new Uint32Array(RECORD_WORDS_MAX * 2);
    packer.packInto(words);
    let count = 1;
    while (packer.free(16, 0, 0)) count++;
    expect(count * 2).toBeLessThanOrEqual(words.length);
    expect(words.length - packer.length).toBeGreaterThanOrEqual(RECORD_WORDS_MAX - 2);
  });
});

describe("feedAll", () => {
  it.each(RECORDINGS)("gives each of several sinks the events of %s before the one that is named", (name) => {
    const trace = openBytes(recording(name));
    for (const event of [1, 5000, trace.eventCount]) {
      const alone = new Replay(trace).runTo(event).machine;
      const [one, two] = [new Replay(trace).machine, new Replay(trace).machine];
      expect(feedAll(trace, [one, two], event)).toBeUndefined();
      for (const machine of [one, two]) {
        expect(machine.disagreement).toBeUndefined();
        expect(machine.compared).toBe(alone.compared);
        expect(machine.current.stats()).toEqual(alone.current.stats());
      }
    }
  });
});

describe("EventFeed.from", () => {
  it.each(RECORDINGS)("goes on in the middle of %s as a feed does that came there", (name) => {
    const trace = openBytes(recording(name));
    for (const event of [0, 1, 777, Math.floor(trace.eventCount / 2), trace.eventCount]) {
      const replay = new Replay(trace).runTo(event);
      const rest = EventFeed.from(trace, replay.machine.arenas, event);
      let given = 0;
      while (rest.run(replay.machine, 1 << 12)) given += rest.eventsGiven;
      expect(replay.machine.disagreement).toBeUndefined();
      expect(event + given).toBe(trace.eventCount);
    }
  });
});
