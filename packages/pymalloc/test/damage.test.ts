// Damage to every field of every kind of header and to every link: check() finds it and says where.

import {
  arenaCoverage,
  arenaObject,
  type BlockAddress,
  ilp32,
  lp64,
  ObmallocError,
  type Profile,
  poolCapacity,
  poolHeader,
  profileFor,
} from "@obmalloc/abi";
import { obmallocState, type PoolSnapshot, type PyMalloc } from "@obmalloc/pymalloc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocateMany, makeMachine } from "./machine.ts";
import { randomSequence } from "./random-sequence.ts";

const subjects = [
  profileFor("3.7"),
  profileFor("3.9", ilp32),
  profileFor("3.10"),
  profileFor("3.13"),
  profileFor("3.13", ilp32),
];

/** An allocator with pools and arenas in every state. */
function makeSubject(profile: Profile): PyMalloc {
  const { pymalloc } = makeMachine(profile, { offset: (n) => n * 4096, maxBytes: 24 * 1024 * 1024 });
  const capacity = poolCapacity(profile, profile.model === lp64 ? 31 : 63);
  const blocks = allocateMany(pymalloc, 5 * 64 * capacity, 512);
  const freePools = (from: number, to: number) => {
    for (const block of blocks.slice(from * capacity, to * capacity)) pymalloc.free(block);
  };
  freePools(70, 76);
  freePools(140, 146);
  freePools(200, 230);
  freePools(260, 310);
  for (const block of blocks.slice(10 * capacity, 10 * capacity + 5)) pymalloc.free(block);
  for (const block of blocks.slice(12 * capacity, 12 * capacity + 5)) pymalloc.free(block);
  allocateMany(pymalloc, 7, 100);
  pymalloc.malloc(10_000);
  expect(pymalloc.check()).toEqual([]);
  return pymalloc;
}

interface Place {
  readonly name: string;
  /** The damaged word. */
  readonly address: number;
  /** A violation has to lie in here. */
  readonly from: number;
  readonly to: number;
}

/** The low words of fields of one struct, and the high words of its pointers. */
function fields(
  layout: ReturnType<typeof arenaObject> | ReturnType<typeof poolHeader>,
  names: readonly string[],
  what: string,
  from: number,
  to: number,
): Place[] {
  return layout.fields
    .filter(({ name }) => names.includes(name))
    .flatMap(({ name, offset, sizeBytes }) => {
      const low = { name: `${name} of ${what}`, address: from + offset, from, to };
      const high = { name: `high half of ${name} of ${what}`, address: from + offset + 4, from, to };
      return sizeBytes === 8 && name !== "ref" ? [low, high] : [low];
    });
}

const COMMON = ["ref", "freeblock", "arenaindex", "szidx", "nextoffset", "maxnextoffset"];
/** The links of a full pool, and prevpool of a free one, mean nothing: they are left as they were. */
const POOL_FIELDS: Record<string, readonly string[]> = {
  full: COMMON,
  used: [...COMMON, "nextpool", "prevpool"],
  free: [...COMMON, "nextpool"],
};

function poolPlaces(pymalloc: PyMalloc): Place[] {
  const { poolBytes } = pymalloc.profile.pymalloc;
  const pools = pymalloc.inspect().arenas.flatMap((arena) => arena.pools);
  const some = (state: string, count: number) => pools.filter((pool) => pool.state === state).slice(0, count);
  const shown = [...some("full", 1), ...some("used", 3), ...some("free", 2)];
  expect(new Set(shown.map(({ state }) => state)).size).toBe(3);
  return shown.flatMap((pool, index) => {
    const what = `a ${pool.state} pool (${index})`;
    const end = pool.address + poolBytes;
    const header = poolHeader(pymalloc.profile.model);
    const links = pool.freeBlocks.slice(0, 3).map((block) => ({
      name: `a link of the free list of ${what}`,
      address: block,
      from: pool.address,
      to: end,
    }));
    return [...fields(header, POOL_FIELDS[pool.state]!, what, pool.address, end), ...links];
  });
}

