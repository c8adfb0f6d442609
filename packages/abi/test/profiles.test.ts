import { describe, expect, it } from "vitest";
import {
  classBytes,
  ilp32,
  lp64,
  maxPoolsInArena,
  poolCapacity,
  poolOverheadBytes,
  poolTailBytes,
  profileFor,
  profiles,
  sizeClassCount,
  sizeClassOf,
  UnknownProfileError,
} from "../src/index.ts";

const KIB = 1024;

describe("profileFor", () => {
  it.each(["3.11", "3.11.7", "3.11.0rc1", "3.11.4+"])("takes %s for 3.11", (version) => {
    expect(profileFor(version).version).toBe("3.11");
  });

  it("gives lp64 unless told otherwise", () => {
    expect(profileFor("3.9").model).toBe(lp64);
    expect(profileFor("3.9", ilp32).model).toBe(ilp32);
  });

  it.each(["3.6.15", "2.7", "3", "", "3.111", "3.11.", "3.11-x", "v3.11", " 3.11", "3.11 "])(
    "refuses %j",
    (version) => {
      expect(() => profileFor(version)).toThrow(UnknownProfileError);
    },
  );

  it("names the versions it knows", () => {
    expect(() => profileFor("3.6")).toThrowErrorMatchingInlineSnapshot(`
      [UnknownProfileError: There is no profile for CPython "3.6".
        Known versions: 3.7, 3.8, 3.9, 3.10, 3.11, 3.12, 3.13, 3.14, 3.15.]
    `);
  });
});

describe("profiles", () => {
  it("are there for nine versions and two data models", () => {
    expect(profiles).toHaveLength(18);
  });

  it.each(profiles)("have 64 pools in an arena and whole size classes ($version $model.name)", (profile) => {
    expect(maxPoolsInArena(profile)).toBe(64);
    expect(sizeClassCount(profile)).toBe(profile.model === lp64 ? 32 : 64);
    expect(poolOverheadBytes(profile)).toBe(profile.model === lp64 ? 48 : 32);
    expect(classBytes(profile, sizeClassCount(profile) - 1)).toBe(512);
  });

  it("change where CPython changed", () => {
    const changes = profiles
      .filter(({ model }) => model === lp64)
      .map(
        ({ version, pymalloc: { arenaBytes, poolBytes, arenaLookup, emptyArenas, usableArenasOrder } }) => {
          const bits = arenaLookup.kind === "radix" ? arenaLookup.rootBits : 0;
          return [version, arenaBytes / KIB, poolBytes / KIB, bits, emptyArenas, usableArenasOrder].join(" ");
        },
      );
    expect(changes).toEqual([
      "3.7 256 4 0 release-all linear",
      "3.8 256 4 0 release-all fingers",
      "3.9 256 4 0 keep-last fingers",
      "3.10 1024 16 10 keep-last fingers",
      "3.11 1024 16 15 keep-last fingers",
      "3.12 1024 16 15 keep-last fingers",
      "3.13 1024 16 15 keep-last fingers",
      "3.14 1024 16 15 keep-last fingers",
      "3.15 1024 16 15 keep-last fingers",
    ]);
  });

  it.each(profiles)(
    "cover every address bit with the radix tree ($version $model.name)",
    ({ model, pymalloc }) => {
      const { arenaLookup } = pymalloc;
      if (arenaLookup.kind === "index") return;
      const { rootBits, midBits, leafBits, ignoredBits } = arenaLookup;
      expect(rootBits + midBits + leafBits + ignoredBits + Math.log2(pymalloc.arenaBytes)).toBe(
        model.pointerBytes * 8,
      );
    },
  );
});

describe("size classes", () => {
  // Block size, then capacity and wasted tail of a pool: 16 KiB and 4 KiB on 64-bit, 4 KiB on 32-bit.
  const rows = [
    [16, 1021, 0, 253, 0, 254, 0],
    [32, 510, 16, 126, 16, 127, 0],
    [48, 340, 16, 84, 16, 84, 32],
    [64, 255, 16, 63, 16, 63, 32],
    [80, 204, 16, 50, 48, 50, 64],
    [96, 170, 16, 42, 16, 42, 32],
    [112, 145, 96, 36, 16, 36, 32],
    [128, 127, 80, 31, 80, 31, 96],
    [256, 63, 208, 15, 208, 15, 224],
    [400, 40, 336, 10, 48, 10, 64],
    [512, 31, 464, 7, 464, 7, 480],
  ] as const;

  it.each(rows)(
    "fill pools with blocks of %i bytes as CPython does",
    (size, n16, rest16, n4, rest4, n32, rest32) => {
      for (const [profile, capacity, tail] of [
        [profileFor("3.12"), n16, rest16],
        [profileFor("3.9"), n4, rest4],
        [profileFor("3.12", ilp32), n32, rest32],
      ] as const) {
        const szidx = sizeClassOf(profile, size);
        expect(classBytes(profile, szidx)).toBe(size);
        expect(poolCapacity(profile, szidx)).toBe(capacity);
        expect(poolTailBytes(profile, szidx)).toBe(tail);
      }
    },
  );

  it("round requests up to the alignment", () => {
    const profile = profileFor("3.12");
    expect([1, 16, 17, 32, 512].map((n) => sizeClassOf(profile, n))).toEqual([0, 0, 1, 1, 31]);
    expect([1, 8, 9, 512].map((n) => sizeClassOf(profileFor("3.12", ilp32), n))).toEqual([0, 0, 1, 63]);
  });
});
