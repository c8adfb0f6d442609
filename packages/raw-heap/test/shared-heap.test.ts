// One heap and several owners: real Workers, and several on one thread.

import { NotABlockError, type RawAddress } from "@obmalloc/abi";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  DetachedHeapError,
  LinearMemory,
  LockTimeoutError,
  PageMapper,
  RawHeap,
  SharedHeap,
} from "../src/index.ts";
import { programs, runProgram } from "./heap-model.ts";
import { runAll, said, startWorker } from "./shared/task.ts";

const MIB = 1024 * 1024;

function makeShared(options: { maxBytes?: number; lockTimeoutMs?: number } = {}) {
  const { maxBytes = 512 * MIB, lockTimeoutMs } = options;
  const memory = new LinearMemory({ shared: true, maxBytes });
  const heap = RawHeap.create(memory, { name: "main", lockTimeoutMs });
  expect(heap).toBeInstanceOf(SharedHeap);
  const slots = new Int32Array(new SharedArrayBuffer(4 * 4000));
  return { memory, heap: heap as SharedHeap, source: memory.source, slots };
}

/** Frees what the Workers left in the table, and returns how many blocks that were. */
function freeAll(heap: SharedHeap, slots: Int32Array): number {
  const left = [...slots].filter((p) => p !== 0);
  for (const p of left) heap.free((p >>> 0) as RawAddress);
  slots.fill(0);
  return left.length;
}

/** A Worker that is terminated when it has said what it does. */
async function startAndTerminate(
  { source, slots }: ReturnType<typeof makeShared>,
  work: { kind: "keep"; blocks: number } | { kind: "hold" } | { kind: "break" },
  name: string,
  says: string,
): Promise<void> {
  const worker = startWorker({ ...work, source, table: slots.buffer as SharedArrayBuffer, name });
  expect(await said(worker)).toBe(says);
  await worker.terminate();
}

describe("Workers with one heap", () => {
  it.each([2, 4])(
    "%i of them lose no block and share none, a million operations each",
    async (count) => {
      const { heap, source, slots } = makeShared();
      const tasks = Array.from({ length: count }, (_, i) => ({
        kind: "churn" as const,
        source,
        table: slots.buffer as SharedArrayBuffer,
        name: `w${i}`,
        operations: 1_000_000,
        seed: 1000 * count + i,
      }));
      expect(await runAll(tasks)).toEqual(tasks.map(() => "done"));
      expect(heap.check()).toEqual([]);
      expect(heap.attached().map(({ name }) => name)).toEqual(["main"]);
      const live = slots.filter((p) => p !== 0).length;
      expect(live).toBeGreaterThan(slots.length / 2);
      expect(heap.stats().liveBlocks).toBe(live);
      expect(freeAll(heap, slots)).toBe(live);
      expect(heap.stats()).toMatchObject({ liveBlocks: 0, liveBytes: 0 });
      expect(heap.check()).toEqual([]);
    },
    300_000,
  );

  it("see what the others have grown", async () => {
    const { heap, memory, source, slots } = makeShared();
    const table = slots.buffer as SharedArrayBuffer;
    const before = memory.u8.length;
    await runAll([{ kind: "churn", source, table, name: "w", operations: 20_000, seed: 7 }]);
    const far = [...slots].map((p) => p >>> 0).filter((p) => p >= before) as RawAddress[];
    expect(far.length).toBeGreaterThan(0);
    for (const p of far) expect(heap.u32(p, 1)[0]).toBeLessThanOrEqual(heap.usableSize(p));
    freeAll(heap, slots);
    expect(heap.stats().liveBlocks).toBe(0);
  }, 60_000);

  it("can be terminated: what one kept is reclaimed by its name", async () => {
    const shared = makeShared();
    const { heap } = shared;
    await startAndTerminate(shared, { kind: "keep", blocks: 5 }, "keeper", "kept");
    const keeper = heap.attached().find(({ name }) => name === "keeper");
    expect(keeper).toMatchObject({ holdsLock: false });
    expect(keeper!.keptBlocks).toBeGreaterThanOrEqual(5);
    expect(heap.stats().smblks).toBe(keeper!.keptBlocks);
    heap.reclaim("keeper");
    expect(heap.stats()).toMatchObject({ smblks: 0, liveBlocks: 0 });
    expect(heap.attached().map(({ name }) => name)).toEqual(["main"]);
    expect(heap.check()).toEqual([]);
  }, 60_000);

  it("can be terminated with the lock: the others say who holds it, and take it over", async () => {
    const shared = makeShared({ lockTimeoutMs: 100 });
    const { heap } = shared;
    await startAndTerminate(shared, { kind: "hold" }, "holder", "holding");
    expect(() => heap.malloc(5000)).toThrow(LockTimeoutError);
    expect(() => heap.check()).toThrow(/"holder" holds it/);
    expect(heap.attached()).toContainEqual({ name: "holder", holdsLock: true, keptBlocks: 0 });
    heap.reclaim("holder");
    const p = heap.malloc(5000);
    heap.free(p);
    expect(heap.check()).toEqual([]);
    expect(heap.stats().liveBlocks).toBe(0);
  }, 60_000);

  it("cannot be reclaimed when one was terminated amid a change: the damage is named", async () => {
    const shared = makeShared({ lockTimeoutMs: 100 });
    const { heap } = shared;
    await startAndTerminate(shared, { kind: "break" }, "breaker", "holding");
    expect(() => heap.reclaim("breaker")).toThrow(/reclaim: the bytes at 0x[0-9a-f]+ are damaged/);
    expect(heap.check()).not.toEqual([]);
  }, 60_000);
});

