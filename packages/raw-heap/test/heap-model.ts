// Random programs for heaps, run against the oracle.

import { NULL } from "@obmalloc/abi";
import fc from "fast-check";
import { expect } from "vitest";
import type { RawHeap } from "../src/index.ts";
import { HeapOracle } from "./heap-oracle.ts";

export type Step =
  | { readonly do: "malloc"; readonly sizeBytes: number }
  | { readonly do: "calloc"; readonly sizeBytes: number }
  | { readonly do: "realloc"; readonly pick: number; readonly sizeBytes: number }
  | { readonly do: "free"; readonly pick: number }
  | { readonly do: "alignedAlloc"; readonly shift: number; readonly sizeBytes: number }
  | { readonly do: "freeMost"; readonly keepEach: number }
  | { readonly do: "trim" };

const size = (largest: number) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 128 }) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 1100 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: largest }) },
  );

/** Programs of up to `steps` steps with blocks of up to `largest` bytes. */
export function programs(steps: number, largest: number): fc.Arbitrary<Step[]> {
  const sizeBytes = size(largest);
  const pick = fc.nat();
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 24, arbitrary: fc.record({ do: fc.constant("malloc" as const), sizeBytes }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant("calloc" as const), sizeBytes }) },
    { weight: 15, arbitrary: fc.record({ do: fc.constant("realloc" as const), pick, sizeBytes }) },
    { weight: 20, arbitrary: fc.record({ do: fc.constant("free" as const), pick }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("alignedAlloc" as const),
        shift: fc.integer({ min: 0, max: 13 }),
        sizeBytes,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("freeMost" as const),
        keepEach: fc.integer({ min: 2, max: 9 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("trim" as const) }) },
  );
  return fc.array(step, { maxLength: steps });
}

/** A program of any length from a seed: it grows to about 2,000 blocks, loses most of them now and then, and grows again. */
export function* longProgram(seed: number, steps: number, largest: number): Generator<Step> {
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Knuth's linear congruence; its high bits are good
    return Math.floor((state / 2 ** 32) * below);
  };
  const sizeBytes = () => random([128, 1100, largest][Math.floor(random(100) / 45)]!);
  for (let i = 0; i < steps; i++) {
    const kind = random(1000);
    if (kind < 480) yield { do: "malloc", sizeBytes: sizeBytes() };
    else if (kind < 520) yield { do: "calloc", sizeBytes: sizeBytes() };
    else if (kind < 700) yield { do: "realloc", pick: random(2 ** 30), sizeBytes: sizeBytes() };
    else if (kind < 990) yield { do: "free", pick: random(2 ** 30) };
    else if (kind < 998) yield { do: "alignedAlloc", shift: random(14), sizeBytes: sizeBytes() };
    else if (kind < 999) yield { do: "freeMost", keepEach: 2 + random(8) };
    else yield { do: "trim" };
  }
}

/** Runs a program on a new heap; `check()` has to be clean after every `checkEach`th step and at the end. */
export function runProgram(heap: RawHeap, steps: Iterable<Step>, checkEach: number = 1): HeapOracle {
  const oracle = new HeapOracle(heap.memory);
  const run = new ProgramRun(heap, oracle);
  let index = 0;
  for (const step of steps) {
    run.step(step);
    if (index++ % checkEach === 0) expect(heap.check()).toEqual([]);
  }
  oracle.verify();
  expect(heap.check()).toEqual([]);
  expectSameBlocks(heap, oracle);
  return oracle;
}

/** The heap lists the blocks that the oracle knows, by address. */
export function expectSameBlocks(heap: RawHeap, oracle: HeapOracle): void {
  const listed = [...heap.blocks()];
  expect(listed.map(({ address }) => address)).toEqual([...oracle.blocks.keys()].sort((a, b) => a - b));
  for (const { address, sizeBytes } of listed) {
    expect(heap.usableSize(address)).toBe(sizeBytes);
    expect(sizeBytes).toBeGreaterThanOrEqual(oracle.blocks.get(address)!.sizeBytes);
  }
}

class ProgramRun {
  private readonly heap: RawHeap;
  private readonly oracle: HeapOracle;
  private readonly addresses: number[] = [];

  constructor(heap: RawHeap, oracle: HeapOracle) {
    this.heap = heap;
    this.oracle = oracle;
  }

  step(step: Step): void {
    if (step.do === "malloc") this.allocate("malloc", step.sizeBytes);
    else if (step.do === "calloc") this.allocate("calloc", step.sizeBytes);
    else if (step.do === "alignedAlloc") this.align(2 ** step.shift, step.sizeBytes);
    else if (step.do === "trim") this.heap.mallocTrim();
    else if (step.do === "freeMost") this.freeMost(step.keepEach);
    else if (this.addresses.length === 0) this.heap.free(NULL);
    else if (step.do === "free") this.free(step.pick % this.addresses.length);
    else if (step.do === "realloc") this.realloc(step.pick % this.addresses.length, step.sizeBytes);
  }

  private allocate(kind: "malloc" | "calloc", sizeBytes: number): void {
    const { heap, oracle } = this;
    const p = kind === "malloc" ? heap.malloc(sizeBytes) : heap.calloc(sizeBytes, 1);
    if (p === 0) return;
    if (kind === "calloc") expect(heap.u8(p, sizeBytes).every((byte) => byte === 0)).toBe(true);
    expect(heap.usableSize(p)).toBeGreaterThanOrEqual(Math.max(sizeBytes, 1));
    oracle.acquire(p, sizeBytes);
    this.addresses.push(p);
  }

  private align(alignmentBytes: number, sizeBytes: number): void {
    const p = this.heap.alignedAlloc(alignmentBytes, sizeBytes);
    if (p === 0) return;
    expect(this.heap.usableSize(p)).toBeGreaterThanOrEqual(sizeBytes);
    this.oracle.acquire(p, sizeBytes, Math.max(16, alignmentBytes));
    this.addresses.push(p);
  }

  private realloc(index: number, sizeBytes: number): void {
    const p = this.addresses[index]! as never;
    const moved = this.heap.realloc(p, sizeBytes);
    if (moved === 0) return;
    this.oracle.move(p, moved, sizeBytes);
    this.addresses[index] = moved;
  }

  private free(index: number): void {
    const p = this.addresses[index]!;
    this.oracle.release(p);
    this.heap.free(p as never);
    this.addresses[index] = this.addresses.at(-1)!;
    this.addresses.pop();
  }

  private freeMost(keepEach: number): void {
    for (let index = this.addresses.length - 1; index >= 0; index--)
      if (index % keepEach !== 0) this.free(index);
  }
}
