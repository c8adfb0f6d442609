import { NotABlockError, NULL, profileFor, profiles, rawAddress } from "@obmalloc/abi";
import { createPyMalloc } from "@obmalloc/pymalloc";
import { describe, expect, it } from "vitest";
import { makeMachine } from "./machine.ts";

const numbers = (count: number) => Uint8Array.from({ length: count }, (_, index) => (index * 7 + 1) & 0xff);

describe.each(profiles)("realloc in $version $model.name", (profile) => {
  const make = () => createPyMalloc({ profile, maxBytes: 16 * 1024 * 1024 });

  it("of NULL allocates", () => {
    const pymalloc = make();
    const block = pymalloc.realloc(NULL, 10);
    expect(pymalloc.addressInRange(block)).toBe(true);
    expect(pymalloc.addressInRange(pymalloc.realloc(NULL, 1000))).toBe(false);
  });

  it("leaves a raw block with the raw allocator, however small it becomes", () => {
    const pymalloc = make();
    const block = pymalloc.malloc(600);
    pymalloc.memory.u8.set(numbers(600), block);
    const smaller = pymalloc.realloc(block, 10);
    expect(pymalloc.addressInRange(smaller)).toBe(false);
    expect(pymalloc.memory.u8.slice(smaller, smaller + 10)).toEqual(numbers(10));
    expect(pymalloc.getAllocatedBlocks()).toBe(1);
  });

  it("keeps what fits when it grows, into another class and out of the pools", () => {
    const pymalloc = make();
    const block = pymalloc.malloc(100);
    pymalloc.memory.u8.set(numbers(100), block);
    const larger = pymalloc.realloc(block, 300);
    expect(pymalloc.memory.u8.slice(larger, larger + 100)).toEqual(numbers(100));
    const raw = pymalloc.realloc(larger, 5000);
    expect(pymalloc.addressInRange(raw)).toBe(false);
    expect(pymalloc.memory.u8.slice(raw, raw + 100)).toEqual(numbers(100));
    expect(pymalloc.getAllocatedBlocks()).toBe(1);
    expect(pymalloc.check()).toEqual([]);
  });

  it("to 0 moves a block to the raw allocator and is never NULL", () => {
    const pymalloc = make();
    const block = pymalloc.realloc(pymalloc.malloc(100), 0);
    expect(block).not.toBe(0);
    expect(pymalloc.addressInRange(block)).toBe(false);
    expect(pymalloc.getAllocatedBlocks()).toBe(1);
  });

  it("keeps a block exactly when more than three quarters of it stay in use", () => {
    const pymalloc = make();
    for (let size = 1; size <= 512; size += 3) {
      const block = pymalloc.malloc(size);
      const present = pymalloc.blockSizeBytes(block);
      for (const n of [
        0,
        Math.floor((3 * present) / 4),
        Math.floor((3 * present) / 4) + 1,
        present,
        present + 1,
      ]) {
        expect(pymalloc.reallocKeeps(block, n), `${present} to ${n}`).toBe(
          n <= present && n > (3 * present) / 4,
        );
      }
      pymalloc.free(block);
    }
  });
});

describe("realloc", () => {
  it("that cannot be served is NULL and leaves the block, with its bytes, where it is", () => {
    const machine = makeMachine(profileFor("3.12"), {
      wrapRaw: (raw) => ({
        malloc: () => NULL,
        calloc: (nelem, elsize) => raw.calloc(nelem, elsize),
        realloc: (p, n) => (n > 5000 ? NULL : raw.realloc(p, n)),
        free: (p) => raw.free(p),
      }),
    });
    const { pymalloc } = machine;
    const block = pymalloc.malloc(400);
    pymalloc.memory.u8.set(numbers(400), block);
    machine.arenasLeft = 0;
    const filler = [];
    for (let one = pymalloc.malloc(16); one !== 0; one = pymalloc.malloc(16)) filler.push(one);
    expect(pymalloc.realloc(block, 16)).toBe(0);
    expect(pymalloc.realloc(block, 5000)).toBe(0);
    expect(pymalloc.memory.u8.slice(block, block + 400)).toEqual(numbers(400));
    expect(pymalloc.getAllocatedBlocks()).toBe(filler.length + 1);
    expect(pymalloc.check()).toEqual([]);
  });
});

describe("free", () => {
  it("ignores NULL", () => {
    const pymalloc = createPyMalloc();
    pymalloc.free(NULL);
    expect(pymalloc.getAllocatedBlocks()).toBe(0);
  });

  it("lets the raw allocator object to an address outside the arenas, and counts nothing", () => {
    const pymalloc = createPyMalloc();
    const block = pymalloc.malloc(600);
    expect(() => pymalloc.free((block + 16) as typeof block)).toThrow(NotABlockError);
    expect(() => pymalloc.realloc((block + 16) as typeof block, 5)).toThrow(NotABlockError);
    expect(pymalloc.getAllocatedBlocks()).toBe(1);
    pymalloc.free(block);
    expect(pymalloc.getAllocatedBlocks()).toBe(0);
  });
});

describe("countRawBlocks", () => {
  it("counts blocks that the raw allocator holds for somebody else's book-keeping", () => {
    const pymalloc = createPyMalloc();
    pymalloc.countRawBlocks(3);
    expect(pymalloc.getAllocatedBlocks()).toBe(3);
    pymalloc.countRawBlocks(-4);
    expect(pymalloc.getAllocatedBlocks()).toBe(-1);
    const field = pymalloc.check()[0];
    expect(field).toMatchObject({
      rule: "counters",
      message: "raw_allocated_blocks is -1, expected at least 0.",
    });
    expect(rawAddress(field!.address)).toBeGreaterThan(pymalloc.stateAddress);
  });
});