function arenaPlaces(pymalloc: PyMalloc): Place[] {
  const { memory, profile, stateAddress } = pymalloc;
  const layout = arenaObject(profile.model);
  const table = memory.u32[(stateAddress + obmallocState(profile).offsets.arenas) / 4]!;
  const { arenas, usableArenas, unusedSlots } = pymalloc.inspect();
  const always = ["address", "pool_address", "nfreepools", "ntotalpools", "freepools"];
  const slot = (index: number, names: readonly string[], what: string) => {
    const from = table + index * layout.sizeBytes;
    return fields(layout, names, `${what} ${index}`, from, from + layout.sizeBytes);
  };
  return [
    ...arenas.flatMap((arena) =>
      usableArenas.includes(arena.base)
        ? slot(arena.slot, [...always, "nextarena", "prevarena"], "the usable arena of slot")
        : slot(arena.slot, always, "the full arena of slot"),
    ),
    ...unusedSlots.slice(0, 2).flatMap((index) => slot(index, ["address", "nextarena"], "the unused slot")),
  ];
}

function statePlaces(pymalloc: PyMalloc): Place[] {
  const { profile, stateAddress } = pymalloc;
  const layout = obmallocState(profile);
  const end = stateAddress + layout.sizeBytes;
  // What may have been larger at any time cannot be told from damage: the number of raw blocks, the high-water mark
  // and the number of arenas in all are compared with the others only.
  const known = [
    "used",
    "arenas",
    "unused_arena_objects",
    "usable_arenas",
    "nfp2lasta",
    "narenas_currently_allocated",
  ];
  return layout.fields
    .filter(({ name }) => known.includes(name))
    .flatMap(({ name, offset, sizeBytes }) =>
      Array.from({ length: Math.min(sizeBytes / 4, 40) }, (_, word) => ({
        name: `${name}, word ${word}`,
        address: stateAddress + offset + 4 * word,
        from: stateAddress - 64, // a ring's anchor begins in front of it
        to: end,
      })),
    );
}

/** Words of another meaning that are put in place of a word. */
function wrongValues(pymalloc: PyMalloc, sound: number): number[] {
  const pools: PoolSnapshot[] = pymalloc.inspect().arenas.flatMap((arena) => [...arena.pools]);
  const used = pools.filter(({ state }) => state === "used");
  const values = [0, sound + 1, sound ^ 0x4000];
  const others = [used[1]!.address, used[0]!.freeBlocks[1]!, pymalloc.stateAddress];
  return [...new Set([...values, ...others].map((value) => value >>> 0))].filter((value) => value !== sound);
}

/** Fails unless each wrong value in each place is found, there or at what the right or the wrong link leads to. */
function expectFound(pymalloc: PyMalloc, places: readonly Place[], values = wrongValues): void {
  expect(places.length).toBeGreaterThan(0);
  const words = pymalloc.memory.u32;
  for (const { name, address, from, to } of places) {
    const sound = words[address / 4]!;
    for (const value of name.startsWith("high half") ? [1] : values(pymalloc, sound)) {
      words[address / 4] = value;
      const violations = pymalloc.check();
      words[address / 4] = sound;
      const found = violations.map((violation) => `${violation.rule} at ${violation.address}`).join(", ");
      const what = `${name}: ${sound} -> ${value} found as [${found}], expected in ${from}..${to}`;
      const close = violations.some(
        (violation) =>
          (violation.address >= from && violation.address < to) ||
          Math.abs(violation.address - sound) < 64 ||
          Math.abs(violation.address - value) < 64 ||
          (name.startsWith("address of") && violation.rule === "arena-map"), // it has the arena's address too
      );
      expect(close, what).toBe(true);
    }
  }
  expect(pymalloc.check()).toEqual([]);
}