describe("Owners on one thread", () => {
  it("property: one of them is a heap like any other", () => {
    fc.assert(
      fc.property(programs(120, 6000), (steps) => {
        runProgram(makeShared({ maxBytes: 16 * MIB }).heap, steps);
      }),
      { numRuns: 40 },
    );
  });

  it("property: two of them free each other's blocks", () => {
    const call = fc.record({
      owner: fc.nat({ max: 1 }),
      free: fc.boolean(),
      pick: fc.nat(),
      size: fc.nat(3000),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 300 }), (calls) => {
        const { heap, memory } = makeShared({ maxBytes: 16 * MIB });
        const owners = [heap, RawHeap.attach(memory, { name: "second" })];
        const live = new Map<RawAddress, number>();
        for (const { owner, free, pick, size } of calls) {
          const who = owners[owner]!;
          if (free && live.size > 0) {
            const p = [...live.keys()][pick % live.size]!;
            expect(who.u8(p, live.get(p)!).every((byte) => byte === (p >>> 4) % 251)).toBe(true);
            live.delete(p);
            who.free(p);
            expect(() => who.free(p)).toThrow(NotABlockError);
          } else {
            const p = who.malloc(size);
            expect(live.has(p)).toBe(false);
            live.set(p, size);
            who.u8(p, size).fill((p >>> 4) % 251);
          }
          expect(heap.check()).toEqual([]);
        }
        expect([...heap.blocks()].map(({ address }) => address)).toEqual(
          [...live.keys()].sort((a, b) => a - b),
        );
      }),
      { numRuns: 40 },
    );
  });

  it("have names of their own", () => {
    const { heap, memory } = makeShared();
    expect(() => RawHeap.attach(memory, { name: "main" })).toThrow(/has an owner "main" already/);
    const others = [RawHeap.attach(memory), RawHeap.attach(memory)] as SharedHeap[];
    expect(others.map(({ name }) => name)).toEqual(["owner 2", "owner 3"]);
    others[0]!.detach();
    expect((RawHeap.attach(memory) as SharedHeap).name).toBe("owner 2");
    expect(
      heap
        .attached()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["main", "owner 2", "owner 3"]);
    expect(() => heap.reclaim("main")).toThrow(RangeError);
    expect(() => heap.reclaim("nobody")).toThrow(/no other owner "nobody"/);
  });

  it("can do nothing more when they are detached, and leave nothing behind", () => {
    const { heap, memory } = makeShared();
    const second = RawHeap.attach(memory, { name: "second" }) as SharedHeap;
    const p = second.malloc(100);
    second.detach();
    second.detach();
    const calls = [
      () => second.malloc(10),
      () => second.malloc(100_000),
      () => second.calloc(1, 10),
      () => second.realloc(p, 3000),
      () => second.free(p),
      () => second.alignedAlloc(64, 10),
      () => second.usableSize(p),
      () => second.mallocTrim(),
      () => second.check(),
      () => second.stats(),
      () => [...second.blocks()],
    ];
    for (const call of calls) expect(call).toThrow(DetachedHeapError);
    heap.free(p);
    expect(heap.check()).toEqual([]);
    expect(heap.stats().liveBlocks).toBe(0);
  });

  it("go on in a copy of the bytes", () => {
    const { heap, memory } = makeShared();
    const p = heap.malloc(100);
    const copy = RawHeap.attach(LinearMemory.from(memory.u8), { name: "copy" }) as SharedHeap;
    copy.free(p);
    expect(copy.stats().liveBlocks).toBe(0);
    copy.reclaim("main");
    expect(copy.check()).toEqual([]);
    expect(heap.stats().liveBlocks).toBe(1);
  });
});

describe("The lock", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("is let go after an error inside it", () => {
    const { heap, memory } = makeShared({ lockTimeoutMs: 0 });
    const second = RawHeap.attach(memory, { lockTimeoutMs: 0 });
    expect(() => heap.free(12_345 as RawAddress)).toThrow(NotABlockError);
    expect(() =>
      heap.locked(() => {
        throw new Error("mine");
      }),
    ).toThrow("mine");
    second.free(second.malloc(5000));
  });

  it("waits where the host does not allow a thread to sleep", () => {
    const { heap, memory } = makeShared();
    const second = RawHeap.attach(memory, { lockTimeoutMs: 30 }) as SharedHeap;
    const wait = vi.spyOn(Atomics, "wait").mockImplementation(() => {
      throw new TypeError("Atomics.wait cannot be called in this context");
    });
    heap.locked(() => expect(() => second.malloc(5000)).toThrow(LockTimeoutError));
    expect(wait).toHaveBeenCalled();
    second.free(second.malloc(5000));
  });

  it("holds for the pages too", () => {
    const { heap, memory } = makeShared();
    const mapper = PageMapper.attach(memory);
    const page = heap.locked(() => mapper.mmap(4096));
    const p = heap.malloc(8_000_000);
    heap.locked(() => mapper.munmap(page, 4096));
    heap.free(p);
    expect([...heap.check(), ...mapper.check()]).toEqual([]);
  });

  it("is no option of other policies, unless they are to have none", () => {
    const memory = new LinearMemory({ shared: true });
    expect(() => RawHeap.create(memory, { policy: "buddy" })).toThrow(/policy buddy has no lock/);
    const heap = RawHeap.create(memory, { policy: "buddy", locked: false });
    expect(heap).not.toBeInstanceOf(SharedHeap);
    expect(RawHeap.attach(memory)).not.toBeInstanceOf(SharedHeap);
    expect(() => RawHeap.create(new LinearMemory({ shared: true }), { lockTimeoutMs: -1 })).toThrow(
      RangeError,
    );
  });
});
