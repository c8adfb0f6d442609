import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildChunk } from "../src/format/chunk.ts";
import {
  bytesSource,
  NotATraceError,
  Replay,
  readEvents,
  TraceCutError,
  TraceDamagedError,
  TraceError,
  TraceReader,
  TraceStream,
  TraceVersionError,
} from "../src/index.ts";
import { openBytes, recording } from "./support.ts";

const SOUND = recording("cpython-3.8.obm");
const WHOLE = openBytes(SOUND);

/** Opens and replays `bytes`; what it throws, or what it met. */
function replayed(bytes: Uint8Array): { error: TraceError | undefined; events: number; mismatch: boolean } {
  try {
    const replay = new Replay(TraceReader.open(bytesSource(bytes)));
    replay.runTo();
    return { error: replay.damage, events: replay.event, mismatch: replay.mismatch !== undefined };
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    return { error, events: 0, mismatch: false };
  }
}

describe("a trace that is damaged", { timeout: 60_000 }, () => {
  it("property: a flipped byte anywhere is found, and what lies before it can be read", () => {
    fc.assert(
      fc.property(fc.nat(SOUND.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = SOUND.slice();
        bytes[at]! ^= flip;
        const { error, events, mismatch } = replayed(bytes);
        expect(mismatch).toBe(false);
        const before = WHOLE.eventChunks.filter((h) => h.fileOffset + 32 + h.storedBytes <= at);
        const expected = before.reduce((sum, h) => sum + h.eventCount, 0);
        // Beyond the header's reserved bytes, only the index and the trailer are not needed to read all events.
        const needed = (at < 10 || at >= 16) && at < lastNeededByte();
        if (needed) expect(error).toBeInstanceOf(TraceError);
        if (error !== undefined) expect(error.byteOffset).toBeLessThanOrEqual(at);
        if (at >= WHOLE.eventChunks[0]!.fileOffset) expect(events).toBeGreaterThanOrEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("property: a file that is cut anywhere reads up to its last whole chunk", () => {
    fc.assert(
      fc.property(fc.nat(SOUND.length - 1), (length) => {
        const { error, events, mismatch } = replayed(SOUND.subarray(0, length));
        expect(mismatch).toBe(false);
        const whole = WHOLE.eventChunks.filter((h) => h.fileOffset + 32 + h.storedBytes <= length);
        expect(events).toBe(whole.reduce((sum, h) => sum + h.eventCount, 0));
        if (error !== undefined) expect(error.byteOffset).toBeLessThanOrEqual(length);
      }),
      { numRuns: 200 },
    );
  });

  it("property: arbitrary bytes in place of a part end in a typed error or in nothing worse", () => {
    fc.assert(
      fc.property(fc.nat(SOUND.length - 1), fc.uint8Array({ minLength: 1, maxLength: 200 }), (at, junk) => {
        const bytes = SOUND.slice();
        bytes.set(junk.subarray(0, bytes.length - at), at);
        replayed(bytes);
        const stream = new TraceStream();
        try {
          stream.push(bytes);
          stream.close();
        } catch (error) {
          expect(error).toBeInstanceOf(TraceError);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("property: events with sound checksums that make no sense end in an error or a mismatch, not in a hang", () => {
    const first = WHOLE.eventChunks[0]!;
    const payload = WHOLE.chunk(first).payload;
    fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.uint8Array({ minLength: 1, maxLength: 400 }), (at, junk) => {
        const changed = new Uint8Array(payload);
        changed.set(junk.subarray(0, changed.length - at), at);
        const chunk = buildChunk(3, changed, first);
        const bytes = new Uint8Array(first.fileOffset + chunk.length);
        bytes.set(SOUND.subarray(0, first.fileOffset));
        bytes.set(chunk, first.fileOffset);
        replayed(bytes);
        const trace = openBytes(bytes);
        try {
          for (const item of readEvents(trace)) expect(item.event).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(TraceError);
        }
      }),
      { numRuns: 40, examples: [[0, Uint8Array.of(192)]] }, // a free before the first arena
    );
  });

  it("is told from a file that is no trace, an empty one, and one of another version", () => {
    expect(() => openBytes(new Uint8Array(0))).toThrow(NotATraceError);
    expect(() => openBytes(new TextEncoder().encode("#!/usr/bin/python3\nprint(1)\n"))).toThrow(
      NotATraceError,
    );
    const newer = SOUND.slice();
    newer[8] = 2;
    expect(() => openBytes(newer)).toThrow(TraceVersionError);
    expect(() => openBytes(newer)).toThrow("format version 2; this reader knows 1");
    expect(() => openBytes(SOUND.subarray(0, 20))).toThrow(TraceCutError);
  });

  it("refuses absurd lengths without allocating for them", () => {
    const at = WHOLE.eventChunks[0]!.fileOffset;
    const bytes = SOUND.slice();
    new DataView(bytes.buffer).setUint32(at + 8, 0xffffffff, true);
    const trace = openBytes(bytes);
    expect(trace.damage).toBeInstanceOf(TraceDamagedError);
    expect(trace.damage?.byteOffset).toBe(at + 8);
    expect(() => new TraceStream().push(bytes)).toThrow(/limit/);
  });
});

/** The first byte after the END chunk: the index and the trailer follow. */
function lastNeededByte(): number {
  return Number(new DataView(SOUND.buffer).getBigUint64(SOUND.length - 16, true));
}
