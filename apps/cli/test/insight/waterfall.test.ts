// The waterfall against what the kernel said: at every marker, and at moments between the samples, where what was measured last is told.
import { fileURLToPath } from "node:url";
import { sideOf, type Waterfall } from "@obmalloc/insight";
import { momentOf, type TraceReader } from "@obmalloc/trace";
import { describe, expect, it } from "vitest";
import { recordable, recorded } from "./recordings.ts";

/** Programs and at how many moments each is looked at; the long ones at fewer. */
const PROGRAMS: readonly (readonly [name: string, moments: number])[] = [
  ["leak", 20],
  ["cache", 20],
  ["hoard", 50],
  ["mapped_file", 50],
  ["buffers", 50],
  ["rounds", 50],
];

const pathOf = (name: string) => fileURLToPath(new URL(`programs/${name}.py`, import.meta.url));
const versions = [...new Set([recordable[0], recordable.at(-3), recordable.at(-1)])].filter(
  (one) => one !== undefined,
);

const waterfallAt = (trace: TraceReader, event: number) => sideOf(trace, momentOf(trace, String(event)));

function expectWhole({ parts, rssBytes, remainderShare }: Waterfall): void {
  expect(parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(rssBytes);
  for (const { key, bytes } of parts) expect(bytes, key).toBeGreaterThanOrEqual(0);
  expect(remainderShare).toBeLessThan(0.05);
}

describe.skipIf(versions.length === 0).each(versions)("the waterfall on CPython $version", (python) => {
  it.each(PROGRAMS)(
    "%s: adds up at every marker and sample, and at moments between them",
    async (name, moments) => {
      const trace = await recorded(python, [pathOf(name)]);
      const { marks, samples, notes } = trace.tables;
      const even = Array.from({ length: moments }, (_, i) =>
        Math.round((trace.eventCount * i) / (moments - 1)),
      );
      const marked = new Set(marks.map(({ event }) => event));
      for (const event of new Set([...even, 1, samples[1]!.event - 1, samples.at(-2)!.event, ...marked])) {
        const { waterfall } = waterfallAt(trace, event);
        const account = notes.accounts.findLast((one) => one.event <= event)!;
        expect(waterfall.rssBytes).toBe(account.rss);
        expect(waterfall.measuredAt).toBe(account.event);
        expect(waterfall.measuredBefore.events).toBe(event - account.event);
        if (marked.has(event)) expect(waterfall.measuredBefore).toEqual({ events: 0, elapsedNs: 0 });
        expect(waterfall.peakRssBytes).toBeGreaterThanOrEqual(account.rss);
        expectWhole(waterfall);
      }
    },
  );

  it("mixes no two moments: between samples all parts are those of the sample before", async () => {
    const trace = await recorded(python, [pathOf("rounds")]);
    const { samples } = trace.tables;
    const gaps = samples.slice(1).map((next, i) => ({ sample: samples[i]!, next }));
    const widest = gaps.sort((a, b) => b.next.event - b.sample.event - (a.next.event - a.sample.event))[0]!;
    const { sample, next } = widest;
    const middle = Math.floor((sample.event + next.event) / 2);
    const at = waterfallAt(trace, sample.event);
    const between = waterfallAt(trace, middle);
    expect(between.waterfall.parts).toEqual(at.waterfall.parts);
    expect(at.waterfall.measuredBefore).toEqual({ events: 0, elapsedNs: 0 });
    const { events, elapsedNs } = between.waterfall.measuredBefore;
    expect(events).toBe(middle - sample.event);
    expect(elapsedNs).toBeGreaterThan(0);
    expect(elapsedNs).toBeLessThan(next.elapsedNs - sample.elapsedNs);
  });
});
