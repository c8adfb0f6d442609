// check() on damaged memory: it names the place, and it always comes to an end.

import {
  arenaObject,
  type BlockAddress,
  lp64,
  type Profile,
  poolCapacity,
  poolHeader,
  profileFor,
  profiles,
} from "@obmalloc/abi";
import { formatDebugMallocStats, obmallocState, type PyMalloc } from "@obmalloc/pymalloc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocateMany, makeMachine } from "./machine.ts";

interface Subject {
  readonly pymalloc: PyMalloc;
  /** The arena that is full, the one that has free pools, and the one that is nearly empty. */
  readonly arenas: readonly number[];
  /** A pool in use, with blocks of 512 bytes, several of them on its free list. */
  readonly usedPool: number;
  readonly freeBlocks: readonly BlockAddress[];
}

function makeSubject(profile: Profile): Subject {
  const { pymalloc, arenas } = makeMachine(profile, { offset: (n) => n * 4096 });
  const capacity = poolCapacity(profile, 511 >>> Math.log2(profile.pymalloc.alignmentBytes));
  const blocks = allocateMany(pymalloc, 3 * 64 * capacity, 512);
  allocateMany(pymalloc, 3, 512);
  for (const block of blocks.slice(64 * capacity, 70 * capacity)) pymalloc.free(block);
  for (const block of blocks.slice(2 * 64 * capacity, 2 * 64 * capacity + 9)) pymalloc.free(block);
  for (const block of blocks.slice(3 * 64 * capacity - 4)) pymalloc.free(block);
  const freeBlocks = blocks.slice(3 * 64 * capacity - 4);
  const { poolBytes } = profile.pymalloc;
  expect(pymalloc.check()).toEqual([]);
  return { pymalloc, arenas, usedPool: freeBlocks[3]! - (freeBlocks[3]! % poolBytes), freeBlocks };
}

/** Runs `damage` on a word and returns the rules that check() then names; the word is restored. */
function rulesAfter({ pymalloc }: Subject, address: number, value: number): string[] {
  const words = pymalloc.memory.u32;
  const sound = words[address / 4]!;
  expect(sound).not.toBe(value >>> 0);
  words[address / 4] = value;
  const rules = pymalloc.check().map(({ rule }) => rule);
  words[address / 4] = sound;
  return [...new Set(rules)];
}

