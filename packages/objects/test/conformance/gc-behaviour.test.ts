// What the collectors of thirteen interpreters did in a captured script, against the collectors here: when they run, what
// they count, in which order weak references and finalizers go, what is tracked. Among them is the incremental collector.
import { readFileSync } from "node:fs";
import { ilp32, lp64, type Profile, profileFor } from "@obmalloc/abi";
import { describe, expect, it } from "vitest";
import { createObjects, GcDebug } from "../../src/index.ts";
import { CollectorScript } from "./collector-script.ts";
import { trackedKinds } from "./tracked-kinds.ts";

interface Table {
  readonly interpreters: readonly string[];
  readonly values: Readonly<
    Record<string, { readonly variants: readonly unknown[]; readonly of: readonly number[] }>
  >;
}

const fixture: { readonly behaviour: Table; readonly facts: Table } = JSON.parse(
  readFileSync(new URL("fixtures/gc.json", import.meta.url), "utf8"),
);

/** The interpreters of a table with what was captured from each. */
function rowsOf({ interpreters, values }: Table) {
  return interpreters.map((name, i) => ({
    name,
    profile: profileFor(name.replace(/^w/, ""), name.startsWith("w") ? ilp32 : lp64),
    captured: Object.fromEntries(
      Object.entries(values).map(([key, { variants, of }]) => [key, variants[of[i]!]]),
    ),
  }));
}

/** Up to 3.10 comprehensions and functions leave frames behind, which the script's counts show; so they are left out. */
const countsFrames = (profile: Profile) => profile.objects.instanceValues === "split-dict";
const COUNTS = /^(count before|after 5|after del|collections with|callback info)/;

/** Since 3.15 callbacks are told how long a collection took. */
function withoutTimes(found: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(found), (key, value) => (key === "duration" ? 0 : value));
}

describe.each(rowsOf(fixture.behaviour))("the collector of $name", ({ profile, captured }) => {
  it("does in the captured script what CPython's did", () => {
    const found = withoutTimes(new CollectorScript(profile).run());
    const isShown = ([key, value]: [string, unknown]) =>
      value !== null && !(countsFrames(profile) && COUNTS.test(key));
    const wanted = Object.entries(withoutTimes(captured)).filter(isShown);
    expect(Object.fromEntries(wanted.map(([key]) => [key, found[key]]))).toEqual(Object.fromEntries(wanted));
    expect(wanted.length).toBeGreaterThanOrEqual(countsFrames(profile) ? 19 : 26);
  });
});

describe.each(rowsOf(fixture.facts))("$name", ({ profile, captured }) => {
  it("tracks what CPython tracks", () => {
    const wanted = Object.entries(captured).filter(([key]) => key.startsWith("is_tracked "));
    const found = trackedKinds(createObjects({ profile }));
    expect(
      Object.fromEntries([...found].map(([key, isTracked]) => [`is_tracked ${key}`, isTracked])),
    ).toEqual(Object.fromEntries(wanted));
  });

  it("has its thresholds and flags", () => {
    expect(createObjects({ profile }).gc.getThreshold()).toEqual(captured.thresholds);
    const flags = captured.flags as Record<string, number>;
    for (const [name, flag] of Object.entries(GcDebug)) expect(flags[`DEBUG_${name}`]).toBe(flag);
  });
});
