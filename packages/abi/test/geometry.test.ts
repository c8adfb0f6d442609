import { describe, expect, it } from "vitest";
import {
  GeometryError,
  ilp32,
  lp64,
  maxPoolsInArena,
  profileFor,
  profiles,
  withGeometry,
} from "../src/index.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const newest = profileFor("3.13");

describe("withGeometry", () => {
  it.each(profiles)("gives $version $model.name back when nothing is changed", (profile) => {
    expect(withGeometry(profile, {})).toEqual(profile);
    const { arenaBytes, poolBytes, alignmentBytes, smallRequestThreshold } = profile.pymalloc;
    const same = { arenaBytes, poolBytes, alignmentBytes, smallRequestThreshold };
    expect(withGeometry(profile, same)).toEqual(profile);
  });

  it("shares the bits of the tree out as CPython does for arenas of 2 MiB", () => {
    const huge = withGeometry(profileFor("3.15"), { arenaBytes: 2 * MIB });
    expect(maxPoolsInArena(huge)).toBe(128);
    expect(huge.pymalloc.arenaLookup).toEqual({
      kind: "radix",
      rootBits: 15,
      midBits: 15,
      leafBits: 13,
      ignoredBits: 0,
    });
    expect(withGeometry(profileFor("3.12", ilp32), { arenaBytes: MIB }).pymalloc.arenaLookup).toMatchObject({
      rootBits: 0,
      leafBits: 12,
    });
  });

  it.each([
    [{ alignmentBytes: 24 }, "alignmentBytes", /cannot be 24: it has to be a power of two/],
    [{ alignmentBytes: 4 }, "alignmentBytes", /a free block holds a pointer of 8 bytes/],
    [{ alignmentBytes: Number.NaN }, "alignmentBytes", /power of two/],
    [{ poolBytes: 12 * KIB }, "poolBytes", /power of two/],
    [{ poolBytes: 128 }, "poolBytes", /from 256 to 67108864/],
    [{ poolBytes: -4096 }, "poolBytes", /power of two/],
    [{ poolBytes: 0.5 }, "poolBytes", /power of two/],
    [{ arenaBytes: 3 * MIB }, "arenaBytes", /power of two/],
    [{ arenaBytes: 16 * KIB }, "arenaBytes", /has to hold two pools of 16384/],
    [
      { arenaBytes: 8 * KIB, poolBytes: 1024, smallRequestThreshold: 64 },
      "arenaBytes",
      /from 16384 to 1073741824/,
    ],
    [{ arenaBytes: 2 ** 31 }, "arenaBytes", /from 16384 to 1073741824/],
    [{ smallRequestThreshold: 500 }, "smallRequestThreshold", /a multiple of the alignment, 16/],
    [{ smallRequestThreshold: 0 }, "smallRequestThreshold", /a multiple of the alignment/],
    [
      { smallRequestThreshold: Number.POSITIVE_INFINITY },
      "smallRequestThreshold",
      /a multiple of the alignment/,
    ],
    [
      { smallRequestThreshold: 128 * KIB, poolBytes: MIB, arenaBytes: 4 * MIB },
      "smallRequestThreshold",
      /at most 4096 size classes/,
    ],
    [{ smallRequestThreshold: 8192 }, "smallRequestThreshold", /two blocks of at most 8168/],
    [
      { poolBytes: 1024 },
      "smallRequestThreshold",
      /cannot be 512: a pool of 1024 bytes has room for two blocks of at most 488/,
    ],
  ] as const)("refuses %j", (geometry, field, message) => {
    let thrown: unknown;
    try {
      withGeometry(newest, geometry);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(GeometryError);
    expect((thrown as GeometryError).field).toBe(field);
    expect((thrown as GeometryError).message).toMatch(message);
  });

  it("leaves the profile that it starts from alone", () => {
    const small = withGeometry(newest, { poolBytes: 4 * KIB, arenaBytes: 64 * KIB, alignmentBytes: 8 });
    expect(newest.pymalloc.poolBytes).toBe(16 * KIB);
    expect([small.version, small.model]).toEqual(["3.13", lp64]);
    expect(Object.isFrozen(small.pymalloc)).toBe(true);
  });
});
