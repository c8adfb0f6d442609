// Domains that real Workers share: with a GIL, and without one.

import { profileFor } from "@obmalloc/abi";
import { createSharedDomains, type DomainName, domainNames, type ThreadsMode } from "@obmalloc/domains";
import { afterEach, describe, expect, it } from "vitest";
import { drain } from "./exchange.ts";
import { type HeapMessage, type HeapTask, HeapWorker } from "./heap-task.ts";

const OPERATIONS = Number(process.env.OBMALLOC_GIL_OPERATIONS ?? 1_000_000);
const WORKERS = 4;
const SLOTS = 4000;
const MAX_BYTES = 512 * 1024 * 1024;
const TIMEOUT_MS = 240_000;

const workers: HeapWorker[] = [];
function start(task: HeapTask): HeapWorker {
  const one = new HeapWorker(task);
  workers.push(one);
  return one;
}
afterEach(async () => {
  await Promise.all(workers.splice(0).map(({ worker }) => worker.terminate()));
});

/** The end of a Worker's work; what it threw is thrown here. */
async function end(worker: HeapWorker): Promise<Extract<HeapMessage, { kind: "done" }>> {
  const failed = worker.hears("threw").then(({ name, message }) => {
    throw new Error(`${name}: ${message}`);
  });
  return Promise.race([worker.hears("done"), failed]);
}

interface Case {
  readonly threads: ThreadsMode;
  readonly domains: readonly DomainName[];
  readonly PYTHONMALLOC?: string;
  readonly version?: string;
  /** Of {@link OPERATIONS}. @defaultValue 1 */
  readonly share?: number;
}

const cases: readonly Case[] = [
  { threads: "gil", domains: domainNames },
  { threads: "gil", domains: domainNames, PYTHONMALLOC: "debug", version: "3.7", share: 0.2 },
  { threads: "gil", domains: ["raw"], share: 0.2 },
  { threads: "own-heaps", domains: domainNames },
  { threads: "own-heaps", domains: domainNames, PYTHONMALLOC: "debug", share: 0.2 },
  { threads: "own-heaps", domains: ["obj"], version: "3.9", share: 0.2 },
];

describe("four Workers that free each other's blocks", () => {
  it.each(cases)(
    "lose nothing and get nothing twice: %j",
    { timeout: TIMEOUT_MS },
    async ({ threads, domains, PYTHONMALLOC, version = "3.13", share = 1 }) => {
      const { memory, handle } = createSharedDomains({
        threads,
        profile: profileFor(version),
        maxBytes: MAX_BYTES,
        environment: { PYTHONMALLOC },
      });
      const before = memory.owners().map(({ blocks }) => blocks);
      if (threads === "gil") memory.gil.release();
      const table = new SharedArrayBuffer(4 * SLOTS);
      const meeting = new SharedArrayBuffer(4);
      new Int32Array(meeting)[0] = WORKERS;
      const operations = share * OPERATIONS;
      const four = Array.from({ length: WORKERS }, (_, index) =>
        start({
          handle,
          name: `worker ${index + 1}`,
          task: { kind: "exchange", table, meeting, domains, operations, seed: 7 * index + 1 },
        }),
      );
      const results = await Promise.all(four.map(end));
      for (const result of results) expect(result.operations).toBeGreaterThanOrEqual(operations);
      const sum = (field: "foreign" | "moved") => results.reduce((total, result) => total + result[field], 0);
      expect(sum("foreign")).toBeGreaterThan(0);
      expect(sum("moved")).toBeGreaterThan(0);
      if (threads === "gil") memory.gil.acquire();
      expect(memory.check()).toEqual([]);
      drain(memory, table, domains);
      expect(memory.getAllocatedBlocks()).toBe(0);
      expect(memory.check()).toEqual([]);
      if (threads === "gil") expect(memory.owners()[0]!.blocks).toBe(before[0]);
      const { owner, waiting, threads: attached } = memory.gil.inspect();
      expect({ waiting, attached: attached.length }).toEqual({ waiting: 0, attached: 1 });
      expect(owner).toBe(threads === "gil" ? memory.gil.threadId : 0);
    },
  );
});

describe("a Worker without the GIL", () => {
  it("may call the raw domain; mem and obj with debug hooks end in CPython's words", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { handle } = createSharedDomains({
      threads: "gil",
      maxBytes: MAX_BYTES,
      environment: { PYTHONMALLOC: "debug" },
    });
    const told = (domain: DomainName) =>
      start({ handle, name: domain, task: { kind: "without-gil", domain } });
    await end(told("raw"));
    for (const domain of ["mem", "obj"] as const) {
      const { name, text } = await told(domain).hears("threw");
      expect(name).toBe("FatalMemoryError");
      expect(text).toContain("_PyMem_DebugMalloc: Python memory allocator called without holding the GIL\n");
      expect(text).toContain("Current thread 0x00000000000000");
    }
  });

  it("is all right where nobody needs one", { timeout: TIMEOUT_MS }, async () => {
    const { handle } = createSharedDomains({
      threads: "own-heaps",
      maxBytes: MAX_BYTES,
      environment: { PYTHONMALLOC: "debug" },
    });
    for (const domain of domainNames)
      await end(start({ handle, name: domain, task: { kind: "without-gil", domain } }));
  });
});

describe("a Worker that is terminated in the middle of a call", () => {
  it("is reported by its name to those who wait; recover() lets them go on", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { memory, handle } = createSharedDomains({ threads: "gil", maxBytes: MAX_BYTES });
    memory.gil.release();
    const victim = start({ handle, name: "the victim", task: { kind: "die-inside" } });
    await victim.hears("inside");
    await victim.worker.terminate();
    const { name, threadName, message } = await start({
      handle,
      name: "waiter",
      task: { kind: "allocate" },
    }).hears("threw");
    expect({ name, threadName }).toEqual({ name: "GilLostError", threadName: "the victim" });
    expect(message).toContain('The GIL is lost: the thread "the victim" (2)');
    expect(memory.gil.recover()).toBe(true);
    await end(start({ handle, name: "another", task: { kind: "allocate" } }));
    memory.gil.acquire();
    expect(memory.check()).toEqual([]);
  });
});
