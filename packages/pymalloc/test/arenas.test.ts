// Arenas: how many pools they have, which one gives the next pool, when they go back.

import {
  type BlockAddress,
  classBytes,
  lp64,
  NULL,
  type Profile,
  poolCapacity,
  profileFor,
  profiles,
} from "@obmalloc/abi";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import { LinearMemory, type RawAllocator, RawHeap } from "@obmalloc/raw-heap";
import { describe, expect, it } from "vitest";
import { allocateMany, headerOf, MIB, makeMachine } from "./machine.ts";

const KIB = 1024;

/** Fills whole pools of 512-byte blocks and returns the blocks pool by pool. */
function fillPools(pymalloc: PyMalloc, count: number): BlockAddress[][] {
  const capacity = poolCapacity(pymalloc.profile, classBytes(pymalloc.profile, 0) === 16 ? 31 : 63);
  return Array.from({ length: count }, () => allocateMany(pymalloc, capacity, 512));
}

const freeAll = (pymalloc: PyMalloc, pools: BlockAddress[][]) => {
  for (const block of pools.flat()) pymalloc.free(block);
};

describe.each(profiles)("an arena of $version $model.name", (profile) => {
  const { arenaBytes, poolBytes } = profile.pymalloc;

  it.each([0, 4 * KIB, 8 * KIB, 16 * KIB, 20 * KIB, arenaBytes - 4 * KIB])(
    "loses a pool when its base is not pool-aligned: offset %i",
    (offset) => {
      const { pymalloc, arenas } = makeMachine(profile, { offset: () => offset });
      const pools = offset % poolBytes === 0 ? 64 : 63;
      const first = pymalloc.malloc(512);
      const [arena] = pymalloc.inspect().arenas;
      expect(arena).toMatchObject({ base: arenas[0], slot: 0, nfreepools: pools - 1, ntotalpools: pools });
      expect(headerOf(pymalloc, first).pool).toBe(Math.ceil(arenas[0]! / poolBytes) * poolBytes);
      const { bytes, misalignedArenas } = pymalloc.collectStats();
      expect(misalignedArenas).toBe(64 - pools);
      expect(bytes.arenaAlignment).toBe((64 - pools) * poolBytes);
      expect(bytes.total).toBe(arenaBytes);
      fillPools(pymalloc, pools - 1);
      expect(pymalloc.arenaCount).toBe(1);
      fillPools(pymalloc, 1);
      expect(pymalloc.arenaCount).toBe(2);
      expect(pymalloc.check()).toEqual([]);
    },
  );

  it.each([0, 4 * KIB, 12 * KIB, arenaBytes / 2])("contains its own addresses only: offset %i", (offset) => {
    const { pymalloc, arenas, mapper } = makeMachine(profile, { offset: () => offset });
    for (let n = 0; n < 3; n++) {
      mapper.mmap(arenaBytes); // a stranger between two arenas
      fillPools(pymalloc, 64);
    }
    const inside = (p: number) => arenas.some((base) => p >= base && p < base + arenaBytes);
    const edges = arenas.flatMap((base) => [
      base - arenaBytes,
      base - 1,
      base,
      base + arenaBytes - 1,
      base + arenaBytes,
    ]);
    for (const p of [...edges, ...edges.map((p) => p + 2 * KIB)]) {
      if (profile.pymalloc.arenaLookup.kind === "index" && p % poolBytes !== 0 && !inside(p)) continue;
      expect(pymalloc.addressInRange(p), `0x${p.toString(16)}`).toBe(inside(p));
    }
    expect(pymalloc.addressInRange(0)).toBe(false);
  });

  it("has its slot reused last in, first out", () => {
    const { pymalloc } = makeMachine(profile);
    const pools = fillPools(pymalloc, 4 * 64);
    pymalloc.malloc(512); // so that the last of them is not the last of all
    for (const arena of [1, 3]) freeAll(pymalloc, pools.slice(arena * 64, arena * 64 + 64));
    expect(pymalloc.inspect().unusedSlots.slice(0, 3)).toEqual([3, 1, 5]);
    expect(pymalloc.inspect().arenas.map(({ slot }) => slot)).toEqual([0, 2, 4]);
    fillPools(pymalloc, 64);
    expect(pymalloc.inspect().arenas.map(({ slot }) => slot)).toEqual([0, 2, 3, 4]);
    expect(pymalloc.check()).toEqual([]);
  });

  it("goes back at once when all its pools are free and other arenas are usable", () => {
    const { pymalloc, arenas } = makeMachine(profile);
    const pools = fillPools(pymalloc, 2 * 64);
    const keeper = pymalloc.malloc(512);
    expect(pymalloc.arenaCount).toBe(3);
    freeAll(pymalloc, pools.slice(0, 64));
    expect(pymalloc.arenaCount).toBe(2);
    expect(arenas).toHaveLength(2);
    expect([pymalloc.arenasAllocatedTotal, pymalloc.arenasHighwater]).toEqual([3, 3]);
    expect(pymalloc.addressInRange(keeper)).toBe(true);
    expect(pymalloc.check()).toEqual([]);
  });

  it("is kept when it is the last usable one, from 3.9 on only", () => {
    const { pymalloc, arenas } = makeMachine(profile);
    const keeps = profile.pymalloc.emptyArenas === "keep-last";
    expect(keeps).toBe(!["3.7", "3.8"].includes(profile.version));
    for (let round = 0; round < 3; round++) pymalloc.free(pymalloc.malloc(100));
    expect(arenas).toHaveLength(keeps ? 1 : 0);
    expect(pymalloc.arenasAllocatedTotal).toBe(keeps ? 1 : 3);
    freeAll(pymalloc, fillPools(pymalloc, 3 * 64));
    expect(pymalloc.arenaCount).toBe(keeps ? 1 : 0);
    expect(pymalloc.arenasHighwater).toBe(3);
    expect(pymalloc.inspect().usableArenas).toEqual(arenas);
    expect(pymalloc.check()).toEqual([]);
  });

  it("moves to the right as its pools become free: pools come from the fullest one", () => {
    const { pymalloc, arenas } = makeMachine(profile);
    const pools = fillPools(pymalloc, 4 * 64);
    const [a, b, c, d] = arenas;
    expect(pymalloc.inspect().usableArenas).toEqual([]);
    const freePools = (arena: number, from: number, to: number) =>
      freeAll(pymalloc, pools.slice(arena * 64 + from, arena * 64 + to));
    freePools(1, 0, 2);
    freePools(0, 0, 1);
    expect(pymalloc.inspect().usableArenas).toEqual([a, b]);
    freePools(3, 0, 2);
    expect(pymalloc.inspect().usableArenas).toEqual([a, d, b]);
    freePools(2, 0, 3);
    expect(pymalloc.inspect().usableArenas).toEqual([a, d, b, c]);
    freePools(0, 1, 3);
    expect(pymalloc.inspect().usableArenas).toEqual([d, b, a, c]);
    const fingers = pymalloc.inspect().nfp2lasta;
    if (profile.pymalloc.usableArenasOrder === "linear") expect(fingers).toEqual([]);
    else expect([fingers.length, ...fingers.slice(0, 5)]).toEqual([65, 0, 0, b, c, 0]);
    expect(pymalloc.check()).toEqual([]);

    const [next] = allocateMany(pymalloc, 1, 16);
    expect(next! >= d! && next! < d! + arenaBytes).toBe(true);
    expect(pymalloc.inspect().usableArenas).toEqual([d, b, a, c]);
    expect(pymalloc.check()).toEqual([]);
  });

  it("finds room for its slot when arenas[] doubles", () => {
    const { pymalloc } = makeMachine(profile, { maxBytes: 128 * MIB });
    const perArena = 64 * poolCapacity(profile, profile.model === lp64 ? 31 : 63);
    const blocks = allocateMany(pymalloc, 33 * perArena + 1, 512);
    expect(pymalloc.arenaCount).toBe(34);
    const { arenas, unusedSlots } = pymalloc.inspect();
    expect(arenas.map(({ slot }) => slot)).toEqual(Array.from({ length: 34 }, (_, slot) => slot));
    expect(unusedSlots).toEqual(Array.from({ length: 30 }, (_, n) => 34 + n));
    expect(pymalloc.check()).toEqual([]);
    for (const block of blocks) pymalloc.free(block);
    expect(pymalloc.check()).toEqual([]);
  });
});

