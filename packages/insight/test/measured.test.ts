// When the process was measured: which sample a moment's waterfall is of, what is known between samples, and how that is said.
import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { bytesSource, momentOf, TraceReader } from "@obmalloc/trace";
import { expect, it } from "vitest";
import { waterfall } from "../src/answer/waterfall.ts";
import { lastMeasured } from "../src/history/measured.ts";
import { Clock, elapsedNsAt, peakRssBytes } from "../src/history/timeline.ts";
import { examine } from "../src/index.ts";
import { measuredText, samplingText } from "../src/text/index.ts";

const MIB = 2 ** 20;
const MS = 1e6;
/** A note that is an account of event 0 in which everything is 0, as a TABLES chunk has it. */
const EMPTY_ACCOUNT = Uint8Array.of(10, 1, 0, 1, 0);

/** A recording with other readings than its own. */
function traceWith({
  samples = [],
  accounts = [],
  clocks = [],
}: {
  readonly samples?: readonly { event: number; ms: number; rss: number }[];
  readonly accounts?: readonly { event: number; ms: number; rss: number; peak: number }[];
  readonly clocks?: readonly { event: number; ms: number; peak: number }[];
}): TraceReader {
  const bytes = readFileSync(new URL("../../trace/test/fixtures/cpython-3.13.obm", import.meta.url));
  const trace = TraceReader.open(bytesSource(bytes), {
    inflate: (deflated, sizeBytes) => inflateRawSync(deflated, { maxOutputLength: sizeBytes }),
  });
  const { tables, info } = trace;
  const pages = (mib: number) => (mib * MIB) / info.pageSizeBytes;
  tables.read(EMPTY_ACCOUNT, 0);
  const empty = tables.notes.accounts.at(-1)!;
  for (const list of [tables.samples, tables.marks, tables.notes.accounts, tables.notes.clocks])
    list.length = 0;
  for (const { event, ms, rss } of samples)
    tables.samples.push({ event, elapsedNs: ms * MS, rssPages: pages(rss), sizePages: 0, sharedPages: 0 });
  for (const { event, ms, rss, peak } of accounts)
    tables.notes.accounts.push({
      ...empty,
      unnamedRss: rss * MIB,
      arenaRss: rss * MIB,
      event,
      elapsedNs: ms * MS,
      rss: rss * MIB,
      peakRss: peak * MIB,
    });
  for (const { event, ms, peak } of clocks)
    tables.notes.clocks.push({ event, elapsedNs: ms * MS, peakRssBytes: peak * MIB });
  return trace;
}

const READINGS = {
  samples: [
    { event: 0, ms: 1, rss: 10 },
    { event: 300, ms: 41, rss: 12 },
  ],
  accounts: [
    { event: 0, ms: 1, rss: 10, peak: 10 },
    { event: 300, ms: 41, rss: 12, peak: 32 },
  ],
  clocks: [
    { event: 100, ms: 11, peak: 10 },
    { event: 200, ms: 21, peak: 30 },
    { event: 400, ms: 51, peak: 32 },
  ],
};

it("the resident set between samples is the last sample's, or the new peak that it rose to", () => {
  const clock = new Clock(traceWith(READINGS));
  const rss = [0, 150, 250, 300, 450].map((event) => clock.at(event).rssBytes / MIB);
  expect(rss).toEqual([10, 10, 30, 12, 12]);
});

it("the time of an event lies between those of the readings around it", () => {
  const trace = traceWith(READINGS);
  expect([0, 50, 100, 150, 350, 400].map((event) => elapsedNsAt(trace, event) / MS)).toEqual([
    1, 6, 11, 16, 46, 51,
  ]);
});

it("the peak is the most that any reading up to the event saw", () => {
  const trace = traceWith(READINGS);
  expect([0, 199, 200, 299, 300].map((event) => peakRssBytes(trace, event) / MIB)).toEqual([
    10, 10, 30, 30, 32,
  ]);
});

it("measured is the last account, and without one the last sample", () => {
  const trace = traceWith(READINGS);
  expect([0, 299, 300, 500].map((event) => lastMeasured(trace, event)?.event)).toEqual([0, 0, 300, 300]);
  const old = traceWith({ samples: READINGS.samples });
  expect(lastMeasured(old, 299)).toMatchObject({ event: 0, rssBytes: 10 * MIB, account: undefined });
  expect(lastMeasured(traceWith({ samples: READINGS.samples.slice(1) }), 299)).toBeUndefined();
});

it("the waterfall is of the measured moment alone", () => {
  const trace = traceWith(READINGS);
  const at = (event: number) => waterfall(examine(trace, momentOf(trace, String(event)), { points: 4 }));
  const [sample, later] = [at(300), at(20_000)];
  expect(later.parts).toEqual(sample.parts);
  expect(later).toMatchObject({ rssBytes: 12 * MIB, measuredAt: 300, peakRssBytes: 32 * MIB });
  expect(sample.measuredBefore).toEqual({ events: 0, elapsedNs: 0 });
  expect(later.measuredBefore.events).toBe(19_700);
  expect(later.parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(12 * MIB);
});

it("no part is larger than what is resident, where arenas are swapped out", () => {
  const [sample] = READINGS.samples;
  const trace = traceWith({
    samples: [{ ...sample!, event: 20_000 }],
    accounts: [{ event: 20_000, ms: 1, rss: 0.25, peak: 1 }],
  });
  const { parts } = waterfall(examine(trace, momentOf(trace, "20000"), { points: 4 }));
  expect(parts).toMatchObject([
    { key: "live", bytes: MIB / 4 },
    { key: "remainder", bytes: 0 },
  ]);
});

it("says when that was, and how high the resident set had been", () => {
  const measured = { events: 19_700, elapsedNs: 3.1 * MS };
  const one = { rssBytes: 12 * MIB, peakRssBytes: 32 * MIB, measuredBefore: measured } as Parameters<
    typeof measuredText
  >[0];
  const text = "Measured 3.1 ms, 19,700 events before the moment. At most 32.0 MiB were resident until then.";
  expect(measuredText(one)).toBe(text);
  expect(measuredText({ ...one, measuredBefore: { events: 0, elapsedNs: 0 }, peakRssBytes: 12 * MIB })).toBe(
    "",
  );
});

it("says how often the resident set was read", () => {
  expect(samplingText(traceWith({}))).toBe("never read");
  expect(samplingText(traceWith({ samples: READINGS.samples.slice(1) }))).toBe("read once");
  expect(samplingText(traceWith(READINGS))).toBe("read 2 times, 40 ms apart in the middle, 40 ms at most");
});
