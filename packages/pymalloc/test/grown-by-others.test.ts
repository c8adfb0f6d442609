// Memory that somebody else grows between any two calls: a WebAssembly module, a Worker, the owner of an array buffer.

import { blockAddress, profileFor } from "@obmalloc/abi";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import { LinearMemory } from "@obmalloc/raw-heap";
import { describe, expect, it } from "vitest";
import { BlockOracle } from "./block-oracle.ts";
import { MIB } from "./machine.ts";

const UNIT_BYTES = 64 * 1024;
const MAX_BYTES = 96 * MIB;

/** Calls of every kind on `pymalloc`, with `disturb` before each. */
function exercise(pymalloc: PyMalloc, oracle: BlockOracle, disturb: (n: number) => void): void {
  let random = 5;
  const below = (n: number) => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return Math.floor((random / 2 ** 32) * n);
  };
  for (let n = 0; n < 6000; n++) {
    const { live } = oracle;
    const choice = below(10);
    const sizeBytes = 1 + below(700);
    const old = live.length === 0 ? 0 : live[below(live.length)]!;
    disturb(n);
    if (choice < 4 || old === 0) {
      oracle.acquire(pymalloc.malloc(sizeBytes), sizeBytes);
    } else if (choice === 4) {
      const block = pymalloc.calloc(1, sizeBytes);
      oracle.expectZero(block, sizeBytes);
      oracle.acquire(block, sizeBytes);
    } else if (choice < 7) {
      oracle.move(old, pymalloc.realloc(blockAddress(old), sizeBytes), sizeBytes);
    } else {
      oracle.release(old);
      disturb(n);
      pymalloc.free(blockAddress(old));
    }
  }
}

describe.each([
  { backing: "wasm", shared: false },
  { backing: "wasm", shared: true },
  { backing: "array", shared: false },
  { backing: "array", shared: true },
] as const)("a memory that others grow ($backing, shared: $shared)", (options) => {
  it("loses no block, whichever call comes next", { timeout: 60_000 }, () => {
    const others = new LinearMemory({ ...options, maxBytes: MAX_BYTES });
    const memory = new LinearMemory({ source: others.source, maxBytes: MAX_BYTES });
    const pymalloc = createPyMalloc({ memory, profile: profileFor("3.8"), history: true });
    const oracle = new BlockOracle(others);
    const grow = () => {
      others.refresh();
      expect(others.ensure(others.byteLength + UNIT_BYTES)).toBe(true);
    };
    exercise(pymalloc, oracle, (n) => n % 100 < 2 && grow());
    expect(pymalloc.check()).toEqual([]);
    for (const block of oracle.live) pymalloc.free(blockAddress(block));
    grow();
    expect(pymalloc.arenaCount).toBe(0);
    grow();
    expect(pymalloc.callCount).toBe(6000 + oracle.live.length);
    grow();
    expect(pymalloc.getAllocatedBlocks()).toBe(0);
  });
});
