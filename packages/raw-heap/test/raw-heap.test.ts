import {
  DamagedMemoryError,
  ilp32,
  lp64,
  MemoryError,
  NotABlockError,
  NULL,
  OutOfMemoryError,
  rawAddress,
} from "@obmalloc/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LinearMemory, PageMapper, type PolicyName, RawHeap } from "../src/index.ts";
import { programs, runProgram } from "./heap-model.ts";

const MIB = 1024 * 1024;
const policies: PolicyName[] = ["default", "first-fit", "next-fit", "best-fit", "buddy", "bump", "byte-map"];
const noSizes = [2 ** 63, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

const makeHeap = (policy: PolicyName = "default", maxBytes = 4 * MIB) =>
  RawHeap.create(
    new LinearMemory({ maxBytes }),
    policy === "byte-map" ? { policy, fixedBytes: 20_000 } : { policy },
  );

describe.each(policies)("C's calls with the policy %s", (policy) => {
  it("give an address of its own for a size of 0", () => {
    const heap = makeHeap(policy);
    const blocks = [
      heap.malloc(0),
      heap.malloc(0),
      heap.calloc(0, 8),
      heap.calloc(8, 0),
      heap.realloc(NULL, 0),
    ];
    expect(new Set(blocks).size).toBe(5);
    expect(blocks).not.toContain(0);
    expect(heap.realloc(blocks[0]!, 0)).not.toBe(0);
  });

  it("return NULL for what is no size, for an overflowing product and a bad alignment, and change nothing", () => {
    const heap = makeHeap(policy);
    const block = heap.malloc(100);
    heap.u8(block, 100).fill(9);
    const before = heap.inspect();
    for (const size of noSizes) {
      expect([
        heap.malloc(size),
        heap.calloc(size, 1),
        heap.calloc(1, size),
        heap.alignedAlloc(64, size),
      ]).toEqual([0, 0, 0, 0]);
      expect(heap.realloc(block, size)).toBe(0);
    }
    expect([heap.calloc(2 ** 62, 4), heap.calloc(-2, -3), heap.calloc(0.5, 4)]).toEqual([0, 0, 0]);
    for (const alignment of [0, -16, 3, 24, 1.5, Number.NaN, 2 ** 32])
      expect(heap.alignedAlloc(alignment, 10)).toBe(0);
    expect([heap.malloc(8 * MIB), heap.realloc(block, 8 * MIB), heap.calloc(4, 2 * MIB)]).toEqual([0, 0, 0]);
    expect(heap.inspect().chunks).toEqual(before.chunks);
    expect(heap.u8(block, 100).every((byte) => byte === 9)).toBe(true);
    expect(heap.check()).toEqual([]);
  });

  it("throw for an address that is no live block, say where it lies, and change nothing", () => {
    const heap = makeHeap(policy);
    const block = heap.malloc(500);
    const freed = heap.malloc(500);
    heap.malloc(30);
    heap.u32(block, 125).fill(0x01010101);
    heap.free(freed);
    const bad = [
      block + 16,
      block + 1,
      block - 8,
      freed,
      8,
      16,
      -16,
      2 ** 33,
      1.5,
      Number.NaN,
      block + 2 ** 32,
    ];
    for (const address of bad) {
      expect(() => heap.free(rawAddress(address))).toThrow(NotABlockError);
      expect(() => heap.realloc(rawAddress(address), 10)).toThrow(NotABlockError);
      expect(() => heap.usableSize(rawAddress(address))).toThrow(NotABlockError);
    }
    const hex = (n: number) => `0x${n.toString(16)}`;
    expect(() => heap.free(rawAddress(block + 16))).toThrow(
      `free: ${hex(block + 16)} is not a live block.\n  It lies 16 bytes into the live block at ${hex(block)}`,
    );
    heap.free(NULL);
    expect(heap.check()).toEqual([]);
  });

  it("tell a copy of a header inside a block from a header", () => {
    const heap = makeHeap(policy);
    const blocks = [heap.malloc(200), heap.malloc(200), heap.malloc(200)] as const;
    const words = heap.memory.u32;
    for (let at = blocks[1] / 4; at < (blocks[1] + 192) / 4; at += 4) {
      for (const source of blocks) words.copyWithin(at, source / 4 - 4, source / 4);
    }
    for (let p = blocks[1] + 16; p < blocks[1] + 192; p += 16) {
      expect(() => heap.free(rawAddress(p))).toThrow(NotABlockError);
    }
  });
});

describe.each(policies)("TypeScript's calls with the policy %s", (policy) => {
  it("throw a RangeError for what is no size, and OutOfMemoryError when there is no room", () => {
    const heap = makeHeap(policy);
    const block = heap.allocate(10, { zeroed: true });
    for (const size of noSizes) {
      expect(() => heap.allocate(size)).toThrow(RangeError);
      expect(() => heap.resize(block, size)).toThrow(RangeError);
    }
    expect(() => heap.allocate(10, { alignmentBytes: 24 })).toThrow(
      "An alignment of 24 bytes is not a power of two.",
    );
    expect(() => heap.allocate(8 * MIB)).toThrow(OutOfMemoryError);
    expect(() => heap.resize(block, 8 * MIB)).toThrow(OutOfMemoryError);
    expect(heap.allocate(10, { alignmentBytes: 256 }) % 256).toBe(0);
    expect(heap.check()).toEqual([]);
  });

  it("make views of blocks, and refuse those that cannot be", () => {
    const heap = makeHeap(policy);
    const block = heap.allocate(64);
    heap.f64(block, 8).set([1, 2, 3]);
    expect([...heap.f64(block, 4)]).toEqual([1, 2, 3, ...heap.f64(block + 24, 1)]);
    heap.u64(block, 1)[0] = 2n ** 63n;
    expect([heap.i64(block, 1)[0], heap.u8(block, 8)[7], heap.i8(block + 7, 1)[0]]).toEqual([
      -(2n ** 63n),
      128,
      -128,
    ]);
    heap.f32(block, 1)[0] = 1;
    expect([heap.u32(block, 1)[0], heap.i32(block, 1)[0], heap.u16(block + 2, 1)[0]]).toEqual([
      0x3f800000, 0x3f800000, 0x3f80,
    ]);
    expect(heap.i16(block + 2, 1)).toBeInstanceOf(Int16Array);
    for (const [address, length] of [
      [block + 1, 1],
      [block, -1],
      [block, 1.5],
      [heap.memory.byteLength, 1],
      [Number.NaN, 1],
    ] as const) {
      expect(() => heap.f64(address, length)).toThrow(RangeError);
    }
  });
});

describe.each(policies)("A heap with the policy %s lives in its memory alone", (policy) => {
  it("property: a copy of the bytes goes on as the original does", () => {
    fc.assert(
      fc.property(programs(40, 3000), programs(20, 3000), (before, after) => {
        const heap = makeHeap(policy, MIB);
        runProgram(heap, before, 1000);
        const copy = RawHeap.attach(LinearMemory.from(heap.memory.u8, { maxBytes: MIB }));
        expect(copy.policy).toBe(policy);
        expect(copy.inspect()).toEqual(heap.inspect());
        const goOn = (side: RawHeap) =>
          after.map((step) => ("sizeBytes" in step ? side.malloc(step.sizeBytes) : 0));
        expect(goOn(copy)).toEqual(goOn(heap));
        expect(Buffer.compare(copy.memory.u8, heap.memory.u8)).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  it("has second owners that see what the first one does", () => {
    const heap = makeHeap(policy);
    const other = RawHeap.attach(heap.memory);
    const block = heap.malloc(100);
    expect(other.usableSize(block)).toBe(heap.usableSize(block));
    other.free(block);
    expect(() => heap.free(block)).toThrow(NotABlockError);
  });
});

describe("RawHeap.create", () => {
  it("puts several heaps over one mapper", () => {
    const mapper = PageMapper.create(new LinearMemory({ maxBytes: 4 * MIB }));
    const heaps = policies.map((policy) => RawHeap.create(mapper, { policy }));
    const blocks = heaps.map((heap) => heap.malloc(100));
    expect(new Set(blocks).size).toBe(policies.length);
    for (const [i, heap] of heaps.entries()) {
      expect(RawHeap.attach(mapper, { stateAddress: heap.stateAddress }).policy).toBe(policies[i]);
      expect(() => heap.free(blocks[(i + 1) % blocks.length]!)).toThrow(NotABlockError);
      heap.free(blocks[i]!);
      expect(heap.check()).toEqual([]);
    }
    expect(RawHeap.attach(mapper).policy).toBe("default");
  });

  it("knows the limit of its data model: 3 GiB is no size on ilp32", () => {
    const wide = RawHeap.create(new LinearMemory(), { model: lp64 });
    expect(wide.malloc(3 * 1024 * MIB)).not.toBe(0);
    const narrow = RawHeap.create(new LinearMemory(), { model: ilp32 });
    expect([narrow.malloc(2 ** 31), narrow.calloc(2 ** 16, 2 ** 16)]).toEqual([0, 0]);
    expect(narrow.malloc(2 ** 31 - 1)).not.toBe(0);
    expect(RawHeap.attach(narrow.memory).model).toBe(ilp32);
  });

  it("refuses what cannot be, and a memory without room or without a heap", () => {
    const memory = () => new LinearMemory({ maxBytes: MIB });
    expect(() => RawHeap.create(memory(), { policy: "worst-fit" as never })).toThrow(
      /no policy "worst-fit".*best-fit/,
    );
    for (const fixedBytes of [-1, 10, 1.5, Number.NaN])
      expect(() => RawHeap.create(memory(), { fixedBytes })).toThrow(RangeError);
    expect(() => RawHeap.create(memory(), { fixedBytes: 2 * MIB })).toThrow(OutOfMemoryError);
    const full = PageMapper.create(memory());
    full.mmap(full.stats().reservedBytes);
    expect(() => RawHeap.create(full)).toThrow(OutOfMemoryError);
    expect(() => RawHeap.attach(memory())).toThrow(MemoryError);
    expect(() => RawHeap.attach(PageMapper.create(memory()))).toThrow("There is no heap in this memory.");
  });

  it("lives in the midst of somebody else's memory, who grows it and writes to it", () => {
    const source = new WebAssembly.Memory({ initial: 2, maximum: 128 });
    const heap = RawHeap.create(new LinearMemory({ source, startAddress: 50_000, maxBytes: 8 * MIB }));
    const theirs: { start: number; length: number }[] = [{ start: 0, length: 50_000 }];
    const blocks: number[] = [];
    for (let round = 0; round < 8; round++) {
      for (let i = 0; i < 200; i++) blocks.push(heap.calloc(1 + ((i * 37) % 900), 1));
      theirs.push({ start: source.grow(1) * 65_536, length: 65_536 });
      for (const { start, length } of theirs) new Uint8Array(source.buffer, start, length).fill(0xee);
      for (let i = 0; i < 60; i++) heap.free(rawAddress(blocks.splice((i * 7) % blocks.length, 1)[0]!));
      blocks[3] = heap.realloc(rawAddress(blocks[3]!), 5000 + round);
      expect(heap.check()).toEqual([]);
    }
    for (const p of blocks) heap.u8(p, 1)[0] = 1;
    for (const { start, length } of theirs) {
      expect(new Uint8Array(source.buffer, start, length).every((byte) => byte === 0xee)).toBe(true);
    }
    for (const p of blocks)
      expect(theirs.every(({ start, length }) => p >= start + length || p < start)).toBe(true);
  });
});

describe("The default policy", () => {
  it("resizes in place when the neighbour allows, kept or free, up to the end of the heap", () => {
    const heap = makeHeap();
    const [a, b, c, d] = [heap.malloc(100), heap.malloc(100), heap.malloc(100), heap.malloc(100)];
    heap.free(b);
    expect(heap.realloc(a, 200)).toBe(a);
    expect(heap.realloc(a, 40)).toBe(a);
    expect(heap.realloc(c, 300)).not.toBe(c);
    expect(heap.realloc(d, 300_000)).not.toBe(0);
    const last = heap.malloc(5000);
    expect(heap.realloc(last, 500_000)).toBe(last);
    expect(heap.check()).toEqual([]);
  });

  it("maps large blocks apart, resizes them by pages, and keeps the next one of that size in the heap", () => {
    const heap = makeHeap("default", 64 * MIB);
    const block = heap.malloc(3 * MIB);
    expect(heap.stats()).toMatchObject({ hblks: 1, liveBlocks: 1 });
    expect(heap.realloc(block, 9 * MIB)).toBe(block);
    expect(heap.realloc(block, 2 * MIB)).toBe(block);
    heap.free(block);
    expect(heap.stats()).toMatchObject({ hblks: 0, hblkhd: 0, liveBlocks: 0 });
    heap.malloc(2 * MIB - 100);
    expect(heap.stats().hblks).toBe(0);
    expect(heap.check()).toEqual([]);
  });

  it("gives memory back by mallocTrim, and counts what it holds", () => {
    const heap = makeHeap();
    const blocks = Array.from({ length: 500 }, () => heap.malloc(1000));
    const { peakBytes } = heap;
    for (const p of blocks) heap.free(p);
    expect(heap.mallocTrim(100_000)).toBeGreaterThan(300_000);
    expect(heap.stats().keepcost).toBeGreaterThanOrEqual(100_000);
    expect(heap.mallocTrim()).toBeGreaterThan(90_000);
    expect(heap.footprintBytes).toBeLessThan(10_000);
    expect(heap.peakBytes).toBe(peakBytes);
    expect(heap.malloc(1000)).not.toBe(0);
    expect(heap.check()).toEqual([]);
  });
});

describe.each(policies)("Damage to a heap with the policy %s", (policy) => {
  it("property: an overflow into the next header is found by check() at its address", () => {
    if (policy === "buddy" || policy === "byte-map") return; // no headers between blocks
    const heap = makeHeap(policy);
    const blocks = Array.from({ length: 12 }, (_, i) => heap.malloc(40 + 30 * i));
    const words = heap.memory.u32;
    fc.assert(
      fc.property(fc.nat(11), fc.nat(1), fc.integer({ min: 16, max: 0xffff_ffff }), (index, field, flip) => {
        const word = blocks[index]! / 4 - 2 + field;
        const sound = words[word]!;
        words[word] = sound ^ (flip & ~15);
        const violations = heap.check();
        words[word] = sound;
        expect(violations[0]?.address).toBe(blocks[index]! - 8);
      }),
    );
    expect(heap.check()).toEqual([]);
  });

  it("property: whatever is written over, operations end, in an error of ours or not at all", () => {
    fc.assert(
      fc.property(
        programs(30, 600),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 0xffff_ffff })), {
          minLength: 1,
          maxLength: 6,
        }),
        (steps, writes) => {
          const heap = makeHeap(policy, 256 * 1024);
          runProgram(heap, steps, 1000);
          const blocks = [...heap.blocks()];
          const words = heap.memory.u32;
          const first = heap.stateAddress / 4 + 8;
          for (const [at, value] of writes) words[first + (at % (words.length - first))] = value;
          const attempts = [
            () => heap.check(),
            () => heap.inspect(),
            ...blocks.map(
              ({ address }) =>
                () =>
                  heap.free(address),
            ),
            ...[10, 100, 1000, 30_000].map((size) => () => heap.malloc(size)),
            () => heap.mallocTrim(),
          ];
          for (const attempt of attempts) {
            try {
              attempt();
            } catch (error) {
              expect(error).toBeInstanceOf(MemoryError);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("ends in DamagedMemoryError when freed memory was written to", () => {
    if (policy !== "default") return;
    const heap = makeHeap(policy);
    const [a, b] = [heap.malloc(100), heap.malloc(100)];
    heap.free(a);
    heap.free(b);
    heap.u32(b, 1)[0] = 0x1234;
    heap.malloc(100);
    expect(() => heap.malloc(100)).toThrow(DamagedMemoryError);
  });
});
