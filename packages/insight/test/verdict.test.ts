// What counts as held: the same recording with its resident set divided up otherwise.
import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { bytesSource, momentOf, TraceReader } from "@obmalloc/trace";
import { expect, it } from "vitest";
import { growth } from "../src/answer/growth.ts";
import { verdict } from "../src/answer/verdict.ts";
import { type PartKey, waterfall } from "../src/answer/waterfall.ts";
import { examine } from "../src/index.ts";

const MIB = 2 ** 20;
const trace = TraceReader.open(
  bytesSource(readFileSync(new URL("../../trace/test/fixtures/cpython-3.13.obm", import.meta.url))),
  { inflate: (bytes, sizeBytes) => inflateRawSync(bytes, { maxOutputLength: sizeBytes }) },
);
const examination = examine(trace, momentOf(trace));
const whole = waterfall(examination);

/** The verdict had the parts these bytes, and the others none, of 100 MiB. */
function verdictWith(bytes: Partial<Record<PartKey, number>>) {
  const parts = whole.parts.map((part) => ({ ...part, bytes: bytes[part.key] ?? 0 }));
  const still = { ...growth(examination), bytes: 0, isSteady: false };
  return verdict({
    examination,
    waterfall: { ...whole, rssBytes: 100 * MIB, parts },
    pins: [],
    growth: still,
  });
}

it("what live blocks are rounded up to is not held", () => {
  const live = { live: 60 * MIB, rounding: 30 * MIB, "pool-overhead": 10 * MIB } as const;
  expect(verdictWith(live).kind).not.toBe("retention-in-pymalloc");
});

it.each(["free-blocks", "free-pools"] as const)("%s are held", (key) => {
  expect(verdictWith({ live: 70 * MIB, [key]: 30 * MIB })).toMatchObject({
    kind: "retention-in-pymalloc",
    bytes: 30 * MIB,
  });
});

it("sets what grew by the moment against no resident set of an earlier one", () => {
  const grown = { ...growth(examination), pattern: "call-by-call", bytes: 90 * MIB } as const;
  const of = (events: number) =>
    verdict({
      examination,
      waterfall: { ...whole, rssBytes: 100 * MIB, measuredBefore: { events, elapsedNs: 0 } },
      pins: [],
      growth: grown,
    });
  expect(of(0)).toMatchObject({ kind: "leak", rssBytes: 100 * MIB });
  expect(of(1)).toMatchObject({ kind: "leak", rssBytes: undefined });
});
