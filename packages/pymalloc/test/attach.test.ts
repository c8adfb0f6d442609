// Several owners of one allocator: in a Worker over shared memory, and in copies of the bytes.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import {
  type BlockAddress,
  MemoryError,
  profileFor,
  profiles,
  rawAddress,
  type Violation,
  withGeometry,
} from "@obmalloc/abi";
import { attachPyMalloc, createPyMalloc, mappedArenas, type PyMalloc } from "@obmalloc/pymalloc";
import { LinearMemory, PageMapper, RawHeap } from "@obmalloc/raw-heap";
import { describe, expect, it } from "vitest";
import { MIB } from "./machine.ts";
import { randomSequence } from "./random-sequence.ts";
import { takeTurn } from "./worker/take-turn.ts";
import type { SharedAllocator } from "./worker/turn.ts";

function makeIn(memory: LinearMemory, profile = profileFor("3.13")) {
  const mapper = PageMapper.create(memory);
  const raw = RawHeap.create(mapper, { model: profile.model, locked: false }); // they take turns
  return { raw, pymalloc: createPyMalloc({ memory, profile, raw, arenas: mappedArenas(mapper, 4096) }) };
}

/** A second owner of the allocator in a copy of its bytes. */
function copyOf(original: PyMalloc, options: { maxBytes?: number; shared?: boolean } = {}): PyMalloc {
  const memory = LinearMemory.from(original.memory.u8, options);
  const mapper = PageMapper.attach(memory);
  const raw = RawHeap.attach(mapper);
  return attachPyMalloc({ memory, raw, arenas: mappedArenas(mapper, 4096), address: original.address });
}

describe.each(["wasm", "array"] as const)("a Worker over shared memory (%s)", (backing) => {
  it("takes turns with the thread that made the allocator, as one owner would do it alone", {
    timeout: 60_000,
  }, async () => {
    const memory = new LinearMemory({ backing, shared: true, maxBytes: 256 * MIB });
    const { pymalloc } = makeIn(memory);
    const alone = makeIn(new LinearMemory({ maxBytes: 256 * MIB })).pymalloc;
    const workerData: SharedAllocator = {
      source: memory.source,
      address: pymalloc.address,
    };
    const execArgv = ["--conditions=@obmalloc/source", "--disable-warning=ExperimentalWarning"];
    const worker = new Worker(new URL("worker/turn.ts", import.meta.url), { workerData, execArgv });
    let live: BlockAddress[] = [];
    let expected: BlockAddress[] = [];
    for (let turn = 0; turn < 6; turn++) {
      const request = { seed: turn, operations: 20_000, live };
      expected = takeTurn(alone, { ...request, live: expected });
      if (turn % 2 === 0) {
        live = takeTurn(pymalloc, request);
      } else {
        worker.postMessage(request);
        const [answer] = (await once(worker, "message")) as [
          { live: BlockAddress[]; violations: Violation[]; version: string },
        ];
        expect(answer).toMatchObject({ violations: [], version: "3.13" });
        live = answer.live;
        memory.refresh();
      }
      expect(live).toEqual(expected);
      expect(pymalloc.check()).toEqual([]);
    }
    await worker.terminate();
    expect(pymalloc.arenaCount).toBeGreaterThan(5);
    for (const block of live) pymalloc.free(block);
    expect(pymalloc.getAllocatedBlocks()).toBe(0);
    expect(pymalloc.check()).toEqual([]);
  });
});

describe("two owners on one thread", () => {
  it.each(profiles)("see each other's arenas come and go ($version $model.name)", (profile) => {
    const { raw, pymalloc } = makeIn(new LinearMemory({ maxBytes: 128 * MIB }), profile);
    const { memory, address, arenaAllocator } = pymalloc;
    const other = attachPyMalloc({ memory, raw, arenas: arenaAllocator, address });
    let live: BlockAddress[] = [];
    for (let turn = 0; turn < 8; turn++) {
      const owner = turn % 2 === 0 ? pymalloc : other;
      live = randomSequence(owner, { seed: turn, operations: 8000, live });
      const outside = turn % 2 === 0 ? other : pymalloc;
      if (turn % 3 === 0) for (const block of live.splice(0, live.length - 10)) outside.free(block);
      expect(outside.check()).toEqual([]);
      expect(outside.inspect()).toEqual(owner.inspect());
    }
    expect(other.arenasAllocatedTotal).toBeGreaterThan(profile.pymalloc.arenaBytes === MIB ? 1 : 3);
  });
});

