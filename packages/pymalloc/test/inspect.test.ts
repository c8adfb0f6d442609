import { ilp32, poolCapacity, profileFor } from "@obmalloc/abi";
import { describe, expect, it } from "vitest";
import { allocateMany, MIB, makeMachine } from "./machine.ts";

describe("inspect", () => {
  it("shows every pool with its state, and free lists in the order of their use", () => {
    const profile = profileFor("3.12");
    const { pymalloc, arenas } = makeMachine(profile);
    const base = arenas[0] ?? 0;
    const full = allocateMany(pymalloc, poolCapacity(profile, 31), 512);
    const [a, b, c] = allocateMany(pymalloc, 3, 100);
    const gone = pymalloc.malloc(256);
    pymalloc.free(gone);
    pymalloc.free(a!);
    pymalloc.free(c!);
    const { arenas: shown, usedPools, usableArenas, unusedSlots, nfp2lasta, rawBlocks } = pymalloc.inspect();
    const { pools, ...arena } = shown[0]!;
    expect(base).toBe(0);
    expect(arena).toMatchObject({ base: arenas[0], slot: 0, nfreepools: 62, ntotalpools: 64 });
    expect(pools).toHaveLength(64);
    expect(
      pools.slice(0, 4).map(({ state, szidx, count, capacity }) => [state, szidx, count, capacity]),
    ).toEqual([
      ["full", 31, 31, 31],
      ["used", 6, 1, 145],
      ["free", 15, 0, 63],
      ["uncarved", null, 0, 0],
    ]);
    expect(pools[1]).toMatchObject({
      address: arenas[0]! + 16384,
      blockBytes: 112,
      nextoffset: 48 + 4 * 112,
    });
    expect(pools[1]!.freeBlocks).toEqual([c, a, b! + 224]);
    expect(arena.freePools).toEqual([pools[2]!.address]);
    expect(usedPools[6]).toEqual([pools[1]!.address]);
    expect(usedPools.flat()).toHaveLength(1);
    expect(usableArenas).toEqual([arenas[0]]);
    expect(unusedSlots).toEqual(Array.from({ length: 15 }, (_, n) => n + 1));
    expect(nfp2lasta.flatMap((address, count) => (address === 0 ? [] : [[count, address]]))).toEqual([
      [62, arenas[0]],
    ]);
    expect(rawBlocks).toBe(0);
    expect(full).toHaveLength(31);
  });

  it("is frozen through and through, and does not follow later changes", () => {
    const { pymalloc } = makeMachine(profileFor("3.9", ilp32));
    pymalloc.malloc(8);
    const before = pymalloc.inspect();
    const frozen = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(before)).toBe(true);
    expect(frozen(pymalloc.collectStats())).toBe(true);
    pymalloc.malloc(8);
    expect(before.arenas[0]!.pools[0]!.count).toBe(1);
    expect([before.version, before.model]).toEqual(["3.9", "ilp32"]);
  });
});

describe("collectStats", () => {
  it("adds up: bytes of blocks, headers, tails and free pools are the arenas", () => {
    const { pymalloc } = makeMachine(profileFor("3.11"), { offset: (n) => n * 4096, maxBytes: 32 * MIB });
    for (let size = 1; size <= 512; size++) allocateMany(pymalloc, 20, size);
    allocateMany(pymalloc, 7, 600);
    const stats = pymalloc.collectStats();
    const { total, ...parts } = stats.bytes;
    expect(Object.values(parts).reduce((a, b) => a + b)).toBe(total);
    expect(total).toBe(stats.arenasCurrent * MIB);
    expect(stats.arenasCurrent).toBe(3);
    expect(stats.misalignedArenas).toBe(2);
    expect(stats.classes.every(({ blocksInUse }) => blocksInUse === 20 * 16)).toBe(true);
    expect(pymalloc.getAllocatedBlocks()).toBe(20 * 512 + 7);
    expect(stats.arenaMapBytes).toEqual({ root: 262144, mid: 262144, leaf: 131072 });
  });

  it("has no arena map before 3.10", () => {
    const { pymalloc } = makeMachine(profileFor("3.9"));
    pymalloc.malloc(1);
    expect(pymalloc.collectStats().arenaMapBytes).toEqual({ root: 0, mid: 0, leaf: 0 });
    expect(pymalloc.collectStats().arenaMap).toEqual({ midNodes: 0, leafNodes: 0 });
  });
});
