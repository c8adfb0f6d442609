import { describe, expect, it } from "vitest";
import {
  arenaCoverage,
  arenaObject,
  array,
  ilp32,
  lp64,
  poolHeader,
  readStruct,
  roundUp,
  struct,
} from "../src/index.ts";

describe("struct", () => {
  it("lays out pool_header as CPython's compilers do", () => {
    expect(poolHeader(lp64).offsets).toEqual({
      ref: 0,
      freeblock: 8,
      nextpool: 16,
      prevpool: 24,
      arenaindex: 32,
      szidx: 36,
      nextoffset: 40,
      maxnextoffset: 44,
    });
    expect(poolHeader(lp64).sizeBytes).toBe(48);
    expect(Object.values(poolHeader(ilp32).offsets)).toEqual([0, 4, 8, 12, 16, 20, 24, 28]);
    expect(poolHeader(ilp32).sizeBytes).toBe(32);
  });

  it("lays out arena_object and arena_coverage_t as CPython's compilers do", () => {
    expect(Object.values(arenaObject(lp64).offsets)).toEqual([0, 8, 16, 20, 24, 32, 40]);
    expect(arenaObject(lp64).sizeBytes).toBe(48);
    expect(Object.values(arenaObject(ilp32).offsets)).toEqual([0, 4, 8, 12, 16, 20, 24]);
    expect(arenaObject(ilp32).sizeBytes).toBe(28);
    expect(arenaCoverage(lp64).sizeBytes).toBe(8);
  });

  it("pads in front of wider fields and at the end", () => {
    const layout = struct(lp64, { first: "u32", wide: "ptr", last: "i32" });
    expect(layout.offsets).toEqual({ first: 0, wide: 8, last: 16 });
    expect(layout.sizeBytes).toBe(24);
    expect(layout.alignmentBytes).toBe(8);
  });

  it("holds arrays and structs, with the alignment of what is in them", () => {
    const pair = struct(ilp32, { a: "ptr", b: "u32" });
    const layout = struct(ilp32, {
      flag: "u32",
      pairs: array(pair, 3),
      one: pair,
      none: array("ptr", 0),
      end: "size",
    });
    expect(layout.offsets).toEqual({ flag: 0, pairs: 4, one: 28, none: 36, end: 36 });
    expect(layout.sizeBytes).toBe(40);
    expect(struct(lp64, { n: "u32", pointers: array("ptr", 2) }).offsets.pointers).toBe(8);
  });

  it("lists its fields in memory order, frozen", () => {
    const { fields } = poolHeader(lp64);
    expect(fields.map(({ name }) => name).slice(0, 3)).toEqual(["ref", "freeblock", "nextpool"]);
    expect(fields[1]).toEqual({ name: "freeblock", type: "ptr", offset: 8, sizeBytes: 8 });
    expect(Object.isFrozen(fields)).toBe(true);
    expect(Object.isFrozen(poolHeader(lp64).offsets)).toBe(true);
  });

  it("refuses names that the language would move to the front", () => {
    expect(() => struct(lp64, { b: "u32", 0: "u32" })).toThrow(RangeError);
  });
});

describe("readStruct", () => {
  it("reads low words, signed where the type is, and leaves arrays out", () => {
    const layout = struct(lp64, { link: "ptr", list: array("u32", 2), delta: "i32", total: "ssize" });
    const words = new Uint32Array(16);
    words.set([7, 99, 1, 2, 0xffff_ffff, 0, 0xffff_fffe, 0xffff_ffff], 2);
    expect(readStruct(words, layout, 8)).toEqual({ link: 7, delta: -1, total: -2 });
  });

  it("reads 0 outside the memory", () => {
    expect(readStruct(new Uint32Array(1), arenaCoverage(lp64), 1024)).toEqual({ tail_hi: 0, tail_lo: 0 });
  });
});

describe("roundUp", () => {
  it("is exact above 32 bits", () => {
    expect(roundUp(2 ** 40 + 1, 4096)).toBe(2 ** 40 + 4096);
    expect(roundUp(4096, 4096)).toBe(4096);
  });
});