describe("a copy of the bytes", () => {
  it("keeps version, geometry and variations, and goes on as the original does", () => {
    const profile = withGeometry(profileFor("3.8"), { arenaBytes: 128 * 1024, smallRequestThreshold: 256 });
    const memory = new LinearMemory({ maxBytes: 64 * MIB });
    const mapper = PageMapper.create(memory);
    const raw = RawHeap.create(mapper);
    const variations = { keptEmptyArenas: 2, returnFreePools: true };
    const arenas = mappedArenas(mapper, 4096);
    const original = createPyMalloc({ memory, profile, raw, arenas, variations, history: true });
    const live = randomSequence(original, { seed: 9, operations: 20_000 });
    const copy = copyOf(original, { maxBytes: 64 * MIB });
    expect([copy.profile, copy.rules]).toEqual([profile, original.rules]);
    expect([copy.callCount, copy.history()]).toEqual([original.callCount, original.history()]);
    const options = { seed: 10, operations: 20_000, live };
    expect(randomSequence(copy, options)).toEqual(randomSequence(original, options));
    expect(Buffer.compare(copy.memory.u8, original.memory.u8)).toBe(0);
    expect(copy.check()).toEqual([]);
  });

  it("restores an earlier moment", () => {
    const { pymalloc } = makeIn(new LinearMemory({ maxBytes: 64 * MIB }));
    const live = randomSequence(pymalloc, { seed: 1, operations: 5000 });
    const snapshot = pymalloc.memory.u8.slice();
    const before = pymalloc.inspect();
    randomSequence(pymalloc, { seed: 2, operations: 5000, live });
    expect(pymalloc.inspect()).not.toEqual(before);
    pymalloc.memory.u8.fill(0, snapshot.length);
    pymalloc.memory.u8.set(snapshot);
    expect(pymalloc.inspect()).toEqual(before);
    expect(pymalloc.check()).toEqual([]);
  });

  it("can have more room than the original", () => {
    const { pymalloc } = makeIn(new LinearMemory({ maxBytes: 2 * MIB }));
    while (pymalloc.malloc(500) !== 0);
    const copy = copyOf(pymalloc, { maxBytes: 64 * MIB, shared: true });
    expect(copy.memory.maxBytes).toBe(64 * MIB);
    expect(copy.check()).toEqual([]);
  });
});

describe("attachPyMalloc", () => {
  it.each([
    ["a place with something else", 4096],
    ["an odd place", 4097],
    ["a place outside the memory", 2 ** 31],
  ])("refuses %s", (_, place) => {
    const { raw, pymalloc } = makeIn(new LinearMemory({ maxBytes: 8 * MIB }));
    const { memory, arenaAllocator: arenas } = pymalloc;
    const attach = () => attachPyMalloc({ memory, raw, arenas, address: rawAddress(place) });
    expect(attach).toThrow(MemoryError);
    expect(attach).toThrow(`There is no pymalloc at 0x${place.toString(16)}.`);
  });

  it("refuses a version that it does not know", () => {
    const { raw, pymalloc } = makeIn(new LinearMemory({ maxBytes: 8 * MIB }));
    const { memory, arenaAllocator: arenas, address } = pymalloc;
    memory.u32[address / 4 + 3] = 99;
    expect(pymalloc.check()).toMatchObject([{ rule: "control-block", address: address + 12 }]);
    expect(() => attachPyMalloc({ memory, raw, arenas, address })).toThrow("There is no pymalloc at");
  });
});
