// The wrappers that come with the package.
import {
  countingAllocator,
  createDomains,
  failingAllocator,
  failNthCall,
  failurePlan,
  type LoggedCall,
  latencyAllocator,
  loggingAllocator,
  logText,
} from "@obmalloc/domains";
import { describe, expect, it } from "vitest";

const make = () => createDomains({ maxBytes: 64 * 1024 * 1024 });

describe("the counting wrapper", () => {
  it("counts calls, failures and bytes", () => {
    const memory = make();
    const counting = countingAllocator(memory.getAllocator("obj"));
    memory.setAllocator("obj", counting);
    const p = memory.obj.malloc(10);
    memory.obj.free(memory.obj.realloc(p, 20));
    memory.obj.free(memory.obj.calloc(3, 4));
    memory.obj.c.malloc(2 ** 40);
    expect(counting.counts).toEqual({
      malloc: 2,
      calloc: 1,
      realloc: 1,
      free: 2,
      failures: 1,
      requestedBytes: 42,
    });
  });
});

describe("the logging wrapper", () => {
  it("tells each call in C's words", () => {
    const memory = make();
    const calls: LoggedCall[] = [];
    memory.wrap("mem", (inner) => loggingAllocator(inner, (call) => calls.push(call)));
    const p = memory.mem.malloc(10);
    const q = memory.mem.realloc(p, 1000);
    memory.mem.c.calloc(2, 2 ** 40);
    memory.mem.free(q);
    memory.mem.free(0 as never);
    const hex = (n: number) => `0x${n.toString(16)}`;
    expect(calls.map(logText)).toEqual([
      `malloc(10) -> ${hex(p)}`,
      `realloc(${hex(p)}, 1000) -> ${hex(q)}`,
      `calloc(2, ${2 ** 40}) -> NULL`,
      `free(${hex(q)})`,
      "free(NULL)",
    ]);
  });
});

describe("the failing wrapper", () => {
  it("fails on the n-th call, and on no other", () => {
    const memory = make();
    const plan = failNthCall(3);
    memory.wrap("mem", (inner) => failingAllocator(inner, plan));
    const results = Array.from({ length: 5 }, () => memory.mem.c.malloc(8) !== 0);
    expect(results).toEqual([true, true, false, true, true]);
    expect(plan.count).toBe(5);
  });

  it("shares one count between domains, from start on, as _testcapi.set_nomemory does", () => {
    const memory = make();
    const plan = failurePlan(2);
    const p = memory.mem.malloc(8);
    for (const domain of ["raw", "mem", "obj"] as const) {
      memory.wrap(domain, (inner) => failingAllocator(inner, plan));
    }
    expect(memory.obj.malloc(600)).not.toBe(0); // 1, and 2 for what pymalloc asks of the raw domain
    expect([memory.raw.c.malloc(8), memory.obj.c.calloc(8, 1), memory.mem.c.realloc(p, 700)]).toEqual([
      0, 0, 0,
    ]);
    memory.mem.free(p);
    expect(plan.count).toBe(5);
  });
});

describe("the latency wrapper", () => {
  it("times calls by the clock that it is given, and adds to them", () => {
    const memory = make();
    let time = 0;
    const tick = () => {
      time += 0.25;
      return time;
    };
    const plain = latencyAllocator(memory.getAllocator("mem"), { now: tick });
    memory.setAllocator("mem", plain);
    for (let i = 0; i < 4; i++) memory.mem.free(memory.mem.malloc(8));
    const { calls, totalMs, maxMs } = plain.latency.malloc;
    expect(calls).toBe(4);
    expect(totalMs).toBeGreaterThanOrEqual(4 * 0.25);
    expect(plain.latency.malloc.quantileMs(0.5)).toBeLessThanOrEqual(maxMs);
    expect(plain.latency.free.calls).toBe(4);
    expect(plain.latency.realloc.quantileMs(0.99)).toBe(0);

    const slow = latencyAllocator(memory.getAllocator("mem"), { now: tick, addedMs: 10 });
    memory.setAllocator("mem", slow);
    memory.mem.calloc(1, 1);
    expect(slow.latency.calloc.maxMs).toBeGreaterThanOrEqual(10);
    expect(slow.latency.calloc.quantileMs(1)).toBeGreaterThanOrEqual(10);
  });
});
