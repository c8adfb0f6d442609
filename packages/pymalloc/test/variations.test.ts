// What CPython does not do, and only where it is asked for.

import { type BlockAddress, lp64, type Profile, poolCapacity, profileFor, profiles } from "@obmalloc/abi";
import { type PyMalloc, VariationError, type Variations } from "@obmalloc/pymalloc";
import { describe, expect, it } from "vitest";
import { allocateMany, headerOf, makeMachine } from "./machine.ts";
import { randomSequence } from "./random-sequence.ts";

const make = (profile: Profile, variations: Variations) => makeMachine(profile, { variations });
const largestClass = (profile: Profile) => (profile.model === lp64 ? 31 : 63);

/** Fills whole pools of 512-byte blocks; blocks pool by pool. */
function fillPools(pymalloc: PyMalloc, count: number): BlockAddress[][] {
  const capacity = poolCapacity(pymalloc.profile, largestClass(pymalloc.profile));
  return Array.from({ length: count }, () => allocateMany(pymalloc, capacity, 512));
}

const freeAll = (pymalloc: PyMalloc, pools: BlockAddress[][]) => {
  for (const block of pools.flat()) pymalloc.free(block);
};

describe("nothing is varied", () => {
  it("unless it is named", () => {
    const { pymalloc } = makeMachine(profileFor("3.12"));
    expect(pymalloc.rules).toEqual({
      keptEmptyArenas: undefined,
      fullestFirst: true,
      returnFreePools: false,
    });
  });

  it.each<[unknown, RegExp]>([
    [{ keptEmptyArenas: -1 }, /^keptEmptyArenas is a number of arenas, not -1\.$/],
    [{ keptEmptyArenas: 1.5 }, /not 1\.5/],
    [{ keptEmptyArenas: Number.NaN }, /not NaN/],
    [{ usableArenas: "fullest" }, /^usableArenas is "fullest-first" or "last-freed-first", not fullest\.$/],
  ])("and what does not exist is refused: %j", (variations, message) => {
    expect(() => make(profileFor("3.12"), variations as Variations)).toThrow(VariationError);
    expect(() => make(profileFor("3.12"), variations as Variations)).toThrow(message);
  });
});

describe.each(profiles)("keptEmptyArenas with $version $model.name", (profile) => {
  it.each([0, 1, 2, 3])("holds back %i arenas", (keptEmptyArenas) => {
    const { pymalloc, arenas } = make(profile, { keptEmptyArenas });
    const pools = fillPools(pymalloc, 5 * 64);
    expect(arenas).toHaveLength(5);
    freeAll(pymalloc, pools);
    expect(pymalloc.arenaCount).toBe(keptEmptyArenas);
    expect(arenas).toHaveLength(keptEmptyArenas);
    expect(pymalloc.check()).toEqual([]);
    const before = pymalloc.arenasAllocatedTotal;
    fillPools(pymalloc, keptEmptyArenas * 64);
    expect(pymalloc.arenasAllocatedTotal).toBe(before);
    expect(pymalloc.check()).toEqual([]);
  });
});

describe.each(profiles)('usableArenas "last-freed-first" with $version $model.name', (profile) => {
  it("gives pools from the arena that had its first pool freed last, however empty others are", () => {
    const { pymalloc, arenas } = make(profile, { usableArenas: "last-freed-first" });
    const pools = fillPools(pymalloc, 3 * 64);
    const [a, b, c] = arenas;
    const freePools = (arena: number, from: number, to: number) =>
      freeAll(pymalloc, pools.slice(arena * 64 + from, arena * 64 + to));
    freePools(0, 0, 9);
    freePools(1, 0, 1);
    freePools(2, 0, 5);
    freePools(1, 1, 30);
    expect(pymalloc.inspect().usableArenas).toEqual([c, b, a]);
    expect(pymalloc.inspect().nfp2lasta.every((arena) => arena === 0)).toBe(true);
    const next = pymalloc.malloc(16);
    expect(next >= c! && next < c! + profile.pymalloc.arenaBytes).toBe(true);
    expect(pymalloc.check()).toEqual([]);
  });
});

describe.each(profiles)("returnFreePools with $version $model.name", (profile) => {
  const { poolBytes } = profile.pymalloc;

  it("gives the memory of each free pool of a pinned arena back, and sets the pool up anew", () => {
    const { pymalloc, arenas } = make(profile, { returnFreePools: true });
    const pools = fillPools(pymalloc, 6);
    freeAll(pymalloc, pools.slice(1, 4));
    const { arenas: shown } = pymalloc.inspect();
    expect(shown[0]!.pools.slice(0, 7).map(({ state }) => state)).toEqual([
      "full",
      "returned",
      "returned",
      "returned",
      "full",
      "full",
      "uncarved",
    ]);
    const first = arenas[0]! + poolBytes;
    expect(pymalloc.memory.u8.subarray(first, first + 3 * poolBytes).every((byte) => byte === 0)).toBe(true);
    expect(pymalloc.collectStats()).toMatchObject({ unusedPools: 64 - 3, returnedPools: 3 });
    expect(pymalloc.check()).toEqual([]);
    expect(() => pymalloc.free(pools[1]![0]!)).toThrow("It lies in an arena, where no pool has been carved.");

    const again = allocateMany(pymalloc, 2, 512);
    expect(again).toEqual(pools[1]!.slice(0, 2));
    expect(headerOf(pymalloc, again[0]!)).toMatchObject({ pool: first, ref: 2, arenaindex: 0 });
    expect(pymalloc.collectStats().returnedPools).toBe(2);
    expect(pymalloc.check()).toEqual([]);
  });

  it("forgets them when the arena goes back", () => {
    const { pymalloc, arenas } = make(profile, { returnFreePools: true, keptEmptyArenas: 0 });
    const pools = fillPools(pymalloc, 64);
    freeAll(pymalloc, pools);
    expect(arenas).toEqual([]);
    expect(pymalloc.check()).toEqual([]);
    fillPools(pymalloc, 65);
    expect(pymalloc.check()).toEqual([]);
  });
});

describe.each(["3.7", "3.8", "3.13"].map((version) => ({ version })))(
  "all variations together with $version",
  ({ version }) => {
    it.each<Variations>([
      { keptEmptyArenas: 2, returnFreePools: true },
      { keptEmptyArenas: 1, usableArenas: "last-freed-first" },
      { usableArenas: "last-freed-first", returnFreePools: true },
      { keptEmptyArenas: 3, usableArenas: "last-freed-first", returnFreePools: true },
    ])("keep every invariant: %j", (variations) => {
      const { pymalloc } = makeMachine(profileFor(version), { variations, offset: (n) => (n % 5) * 4096 });
      const live = randomSequence(pymalloc, { seed: 77, operations: 100_000, checks: 30 });
      expect(pymalloc.arenasAllocatedTotal).toBeGreaterThanOrEqual(3);
      for (const block of live) pymalloc.free(block);
      expect(pymalloc.getAllocatedBlocks()).toBe(0);
      expect(pymalloc.check()).toEqual([]);
    });
  },
);