describe.each(subjects)("check() of $version $model.name finds damage", { timeout: 120_000 }, (profile) => {
  const pymalloc = makeSubject(profile);

  it("to every field of a pool header, and to every link of a free list", () => {
    expectFound(pymalloc, poolPlaces(pymalloc));
  });

  it("to every field of an arena object", () => {
    expectFound(pymalloc, arenaPlaces(pymalloc));
  });

  it("to the rings, the lists and the fingers", () => {
    expectFound(pymalloc, statePlaces(pymalloc), () => [0x10, 0xffff_ffff]);
  });

  it("to the control block and its maps", () => {
    const { address } = pymalloc;
    const { poolBytes } = profile.pymalloc;
    const map = address + 19 * 4;
    const pages = pymalloc
      .inspect()
      .arenas.flatMap((arena) => [arena.pools[0]!.address, arena.pools[63 - 1]!.address]);
    const words = [...new Set(pages.map((page) => map + 4 * Math.floor(page / poolBytes / 32)))];
    const places = [
      ...Array.from({ length: 12 }, (_, word) => ({ name: `word ${word}`, address: address + 4 * word })),
      ...words.map((word) => ({ name: "a word of the map", address: word })),
      { name: "the map's last word", address: map + 2 ** 32 / poolBytes / 8 - 4 },
    ].map((place) => ({ ...place, from: place.address, to: place.address + 4 }));
    expectFound(pymalloc, places, (_, sound) => [(sound ^ 1) >>> 0, (sound ^ 0x8000_0000) >>> 0]);
  });
});

const withTree = subjects.filter(({ pymalloc }) => pymalloc.arenaLookup.kind === "radix");

describe.each(withTree)("check() of $version $model.name", (profile) => {
  it("finds damage to the radix tree", () => {
    const pymalloc = makeSubject(profile);
    const { offsets } = obmallocState(profile);
    const root = pymalloc.stateAddress + offsets.arena_map_root;
    const words = pymalloc.memory.u32;
    const interior = profile.model === lp64;
    const mid = interior ? words[root / 4]! : 0;
    const leaf = interior ? words[mid / 4]! : root;
    const regions = pymalloc
      .inspect()
      .arenas.map(({ base }) => Math.floor(base / profile.pymalloc.arenaBytes));
    const entries = [...regions, 0, 5, 100].map(
      (region) => leaf + region * arenaCoverage(profile.model).sizeBytes,
    );
    const places = [
      ...entries.flatMap((entry) => [entry, entry + 4]),
      ...(interior ? [root, root + 4, root + 8, mid, mid + 4, mid + 800] : []),
    ].map((address) => ({ name: "the tree", address, from: leaf - 0x4_0000, to: leaf + 0x4_0000 }));
    for (const place of places) {
      const sound = words[place.address / 4]!;
      for (const value of [sound + 8, 0xffff_fff0]) {
        words[place.address / 4] = value;
        expect(
          pymalloc.check().map(({ rule }) => rule),
          `${place.address}`,
        ).toContain("arena-map");
        words[place.address / 4] = sound;
      }
    }
    expect(pymalloc.check()).toEqual([]);
  });
});

describe.each(subjects)("on damaged memory of $version $model.name", { timeout: 120_000 }, (profile) => {
  it("property: check() and all calls come to an end, with a typed error if any", () => {
    const pymalloc = makeSubject(profile);
    const { memory } = pymalloc;
    const snapshot = memory.u8.slice();
    const places = [...poolPlaces(pymalloc), ...arenaPlaces(pymalloc), ...statePlaces(pymalloc)];
    const live: BlockAddress[] = allocateMany(pymalloc, 40, 200);
    const write = fc.tuple(
      fc.constantFrom(...places.map(({ address }) => address)),
      fc.oneof(
        fc.nat(100),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.constantFrom(...places.map((p) => p.from)),
      ),
    );
    fc.assert(
      fc.property(fc.array(write, { minLength: 1, maxLength: 6 }), fc.nat(), (writes, seed) => {
        memory.u8.fill(0, snapshot.length);
        memory.u8.set(snapshot);
        for (const [address, value] of writes) memory.u32[address / 4] = value;
        for (const call of [
          () => pymalloc.check(),
          () => randomSequence(pymalloc, { seed, operations: 300, live }),
          () => pymalloc.inspect(),
          () => pymalloc.check(),
        ]) {
          try {
            call();
          } catch (error) {
            expect(error, String(error)).toBeInstanceOf(ObmallocError);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