describe("check", () => {
  const profile = profileFor("3.12");
  const subject = makeSubject(profile);
  const pool = poolHeader(lp64).offsets;
  const arena = arenaObject(lp64).offsets;
  const state = obmallocState(profile).offsets;
  const at = (field: keyof typeof state) => subject.pymalloc.stateAddress + state[field];
  const slot = (index: number) => subject.pymalloc.memory.u32[at("arenas") / 4]! + index * 48;
  const header = (field: keyof typeof pool) => subject.usedPool + pool[field];

  it.each<[string, () => number, (sound: number) => number, string]>([
    ["a block counted twice", () => header("ref"), (n) => n + 1, "pool-count"],
    ["a free list that leads out of its pool", () => header("freeblock"), (p) => p + 16384, "free-list"],
    ["a free list off the grid of blocks", () => header("freeblock"), (p) => p + 16, "free-list"],
    ["a free list that ends early", () => subject.freeBlocks[3]!, () => 0, "pool-count"],
    ["a free list in a circle", () => subject.freeBlocks[2]!, () => subject.freeBlocks[3]!, "free-list"],
    ["a link above 4 GiB", () => subject.freeBlocks[3]! + 4, () => 1, "high-word"],
    ["a pointer of a header above 4 GiB", () => header("nextpool") + 4, () => 7, "high-word"],
    ["a pool of a class that does not exist", () => header("szidx"), () => 32, "pool-class"],
    ["a pool in the ring of another class", () => header("szidx"), () => 30, "ring-members"],
    ["a pool that names another arena", () => header("arenaindex"), (n) => n - 1, "pool-arena"],
    ["an offset where no block begins", () => header("nextoffset"), (n) => n - 8, "pool-offsets"],
    ["a limit that does not fit the class", () => header("maxnextoffset"), (n) => n + 16, "pool-offsets"],
    ["a ring that leads to no pool", () => header("nextpool"), () => 4096, "ring-links"],
    ["a ring with a wrong link back", () => header("prevpool"), (p) => p + 16384, "ring-links"],
    ["an empty ring that is not", () => at("used") + 16, (p) => p + 16, "ring-links"],
    ["a free pool too many", () => slot(1) + arena.nfreepools, (n) => n + 1, "arena-pools"],
    ["an arena with too many pools", () => slot(1) + arena.ntotalpools, () => 64, "arena-pools"],
    ["free pools that lead nowhere", () => slot(1) + arena.freepools, (p) => p + 8, "free-pools"],
    ["a free pool that was lost", () => slot(1) + arena.freepools, () => 0, "free-pools"],
    ["carving in the middle of a pool", () => slot(3) + arena.pool_address, (p) => p + 4096, "arena-carving"],
    ["an arena outside the memory", () => slot(1) + arena.address, () => 0xfff0_0000, "arena-place"],
    ["two arenas in one place", () => slot(1) + arena.address, (p) => p - 0x8_0000, "arena-overlap"],
    ["a slot without its arena", () => slot(1) + arena.address, () => 0, "usable-list"],
    ["usable arenas in the wrong order", () => slot(1) + arena.nfreepools, () => 64, "usable-order"],
    ["usable arenas with a wrong link back", () => slot(3) + arena.prevarena, () => 0, "usable-links"],
    ["usable arenas that lead nowhere", () => at("usable_arenas"), (p) => p + 8, "usable-list"],
    ["a finger on the wrong arena", () => at("nfp2lasta") + 8 * 6, () => 0, "nfp2lasta"],
    ["unused slots that lead nowhere", () => at("unused_arena_objects"), (p) => p + 8, "unused-list"],
    ["an unused slot that was lost", () => at("unused_arena_objects"), () => 0, "unused-list"],
    ["an arena counted twice", () => at("narenas_currently_allocated"), (n) => n + 1, "counters"],
    ["a high-water mark under the water", () => at("narenas_highwater"), () => 1, "counters"],
    ["fewer arenas in all than at once", () => at("ntimes_arena_allocated"), () => 1, "counters"],
    ["fewer raw blocks than none", () => at("raw_allocated_blocks"), () => -1, "counters"],
    ["a table of slots that has no end", () => at("maxarenas"), () => 0x7fff_ffff, "arenas-table"],
    ["a table of slots that cannot have had this size", () => at("maxarenas"), () => 3, "counters"],
    ["an arena map without its root", () => at("arena_map_root"), () => 0, "arena-map"],
    ["an arena map that leads nowhere", () => at("arena_map_root") + 8, () => 0xffff_fff0, "arena-map"],
    ["a node that was not counted", () => at("arena_map_bot_count"), () => 2, "arena-map"],
  ])("finds %s", (_, address, damage, rule) => {
    const place = address();
    expect(rulesAfter(subject, place, damage(subject.pymalloc.memory.u32[place / 4]!))).toContain(rule);
    expect(subject.pymalloc.check()).toEqual([]);
  });

  it("finds a leaf of the arena map that covers too little or too much", () => {
    const { pymalloc, arenas } = subject;
    const words = pymalloc.memory.u32;
    const mid = words[at("arena_map_root") / 4]!;
    const leaf = words[mid / 4]!;
    const entry = leaf + (arenas[1]! >>> 20) * 8;
    expect(words[entry / 4]).toBe(4096);
    expect(rulesAfter(subject, entry, 0)).toEqual(["arena-map"]);
    expect(rulesAfter(subject, entry + 8 * 100, -1)).toEqual(["arena-map"]);
    expect(pymalloc.addressInRange(arenas[1]! + 100)).toBe(true);
  });

  it("names the address and says what was found", () => {
    const words = subject.pymalloc.memory.u32;
    words[header("ref") / 4]! += 1;
    const [violation] = subject.pymalloc.check();
    words[header("ref") / 4]! -= 1;
    expect(violation).toEqual({
      rule: "pool-count",
      address: subject.usedPool,
      message: expect.stringMatching(
        /^\d+ blocks in use and \d+ free ones do not add up to the \d+ carved\.$/,
      ),
    });
  });
});

describe.each(profiles)("on memory of $version $model.name that somebody wrote over", (profile) => {
  it("property: check, inspect and the report come to an end without an error", () => {
    const { pymalloc } = makeSubject(profile);
    const { memory, stateAddress } = pymalloc;
    const sound = memory.u8.slice();
    const { arenas } = pymalloc.inspect();
    const state = obmallocState(profile);
    const table = memory.u32[(stateAddress + state.offsets.arenas) / 4]!;
    const pools = arenas.flatMap((arena) => arena.pools.map(({ address }) => address));
    const place = fc.oneof(
      fc.nat(Math.min(state.sizeBytes, 1400) - 4).map((offset) => stateAddress + offset),
      fc.nat(4 * arenaObject(profile.model).sizeBytes - 4).map((offset) => table + offset),
      fc.tuple(fc.constantFrom(...pools), fc.nat(60)).map(([pool, offset]) => pool + offset),
    );
    const word = fc.oneof(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.nat(100),
      fc.constantFrom(...pools, table, table + 28, table + 48, stateAddress),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(place, word), { minLength: 1, maxLength: 12 }), (writes) => {
        for (const [address, value] of writes) memory.u32[address >>> 2] = value;
        expect(Array.isArray(pymalloc.check())).toBe(true);
        expect(pymalloc.inspect().version).toBe(profile.version);
        expect(formatDebugMallocStats(profile, pymalloc.collectStats())).toContain("Small block threshold");
        expect(Number.isFinite(pymalloc.getAllocatedBlocks())).toBe(true);
        memory.u8.set(sound);
      }),
      { numRuns: 30 },
    );
    expect(pymalloc.check()).toEqual([]);
  });
});
