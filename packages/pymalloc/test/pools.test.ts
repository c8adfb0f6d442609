// Pools and blocks: free lists, rings of used pools, size classes, sizes that cannot be served.

import {
  type BlockAddress,
  ilp32,
  poolCapacity,
  poolOverheadBytes,
  profileFor,
  profiles,
} from "@obmalloc/abi";
import { createPyMalloc } from "@obmalloc/pymalloc";
import { describe, expect, it } from "vitest";
import { allocateMany, headerOf } from "./machine.ts";

describe.each(profiles)("pools of $version $model.name", (profile) => {
  const make = () => createPyMalloc({ profile, maxBytes: 8 * 1024 * 1024 });
  const capacity = poolCapacity(profile, 0);
  const size = profile.pymalloc.alignmentBytes;

  it("keep their free list while they are empty, for the same class only", () => {
    const pymalloc = make();
    pymalloc.malloc(512); // keeps the arena where it would be given back empty
    const blocks = allocateMany(pymalloc, capacity, size);
    const { pool } = headerOf(pymalloc, blocks[0]!);
    const order = blocks.map((_, index) => blocks[(index * 7 + 3) % capacity]!);
    for (const block of order) pymalloc.free(block);
    expect(headerOf(pymalloc, pool).ref).toBe(0);
    expect(allocateMany(pymalloc, capacity, size)).toEqual(order.toReversed());

    for (const block of blocks) pymalloc.free(block);
    const other = allocateMany(pymalloc, 2, 2 * size);
    const firstBlock = pool + poolOverheadBytes(profile);
    expect(other).toEqual([firstBlock, firstBlock + 2 * size]);
  });

  it("go to the front of their ring when a full one gets a block back", () => {
    const pymalloc = make();
    const first = allocateMany(pymalloc, capacity, size);
    const second = allocateMany(pymalloc, capacity, size);
    const third = pymalloc.malloc(size);
    const pools = [first[0]!, second[0]!, third].map((block) => headerOf(pymalloc, block).pool);
    expect(pymalloc.inspect().usedPools[0]).toEqual([pools[2]]);
    pymalloc.free(first[4]!);
    pymalloc.free(second[4]!);
    pymalloc.free(first[5]!);
    expect(pymalloc.inspect().usedPools[0]).toEqual([pools[1], pools[0], pools[2]]);
    expect(pymalloc.malloc(size)).toBe(second[4]);
    expect(allocateMany(pymalloc, 2, size)).toEqual([first[5], first[4]]);
    expect(pymalloc.inspect().usedPools[0]).toEqual([pools[2]]);
  });

  it("serve the next class up from their own pools", () => {
    const pymalloc = make();
    const sizes = [1, size, size + 1, 2 * size, 512];
    const blocks = sizes.map((n) => pymalloc.malloc(n));
    expect(blocks.map((block) => pymalloc.blockSizeBytes(block))).toEqual([
      size,
      size,
      2 * size,
      2 * size,
      512,
    ]);
    expect(blocks.every((block) => block % size === 0 && pymalloc.addressInRange(block))).toBe(true);
  });

  it("overwrite the first pointer of a freed block and nothing else", () => {
    const pymalloc = make();
    const [a, b] = allocateMany(pymalloc, 3, 64) as [BlockAddress, BlockAddress];
    const { u8 } = pymalloc.memory;
    const { pointerBytes } = profile.model;
    u8.fill(0xaa, a, a + 64);
    pymalloc.free(b);
    pymalloc.free(a);
    expect(u8.subarray(a + pointerBytes, a + 64).every((byte) => byte === 0xaa)).toBe(true);
    const link = Array.from({ length: pointerBytes }, (_, i) => (i < 4 ? (b >>> (8 * i)) & 0xff : 0));
    expect([...u8.subarray(a, a + pointerBytes)]).toEqual(link);
  });
});

describe("calloc", () => {
  it("clears what was asked for and leaves the rest of the block", () => {
    const pymalloc = createPyMalloc();
    const block = pymalloc.malloc(48);
    pymalloc.memory.u8.fill(0xee, block, block + 48);
    pymalloc.free(block);
    expect(pymalloc.calloc(3, 11)).toBe(block);
    const bytes = [...pymalloc.memory.u8.subarray(block, block + 48)];
    expect(bytes.slice(0, 33)).toEqual(Array(33).fill(0));
    expect(bytes.slice(33)).toEqual(Array(15).fill(0xee));
  });

  it("asks the raw allocator for nothing at all and for a lot", () => {
    const pymalloc = createPyMalloc();
    const blocks = [
      pymalloc.calloc(0, 16),
      pymalloc.calloc(16, 0),
      pymalloc.calloc(0, 0),
      pymalloc.calloc(100, 100),
    ];
    expect(blocks.some((block) => block === 0 || pymalloc.addressInRange(block))).toBe(false);
    expect(pymalloc.getAllocatedBlocks()).toBe(4);
  });
});

describe("sizes that C could not express", () => {
  const bad = [-1, 1.5, 511.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 63];

  it.each(bad)("give NULL and change nothing: %s", (size) => {
    const pymalloc = createPyMalloc();
    const block = pymalloc.malloc(100);
    const before = pymalloc.memory.u8.slice();
    expect(pymalloc.malloc(size)).toBe(0);
    expect(pymalloc.calloc(size, 1)).toBe(0);
    expect(pymalloc.calloc(2, size)).toBe(0);
    expect(pymalloc.realloc(block, size)).toBe(0);
    expect(Buffer.compare(pymalloc.memory.u8, before)).toBe(0);
  });

  it("are fewer on 64 than on 32 bits", () => {
    const pymalloc = createPyMalloc({ profile: profileFor("3.12", ilp32) });
    expect(pymalloc.malloc(2 ** 31)).toBe(0);
    expect(pymalloc.malloc(2 ** 30)).not.toBe(0);
  });

  it("include products that overflow", () => {
    const pymalloc = createPyMalloc();
    expect(pymalloc.calloc(2 ** 62, 4)).toBe(0);
    expect(pymalloc.calloc(-2, -3)).toBe(0);
    expect(pymalloc.getAllocatedBlocks()).toBe(0);
  });
});
