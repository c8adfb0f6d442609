// Allocators that break the contract: the error names the domain and the call, and nothing has changed.
import { MemoryError } from "@obmalloc/abi";
import {
  BadAllocatorError,
  bindCApi,
  createDomains,
  type DomainName,
  type Domains,
  failingAllocator,
  failurePlan,
  limitingAllocator,
  NoMemoryError,
  type PyMemAllocatorEx,
} from "@obmalloc/domains";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const MIB = 1024 * 1024;
const make = (PYTHONMALLOC = ""): Domains =>
  createDomains({ maxBytes: 64 * MIB, environment: { PYTHONMALLOC } });

/** The allocator of a domain with some functions replaced. */
function patch(memory: Domains, domain: DomainName, patched: Partial<PyMemAllocatorEx>): () => void {
  return memory.wrap(domain, (inner) => ({ ...inner, name: "mine", ...patched }));
}

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Everything that a failed call must leave as it is. */
const stateOf = (memory: Domains) =>
  JSON.stringify([memory.pymalloc.inspect(), memory.owners(), memory.check()]);

describe("an allocator that breaks its contract", () => {
  it("throws: the error names the domain, the call, the allocator and the cause", () => {
    const memory = make();
    const p = memory.mem.malloc(24);
    const cause = new Error("no more");
    const unwrap = patch(memory, "mem", {
      malloc: () => {
        throw cause;
      },
      calloc: () => {
        throw cause;
      },
      realloc: () => {
        throw cause;
      },
      free: () => {
        throw cause;
      },
    });
    const before = stateOf(memory);
    const errors = [
      errorOf(() => memory.mem.malloc(7)),
      errorOf(() => memory.mem.calloc(2, 3)),
      errorOf(() => memory.mem.realloc(p, 99)),
      errorOf(() => memory.mem.free(p)),
    ] as BadAllocatorError[];
    expect(errors.map(({ domain, call, fault }) => [domain, call, fault])).toEqual([
      ["mem", "malloc", "threw"],
      ["mem", "calloc", "threw"],
      ["mem", "realloc", "threw"],
      ["mem", "free", "threw"],
    ]);
    expect(errors[0]!.message).toBe("mem.malloc(7): it threw: no more\n  Its allocator is mine.");
    expect(errors.every((error) => error.cause === cause && error instanceof MemoryError)).toBe(true);
    expect(stateOf(memory)).toBe(before);
    unwrap();
    memory.mem.free(p);
    expect(memory.getAllocatedBlocks()).toBe(0);
  });

  it("returns NULL: C's calls do too, TypeScript's throw MemoryError", () => {
    const memory = make();
    const p = memory.obj.malloc(24);
    const unwrap = patch(memory, "obj", { malloc: () => 0, calloc: () => 0, realloc: () => 0 });
    const { PyObject_Malloc, PyObject_Calloc, PyObject_Realloc } = bindCApi(memory);
    expect([PyObject_Malloc(1), PyObject_Calloc(1, 1), PyObject_Realloc(p, 99)]).toEqual([0, 0, 0]);
    const error = errorOf(() => memory.obj.realloc(p, 99)) as NoMemoryError;
    expect(error).toBeInstanceOf(NoMemoryError);
    expect(error).toMatchObject({
      name: "MemoryError",
      domain: "obj",
      call: "realloc",
      sizeBytes: 99,
      address: p,
    });
    expect(error.message).toContain(`obj.realloc(0x${p.toString(16)}, 99): no memory`);
    unwrap();
    expect(memory.obj.realloc(p, 99)).not.toBe(0);
  });

  it.each([
    ["misaligned", 0x10008],
    ["misaligned", 0x10001],
    ["foreign", 2 ** 32],
    ["foreign", 2 ** 31],
    ["not-an-address", -16],
    ["not-an-address", 16.5],
    ["not-an-address", Number.NaN],
    ["not-an-address", undefined as unknown as number],
  ] as const)("returns an address that is %s: %s", (fault, address) => {
    const memory = make();
    const p = memory.mem.malloc(24);
    const unwrap = patch(memory, "mem", {
      malloc: () => address,
      calloc: () => address,
      realloc: () => address,
    });
    const before = stateOf(memory);
    for (const [call, action] of [
      ["malloc", () => memory.mem.malloc(5)],
      ["calloc", () => memory.mem.calloc(5, 5)],
      ["realloc", () => memory.mem.realloc(p, 50)],
    ] as const) {
      expect(errorOf(action)).toMatchObject({ name: "BadAllocatorError", domain: "mem", call, fault });
    }
    expect(stateOf(memory)).toBe(before);
    unwrap();
    expect(memory.check()).toEqual([]);
  });

  it("calls its own domain again and again: the error comes before the stack is full", () => {
    const memory = make();
    patch(memory, "mem", { malloc: (_, size) => memory.mem.malloc(size) });
    expect(errorOf(() => memory.mem.malloc(5))).toMatchObject({
      domain: "mem",
      call: "malloc",
      fault: "re-entered",
    });
    const other = make();
    patch(other, "mem", { malloc: (_, size) => other.obj.malloc(size) });
    patch(other, "obj", { malloc: (_, size) => other.mem.malloc(size) });
    expect(errorOf(() => other.mem.malloc(5))).toMatchObject({ fault: "re-entered" });
    expect(other.raw.malloc(5)).not.toBe(0);
  });

  it("may call its own domain when it knows what it does, as in C", () => {
    const memory = make();
    const notes: number[] = [];
    let isInside = false;
    const unwrap = memory.wrap("mem", (inner) => ({
      ...inner,
      malloc(ctx, size) {
        if (!isInside) {
          isInside = true;
          notes.push(memory.mem.malloc(16));
          isInside = false;
        }
        return inner.malloc(ctx, size);
      },
    }));
    memory.mem.malloc(5);
    memory.mem.malloc(6);
    expect(new Set(notes).size).toBe(2);
    unwrap();
    expect(memory.getAllocatedBlocks()).toBe(4);
  });

  it("underneath the debug hooks: a block that could not be resized or freed is as it was", () => {
    const memory = make();
    const fails = { now: false };
    memory.wrap("mem", (inner) => ({
      ...inner,
      realloc(ctx, p, size) {
        if (fails.now) throw new Error("no");
        return inner.realloc(ctx, p, size);
      },
      free(ctx, p) {
        if (fails.now) throw new Error("no");
        inner.free(ctx, p);
      },
    }));
    memory.setupDebugHooks();
    for (const sizeBytes of [10, 128, 129, 400, 1000]) {
      const p = memory.mem.malloc(sizeBytes);
      memory.linear.u8.fill(0x41, p, p + sizeBytes);
      fails.now = true;
      expect(errorOf(() => memory.mem.realloc(p, 2 * sizeBytes))).toMatchObject({
        call: "realloc",
        fault: "threw",
      });
      expect(memory.linear.u8.subarray(p, p + sizeBytes).every((byte) => byte === 0x41)).toBe(true);
      expect(errorOf(() => memory.mem.free(p))).toMatchObject({ call: "free", fault: "threw" });
      fails.now = false;
      expect(memory.check()).toEqual([]);
      memory.mem.free(p);
    }
  });

  it("underneath tracemalloc: what was not freed is still traced, what was not made is not", () => {
    const memory = make();
    const fails = { now: false };
    memory.wrap("mem", (inner) => ({
      ...inner,
      malloc(ctx, size) {
        if (fails.now) throw new Error("no");
        return inner.malloc(ctx, size);
      },
      free(ctx, p) {
        if (fails.now) throw new Error("no");
        inner.free(ctx, p);
      },
    }));
    memory.tracemalloc.start();
    const p = memory.mem.malloc(100);
    fails.now = true;
    expect(errorOf(() => memory.mem.free(p))).toBeInstanceOf(BadAllocatorError);
    expect(errorOf(() => memory.mem.malloc(50))).toBeInstanceOf(BadAllocatorError);
    expect(memory.tracemalloc.getTracedMemory()).toEqual({ current: 100, peak: 100 });
  });

  it("is the arena allocator: the error says so, and pymalloc goes on without the arena", () => {
    const memory = make();
    const inner = memory.getArenaAllocator();
    for (const [fault, base] of [
      ["misaligned", 0x10001],
      ["foreign", 2 ** 32 - 4096],
      ["not-an-address", -4096],
    ] as const) {
      memory.setArenaAllocator({ ...inner, alloc: () => base });
      expect(errorOf(() => memory.mem.malloc(8))).toMatchObject({ domain: "arena", call: "alloc", fault });
    }
    memory.setArenaAllocator({
      ...inner,
      alloc: () => {
        throw new Error("no arenas today");
      },
    });
    expect(errorOf(() => memory.mem.malloc(8))).toMatchObject({ domain: "arena", fault: "threw" });
    memory.setArenaAllocator({ ...inner, alloc: () => 0 });
    const p = memory.mem.malloc(8); // as in C: the raw domain stands in
    memory.mem.free(p);
    memory.setArenaAllocator(inner);
    expect(memory.check()).toEqual([]);
    expect(memory.getAllocatedBlocks()).toBe(0);
  });

  it("property: whichever call fails, the heaps stay whole", () => {
    const step = fc.record({
      domain: fc.constantFrom("raw", "mem", "obj") as fc.Arbitrary<DomainName>,
      call: fc.constantFrom("malloc", "calloc", "realloc", "free"),
      size: fc.integer({ min: 0, max: 1200 }),
      pick: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.nat(60), fc.boolean(), (steps, start, debug) => {
        const memory = make(debug ? "debug" : "");
        const plan = failurePlan(start, start + 20);
        for (const domain of ["raw", "mem", "obj"] as const) {
          memory.wrap(domain, (inner) => failingAllocator(inner, plan));
        }
        const live: [DomainName, number][] = [];
        for (const { domain, call, size, pick } of steps) {
          const index = live.length === 0 ? -1 : pick % live.length;
          if (call === "malloc" || call === "calloc") {
            const { c } = memory[domain];
            const p = call === "malloc" ? c.malloc(size) : c.calloc(size, 1);
            if (p !== 0) live.push([domain, p]);
          } else if (index >= 0) {
            const [owner, p] = live[index]!;
            const { c } = memory[owner];
            if (call === "free") {
              c.free(p as never);
              live.splice(index, 1);
            } else {
              const moved = c.realloc(p as never, size);
              if (moved !== 0) live[index] = [owner, moved];
            }
          }
        }
        expect(new Set(live.map(([, p]) => p)).size).toBe(live.length);
        expect(memory.check()).toEqual([]);
        for (const [owner, p] of live) memory[owner].c.free(p as never);
        expect(memory.getAllocatedBlocks()).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});

describe("bad sizes and addresses", () => {
  it("are a RangeError for TypeScript that names the domain, the call and the limit", () => {
    const memory = make();
    expect(() => memory.raw.malloc(-1)).toThrow(
      new RangeError("raw.malloc: a size is a whole number from 0 to 2^63 - 1, not -1."),
    );
    expect(() => memory.mem.calloc(2 ** 62, 2)).toThrow(RangeError);
    expect(() => memory.obj.realloc(memory.obj.malloc(1), Number.NaN)).toThrow(RangeError);
  });

  it("no room is MemoryError", () => {
    const memory = createDomains({ maxBytes: 4 * MIB });
    expect(() => memory.raw.malloc(8 * MIB)).toThrow(NoMemoryError);
    expect(memory.check()).toEqual([]);
  });

  it("a budget is MemoryError too, and what is freed can be had again", () => {
    const memory = make();
    const limiting = limitingAllocator(memory.getAllocator("mem"), 1000);
    memory.setAllocator("mem", limiting);
    const p = memory.mem.malloc(600);
    expect(errorOf(() => memory.mem.malloc(401))).toMatchObject({
      name: "MemoryError",
      domain: "mem",
      sizeBytes: 401,
    });
    const q = memory.mem.realloc(p, 1000);
    expect(errorOf(() => memory.mem.realloc(q, 1001))).toBeInstanceOf(NoMemoryError);
    expect(errorOf(() => memory.mem.calloc(1, 1))).toBeInstanceOf(NoMemoryError);
    expect(limiting.budget).toMatchObject({ usedBytes: 1000, refusals: 3 });
    memory.mem.free(q);
    expect(limiting.budget.usedBytes).toBe(0);
    expect(memory.mem.malloc(1000)).not.toBe(0);
  });
});
