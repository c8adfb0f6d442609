// What a trace says of the process's memory beside the events, written and read back.
import fc from "fast-check";
import { expect, it } from "vitest";
import { AccountField, NoteKind, TableRecord } from "../src/format/constants.ts";
import { Tables } from "../src/format/tables.ts";
import type { TraceReader } from "../src/index.ts";
import { END, openBytes, written } from "./support.ts";

const bytes = fc.nat({ max: 2 ** 50 });
const pairs = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 2 ** 20 }), bytes), {
  selector: ([key]) => key,
});
const event = fc.nat();
const account = fc.record({
  event,
  elapsedNs: bytes,
  ...(Object.fromEntries(Object.keys(AccountField).map((name) => [name, bytes])) as Record<
    keyof typeof AccountField,
    typeof bytes
  >),
});
const mapping = fc.record({
  event,
  isFile: fc.boolean(),
  isShared: fc.boolean(),
  stack: fc.nat(),
  base: bytes,
  sizeBytes: bytes,
});

const collection = fc.record({
  event,
  firstEvent: event,
  generation: fc.integer({ min: 0, max: 2 }),
  startNs: bytes,
  elapsedNs: bytes,
  collected: bytes,
  uncollectable: bytes,
  threshold: bytes,
});

it("property: collections come back as they were written", () => {
  fc.assert(
    fc.property(fc.array(collection), (collections) => {
      const trace = openBytes(
        written((writer) => {
          for (const one of collections) writer.tables.collection(one);
          writer.finish(END);
        }),
      );
      expect(trace.tables.notes.collections).toEqual(collections);
    }),
  );
});

it("property: clock readings come back as they were written", () => {
  const clock = fc.record({ event, elapsedNs: bytes, peakRssBytes: bytes });
  fc.assert(
    fc.property(fc.array(clock), (clocks) => {
      const trace = openBytes(
        written((writer) => {
          for (const one of clocks) writer.tables.clock(one);
          writer.finish(END);
        }),
      );
      expect(trace.tables.notes.clocks).toEqual(clocks);
    }),
  );
});

it("property: notes come back as they were written", () => {
  fc.assert(
    fc.property(fc.array(account), fc.array(mapping), event, pairs, pairs, (accounts, mappings, at, a, b) => {
      const trace: TraceReader = openBytes(
        written((writer) => {
          for (const one of accounts) writer.tables.account(one);
          for (const one of mappings) writer.tables.mapping(one);
          writer.tables.mappingGone(1, at);
          writer.tables.arenaResidency({ event: at, pages: new Map(a) });
          writer.tables.mappingResidency({ event: at, bytes: new Map(b) });
          writer.finish(END);
        }),
      );
      const { notes } = trace.tables;
      expect(trace.damage).toBeUndefined();
      expect(notes.accounts).toEqual(accounts);
      expect(notes.mappings.slice(1)).toEqual(mappings);
      expect(notes.mappingGoneAt).toEqual(new Map([[1, at]]));
      const residency = notes.arenaResidency.map(({ event, pages }) => ({ event, pages }));
      expect(residency).toEqual([{ event: at, pages: new Map(a) }]);
      expect(notes.mappingResidency).toEqual([{ event: at, bytes: new Map(b) }]);
    }),
  );
});

it("skips kinds of notes and fields that it does not know", () => {
  const tables = new Tables();
  const unknownKind = [TableRecord.note, 200, 7, 3, 1, 2, 3];
  const unknownField = [TableRecord.note, 1, 7, 5, 9, 120, 1, AccountField.rss, 64];
  tables.read(Uint8Array.from([...unknownKind, ...unknownField]), 0);
  expect(tables.notes.accounts).toMatchObject([{ event: 7, elapsedNs: 9, rss: 64, anonymous: 0 }]);
});

it("says where an arena's resident pages are cut off, when they are asked for", () => {
  const tables = new Tables();
  tables.read(Uint8Array.of(TableRecord.note, NoteKind.arenaResidency, 7, 1, 1), 1000);
  const [residency] = tables.notes.arenaResidency;
  expect(() => residency!.pages).toThrow(/an arena's resident pages is missing.* \(at byte 1005\)/);
});

it("says where a note is longer than what is left", () => {
  const tables = new Tables();
  expect(() => tables.read(Uint8Array.of(TableRecord.note, 1, 7, 50, 1), 1000)).toThrow(
    /a note of 50 bytes is longer than what is left.* \(at byte 1004\)/,
  );
});
