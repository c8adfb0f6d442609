import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LinearMemory, type PolicyName, RawHeap } from "../src/index.ts";
import { longProgram, programs, runProgram } from "./heap-model.ts";

const MIB = 1024 * 1024;
const growing: PolicyName[] = ["default", "first-fit", "next-fit", "best-fit", "buddy", "bump"];
const all: PolicyName[] = [...growing, "byte-map"];

const makeHeap = (policy: PolicyName, fixedBytes?: number) =>
  RawHeap.create(new LinearMemory({ maxBytes: 4 * MIB }), {
    policy,
    ...(fixedBytes === undefined ? {} : { fixedBytes }),
  });

describe.each(all)("The policy %s", (policy) => {
  const fixedBytes = policy === "byte-map" ? 60_000 : undefined;

  it("property: blocks never overlap, keep their bytes and are listed; check() is clean after each step", () => {
    fc.assert(
      fc.property(programs(80, 6000), (steps) => {
        runProgram(makeHeap(policy, fixedBytes), steps);
      }),
      { numRuns: 60 },
    );
  });

  it("property: the same with large blocks, up to the end of the memory", () => {
    fc.assert(
      fc.property(programs(60, 1.5 * MIB), (steps) => {
        runProgram(makeHeap(policy, fixedBytes), steps);
      }),
      { numRuns: 15 },
    );
  });

  it("property: the same in a heap of fixed size", () => {
    fc.assert(
      fc.property(programs(80, 900), fc.integer({ min: 64, max: 9000 }), (steps, bytes) => {
        const heap = makeHeap(policy, bytes);
        const { footprintBytes } = heap;
        runProgram(heap, steps);
        expect(heap.footprintBytes).toBe(footprintBytes);
      }),
      { numRuns: 60 },
    );
  });

  // HEAP_STEPS=10000000 makes it a long run.
  it("goes on like that for long", { timeout: 3_600_000 }, () => {
    const steps = Number(process.env.HEAP_STEPS ?? 20_000);
    const seed = Number(process.env.HEAP_SEED ?? 1);
    const oracle = runProgram(makeHeap(policy, fixedBytes), longProgram(seed, steps, 20_000), 1000);
    expect(oracle.blocks.size).toBeGreaterThan(0);
  });

  it("gives everything back that it was given, so that the largest block fits again", () => {
    const heap = makeHeap(policy, 9000);
    const largest = heap.inspect().stats.largestFree;
    const blocks = Array.from({ length: 20 }, (_, i) => heap.malloc(30 + 7 * i)).filter((p) => p !== 0);
    expect(blocks.length).toBeGreaterThan(10);
    for (const p of blocks.toReversed()) heap.free(p);
    heap.mallocTrim();
    expect(heap.inspect().stats).toMatchObject({ liveBlocks: 0, largestFree: largest, fragmentation: 0 });
  });
});
