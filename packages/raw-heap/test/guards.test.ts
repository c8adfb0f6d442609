import { MemoryError, NotABlockError, rawAddress } from "@obmalloc/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callersIn } from "../src/guards/call-stack.ts";
import {
  CanaryError,
  DoubleFreeError,
  type GuardOptions,
  guardHeap,
  LeakError,
  LinearMemory,
  type PolicyName,
  RawHeap,
  UseAfterFreeError,
} from "../src/index.ts";
import { programs, runProgram } from "./heap-model.ts";

const MIB = 1024 * 1024;
const policies: PolicyName[] = ["default", "first-fit", "next-fit", "best-fit", "buddy", "bump", "byte-map"];

const makeHeap = (options: GuardOptions = {}, policy: PolicyName = "default", fixedBytes?: number) =>
  guardHeap(
    RawHeap.create(new LinearMemory({ maxBytes: 4 * MIB }), {
      policy,
      ...(fixedBytes === undefined ? {} : { fixedBytes }),
    }),
    options,
  );

/** What `act` throws. */
function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return expect.fail("nothing was thrown");
}

describe.each(policies)("Guards over the policy %s", (policy) => {
  const options = fc.record({
    canaryBytes: fc.constantFrom(16, 48),
    quarantineBytes: fc.constantFrom(0, 2000, 10 * MIB),
    stackFrames: fc.constant(0),
  });

  it("property: it is a heap as any other, full or not, and never finds anything in a program without faults", () => {
    fc.assert(
      fc.property(
        programs(60, 6000),
        options,
        fc.option(fc.integer({ min: 200, max: 20_000 })),
        (steps, guards, bytes) => {
          const fixedBytes = bytes ?? (policy === "byte-map" ? 60_000 : undefined);
          const heap = makeHeap(guards, policy, fixedBytes);
          const oracle = runProgram(heap, steps);
          expect(heap.report().quarantine.bytes).toBeLessThanOrEqual(guards.quarantineBytes);
          for (const address of oracle.blocks.keys()) {
            oracle.release(address);
            heap.free(rawAddress(address));
          }
          heap.assertBalanced();
          heap.releaseQuarantine();
          expect([...heap.inner.blocks()]).toEqual([]);
          expect(heap.check()).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("property: any one byte that is changed around a live block or in a freed one is found, at its address", () => {
    const write = fc.record({
      index: fc.nat(9),
      isFreed: fc.boolean(),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      flip: fc.integer({ min: 1, max: 255 }),
    });
    const heap = makeHeap({}, policy, policy === "byte-map" ? 60_000 : undefined);
    const sizes = Array.from({ length: 10 }, (_, i) => 1 + 13 * i);
    const live = sizes.map((size) => heap.malloc(size));
    const freed = sizes.map((size) => heap.malloc(size));
    for (const p of freed) heap.free(p);
    const { u8 } = heap.memory;
    fc.assert(
      fc.property(write, ({ index, isFreed, at, flip }) => {
        const size = sizes[index]!;
        const around = Math.floor(at * 32); // both canaries
        const offset = isFreed
          ? Math.floor(at * (size + 32)) - 16
          : around < 16
            ? around - 16
            : size + around - 16;
        const p = (isFreed ? freed : live)[index]!;
        u8[p + offset]! ^= flip;
        const violations = heap.check();
        const error = thrownBy(() => heap.assertBalanced());
        const inTheWay = isFreed ? undefined : thrownBy(() => heap.free(p));
        u8[p + offset]! ^= flip;
        const rule = isFreed ? "freed-block-unwritten" : offset < 0 ? "canary-in-front" : "canary-behind";
        expect(violations).toMatchObject([{ rule, address: p + offset }]);
        expect(error).toBeInstanceOf(isFreed ? UseAfterFreeError : CanaryError);
        expect(error).toMatchObject({ address: p + offset, block: { address: p, sizeBytes: size } });
        if (!isFreed) expect(inTheWay).toMatchObject({ name: "CanaryError", address: p + offset });
      }),
    );
    expect(heap.check()).toEqual([]);
  });
});

describe("Guards", () => {
  it("tell a double free, with both calls, from free and from realloc", () => {
    const heap = makeHeap();
    const p = heap.malloc(40);
    heap.free(p);
    const error = thrownBy(() => heap.free(p)) as DoubleFreeError;
    expect(error).toBeInstanceOf(DoubleFreeError);
    expect(error).toBeInstanceOf(NotABlockError);
    expect(error).toMatchObject({ address: p, block: { sizeBytes: 40, serial: 1 } });
    expect(error.block.allocatedBy[0]).toMatch(/guards\.test\.ts/);
    expect(error.block.freedBy?.[0]).toMatch(/guards\.test\.ts/);
    expect(() => heap.realloc(p, 10)).toThrow(DoubleFreeError);
    expect(() => heap.usableSize(p)).toThrow(DoubleFreeError);
  });

  it("refuse what is no block, and say where it lies", () => {
    const heap = makeHeap();
    const p = heap.malloc(40);
    const gone = heap.malloc(50);
    heap.free(gone);
    for (const [address, words] of [
      [p + 8, /8 bytes from the start of a block that is live[\s\S]*40 bytes at 0x/],
      [p - 16, /-16 bytes from the start of a block that is live/],
      [gone + 4, /4 bytes from the start of a block that was freed[\s\S]*and freed by/],
      [12, /no chunk/],
      [-1, /no address/],
      [Number.NaN, /no address/],
      [3.5, /no address/],
      [2 ** 33, /no chunk/],
    ] as const) {
      const error = thrownBy(() => heap.free(rawAddress(address)));
      expect(error).toBeInstanceOf(NotABlockError);
      expect(error).not.toBeInstanceOf(DoubleFreeError);
      expect((error as Error).message).toMatch(words);
    }
    const ofInner = heap.inner.malloc(10);
    expect(() => heap.free(ofInner)).toThrow(/live block/);
    heap.free(rawAddress(0));
    expect(heap.usableSize(p)).toBe(40);
  });

  it("find a write to a freed block when it leaves the quarantine; that free has done its work", () => {
    const heap = makeHeap({ quarantineBytes: 300 });
    const [stale, other] = [heap.malloc(100), heap.malloc(200)];
    heap.free(stale);
    heap.u8(stale, 100)[7] = 1;
    const error = thrownBy(() => heap.free(other));
    expect(error).toBeInstanceOf(UseAfterFreeError);
    expect(error).toMatchObject({ address: stale + 7, block: { address: stale } });
    expect(heap.leaks()).toEqual([]);
    expect(heap.report().damage).toMatchObject([{ rule: "freed-block-unwritten", address: stale + 7 }]);
    expect(() => heap.assertBalanced()).toThrow(UseAfterFreeError);
    heap.free(heap.malloc(10)); // each finding is thrown once by free
  });

  it("keep a realloc's new block when the old quarantine shows damage; the next free throws it", () => {
    const heap = makeHeap({ quarantineBytes: 300 });
    const [stale, other] = [heap.malloc(100), heap.malloc(200)];
    heap.free(stale);
    heap.u8(stale, 1)[0] = 1;
    const moved = heap.realloc(other, 250);
    expect(heap.usableSize(moved)).toBe(250);
    expect(() => heap.realloc(other, 1)).toThrow(DoubleFreeError);
    expect(() => heap.free(moved)).toThrow(UseAfterFreeError);
    expect(heap.leaks()).toEqual([]);
  });

  it("fill new and freed blocks, and clear those of calloc to the byte", () => {
    const heap = makeHeap();
    const p = heap.malloc(37);
    expect(new Set(heap.u8(p, 37))).toEqual(new Set([0xcd]));
    heap.free(p);
    expect(new Set(heap.u8(p, 37))).toEqual(new Set([0xdd]));
    for (const size of [1, 37, 301])
      expect(heap.u8(heap.calloc(size, 1), size).every((b) => b === 0)).toBe(true);
    heap.allocate(5, { zeroed: true, alignmentBytes: 4096 });
    expect(heap.check()).toEqual([]);
  });

  it("do not give a freed block's bytes out while they are in quarantine, and then do", () => {
    const heap = makeHeap({ quarantineBytes: 1000 });
    const first = heap.malloc(100);
    heap.free(first);
    const seen = new Set<number>();
    for (let i = 0; i < 6; i++) {
      const p = heap.malloc(100);
      seen.add(p);
      heap.free(p);
    }
    expect(seen.has(first)).toBe(false);
    expect(heap.report().quarantine).toEqual({ blocks: 7, bytes: 7 * 132, limitBytes: 1000 });
    for (let i = 0; i < 3; i++) heap.free(heap.malloc(100));
    expect(heap.malloc(100)).toBeLessThanOrEqual(Math.max(...seen));
    expect(heap.stats()).toMatchObject({ liveBlocks: 1, liveBytes: 100 });
  });

  it("give up the quarantine before they say that there is no room", () => {
    const heap = makeHeap({}, "default", 4000);
    const p = heap.malloc(3000);
    heap.free(p);
    const again = heap.malloc(3000);
    expect(again).not.toBe(0);
    expect(heap.malloc(3000)).toBe(0);
    expect(heap.usableSize(heap.realloc(again, 3300))).toBe(3300);
    expect(heap.check()).toEqual([]);
  });

  it("report leaks with the stack of each allocation, as an error, as JSON and as text", () => {
    const heap = makeHeap();
    const leaky = (size: number) => heap.malloc(size);
    const blocks = [leaky(10), leaky(10), heap.calloc(7, 3), heap.allocate(5)];
    const error = thrownBy(() => heap.assertBalanced()) as LeakError;
    expect(error).toBeInstanceOf(LeakError);
    expect(error.message).toMatch(/^4 blocks of 46 bytes were never freed\./);
    expect(error.blocks.map(({ address, sizeBytes }) => [address, sizeBytes])).toEqual(
      blocks.map((p, i) => [p, [10, 10, 21, 5][i]]),
    );
    for (const { allocatedBy } of error.blocks) expect(allocatedBy[0]).toMatch(/guards\.test\.ts/);
    expect(error.blocks[0]!.allocatedBy[0]).toMatch(/^leaky /);
    const report = heap.report();
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report).toMatchObject({ allocations: 4, liveBlocks: 4, liveBytes: 46, damage: [] });
    expect(heap.reportText()).toMatch(/^4 allocations, 4 blocks live \(46 bytes\), 0 in quarantine/);
    expect(heap.reportText()).toMatch(/21 bytes in 1 block allocated by\n {2}.*guards\.test\.ts/);
    for (const p of blocks) heap.free(p);
    heap.assertBalanced();
  });

  it("find an overflow that went through the canary into the heap's own bytes, and end in errors", () => {
    const heap = makeHeap();
    const [p, behind] = [heap.malloc(24), heap.malloc(24)];
    heap.u8(p, 120).fill(0x41);
    const rules = heap.check().map(({ rule }) => rule);
    expect(rules).toContain("canary-behind");
    expect(rules).toContain("canary-in-front");
    expect(rules.length).toBeGreaterThan(2);
    for (const q of [p, behind]) expect(() => heap.free(q)).toThrow(MemoryError);
  });

  it("take no stacks when told so, and refuse options that cannot be", () => {
    const heap = makeHeap({ stackFrames: 0 });
    heap.malloc(1);
    expect(heap.leaks()).toMatchObject([{ allocatedBy: [] }]);
    expect(heap.reportText()).toContain("(no stack was taken)");
    for (const options of [
      { canaryBytes: 8 },
      { canaryBytes: 0 },
      { quarantineBytes: -1 },
      { stackFrames: Number.NaN },
    ])
      expect(() => makeHeap(options)).toThrow(RangeError);
  });

  it("leave the heap's own calls out of stacks, as V8 and as other engines write them", () => {
    const ours = [
      "at callStack (raw.js:1:1)",
      "at GuardedHeap.malloc (raw.js:2:1)",
      "at GuardedHeap.allocate (raw.js:3:1)",
    ];
    expect(callersIn(["Error", ...ours, "at malloc (mine.js:1:2)"].join("\n    "))).toEqual([
      "malloc (mine.js:1:2)",
    ]);
    const theirs =
      "callStack@raw.js:1:1\nalignedAlloc@raw.js:2:1\nmalloc@raw.js:3:1\nmain@mine.js:1:2\n@mine.js:5:1";
    expect(callersIn(theirs)).toEqual(["main@mine.js:1:2", "@mine.js:5:1"]);
    expect(callersIn("")).toEqual([]);
  });

  it("have C's rules for sizes", () => {
    const heap = makeHeap();
    for (const size of [-1, 1.5, Number.NaN, 2 ** 63, 2 ** 62]) {
      expect(heap.malloc(size)).toBe(0);
      expect(heap.calloc(size, 2)).toBe(0);
    }
    expect(heap.alignedAlloc(3, 10)).toBe(0);
    expect(heap.usableSize(heap.malloc(0))).toBe(1);
    const p = heap.malloc(10);
    expect(heap.realloc(p, -1)).toBe(0);
    expect(heap.usableSize(p)).toBe(10);
  });
});