describe("when memory runs out", () => {
  const newest = profileFor("3.13");

  function withRaw(wrapRaw: (raw: RawAllocator) => RawAllocator, profile: Profile = newest) {
    return makeMachine(profile, { wrapRaw });
  }

  it("a small request goes to the raw allocator, as in C", () => {
    const machine = makeMachine(newest);
    machine.arenasLeft = 0;
    const block = machine.pymalloc.malloc(16);
    expect(block).not.toBe(0);
    expect(machine.pymalloc.addressInRange(block)).toBe(false);
    expect(machine.pymalloc.allocateSmall(16)).toBe(0);
    const zeroed = machine.pymalloc.calloc(2, 8);
    expect(machine.pymalloc.addressInRange(zeroed)).toBe(false);
    expect(machine.pymalloc.getAllocatedBlocks()).toBe(2);
    expect(machine.pymalloc.inspect().unusedSlots).toHaveLength(16);
    expect(machine.pymalloc.check()).toEqual([]);
    machine.arenasLeft = 1;
    expect(machine.pymalloc.addressInRange(machine.pymalloc.malloc(16))).toBe(true);
  });

  it("arenas[] stays as it was", () => {
    let allowed = true;
    const { pymalloc } = withRaw((raw) => ({
      malloc: (n) => raw.malloc(n),
      calloc: (nelem, elsize) => raw.calloc(nelem, elsize),
      realloc: (p, n) => (allowed ? raw.realloc(p, n) : NULL),
      free: (p) => raw.free(p),
    }));
    fillPools(pymalloc, 16 * 64);
    allowed = false;
    expect(pymalloc.allocateSmall(512)).toBe(0);
    expect(pymalloc.arenaCount).toBe(16);
    expect(pymalloc.check()).toEqual([]);
    allowed = true;
    expect(pymalloc.allocateSmall(512)).not.toBe(0);
  });

  it.each([0, 1, 2])("an arena that the map has no node for goes back: after %i nodes", (nodes) => {
    let left = Number.POSITIVE_INFINITY;
    // 3.10 has leaves for 256 MiB each: an arena across such a border needs two of them.
    const machine = makeMachine(profileFor("3.10"), {
      maxBytes: 512 * MIB,
      offset: () => 16 * KIB,
      wrapRaw: (raw) => ({
        malloc: (n) => raw.malloc(n),
        calloc: (nelem, elsize) => (left-- > 0 ? raw.calloc(nelem, elsize) : NULL),
        realloc: (p, n) => raw.realloc(p, n),
        free: (p) => raw.free(p),
      }),
    });
    const { pymalloc, mapper } = machine;
    mapper.mmap(255 * MIB - mapper.mmap(1)); // so that the next arena begins in the 255th MiB
    left = nodes;
    expect(pymalloc.allocateSmall(16)).toBe(0);
    expect(machine.arenas).toEqual([]);
    expect(pymalloc.check()).toEqual([]);
    left = Number.POSITIVE_INFINITY;
    expect(pymalloc.allocateSmall(16)).not.toBe(0);
    expect(machine.arenas[0]).toBe(255 * MIB + 16 * KIB);
    expect(pymalloc.collectStats().arenaMap).toEqual({ midNodes: 1, leafNodes: 2 });
    expect(pymalloc.check()).toEqual([]);
  });

  it("there is no allocator at all without room for its state", () => {
    const memory = new LinearMemory({ maxBytes: 256 * KIB });
    const raw = RawHeap.create(memory);
    const arenas = { ctx: undefined, alloc: () => 0, free: () => {} };
    expect(() => createPyMalloc({ memory, profile: newest, raw, arenas })).toThrow(
      /^No room for \d+ bytes of pymalloc state\.$/,
    );
    expect(() => createPyMalloc({ maxBytes: 64 * KIB })).toThrow(/^No room for/);
  });
});
