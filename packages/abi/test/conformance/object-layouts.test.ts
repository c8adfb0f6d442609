// Our declarations against the structs in CPython's headers, 3.7.16 to 3.13.0, 3.14.10 and 3.15.2, compiled for x86-64
// and read from the debug information. A struct that a version does not list is as in the version before it.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  dataModels,
  fieldOffset,
  lp64,
  objectLayouts,
  profiles,
  type StructLayout,
} from "../../src/index.ts";

type Captured = readonly [sizeBytes: number, offsets: Readonly<Record<string, number>>];
type Versions = Readonly<Record<string, Readonly<Record<string, Captured>>>>;
const captured: Versions = JSON.parse(
  readFileSync(new URL("fixtures/struct-layouts.json", import.meta.url), "utf8"),
);

/** Structs whose C size includes what is only there once: a first item, an embedded frame, room at the end. */
const OPEN_ENDED = new Set([
  "long",
  "bytes",
  "tuple",
  "code",
  "frame",
  "interpreterFrame",
  "generator",
  "coroutine",
  "dictValues",
  "memoryview",
]);

const upTo = (version: string): Readonly<Record<string, Captured>> => {
  const versions = Object.keys(captured);
  return Object.assign({}, ...versions.slice(0, versions.indexOf(version) + 1).map((name) => captured[name]));
};

describe.each(profiles.filter(({ model }) => model === lp64))("objects of CPython $version", (profile) => {
  const layouts = objectLayouts(profile);
  const ours: Readonly<Record<string, StructLayout>> = {
    ...(layouts as unknown as Record<string, StructLayout>),
    ...layouts.plain,
    gcState: layouts.gc.state,
    gcGeneration: layouts.gc.generation,
    gcStats: layouts.gc.stats,
    ...(layouts.gc.statsBlock && { gcStatsBlock: layouts.gc.statsBlock }),
  };

  it.each(Object.entries(upTo(profile.version)))(
    "%s lies in memory as C lays it out",
    (name, [size, offsets]) => {
      const layout = ours[name]!;
      const expected = Object.fromEntries(layout.fields.map((field) => [field.name, offsets[field.name]]));
      expect(layout.offsets).toEqual(expected);
      if (!OPEN_ENDED.has(name)) expect(layout.sizeBytes).toBe(size);
    },
  );
});

describe("objectLayouts", () => {
  it("are computed once for each profile", () => {
    expect(objectLayouts(profiles[0]!)).toBe(objectLayouts(profiles[0]!));
  });

  it.each(dataModels)("has the same fields in both data models, the 3.14 head aside ($name)", (model) => {
    const { list } = objectLayouts(profiles.find((one) => one.version === "3.13" && one.model === model)!);
    expect(list.fields.map(({ name }) => name)).toEqual([
      "ob_refcnt",
      "ob_type",
      "ob_size",
      "ob_item",
      "allocated",
    ]);
    expect(list.sizeBytes).toBe(5 * model.pointerBytes);
  });

  it("finds a field by name, or says that there is none", () => {
    const { function: layout } = objectLayouts(profiles[0]!);
    expect(fieldOffset(layout, "func_code")).toBe(16);
    expect(fieldOffset(layout, "func_builtins")).toBe(-1);
  });
});
