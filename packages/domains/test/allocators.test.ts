// Getting, wrapping, replacing and putting back the allocators of the domains, by C's rules.
import { spawnSync } from "node:child_process";
import { blockAddress, ilp32, profileFor, rawAddress } from "@obmalloc/abi";
import {
  bindCApi,
  countingAllocator,
  createDomains,
  type DomainName,
  type Domains,
  domainNames,
  loggingAllocator,
  logText,
  type PyMemAllocatorEx,
} from "@obmalloc/domains";
import { pythons } from "@obmalloc/test-support";
import { describe, expect, it, vi } from "vitest";
import { makeBump } from "./bump-allocator.ts";

vi.setConfig({ testTimeout: 60_000 }); // live tests on a busy machine

const MIB = 1024 * 1024;
const make = (): Domains => createDomains({ maxBytes: 64 * MIB });

/** Logs the calls of one domain. */
function logged(memory: Domains, domain: "raw" | "mem" | "obj"): string[] {
  const calls: string[] = [];
  memory.wrap(domain, (inner) => loggingAllocator(inner, (call) => calls.push(logText(call))));
  return calls;
}

describe("the allocators of the domains", () => {
  it("are malloc and pymalloc, and one pymalloc serves both mem and obj", () => {
    const memory = make();
    expect(memory.getAllocator("raw").name).toBe("malloc");
    expect(memory.getAllocator("mem").name).toBe("pymalloc");
    const p = memory.mem.malloc(32);
    memory.obj.free(p); // as in C: same functions, same state
    expect(memory.obj.malloc(32)).toBe(p);
    expect(memory.allocatorName).toBe("pymalloc");
  });

  it("can be got, set and put back, and are the same five pointers then", () => {
    const memory = make();
    const original = memory.getAllocator("mem");
    const counting = countingAllocator(original);
    memory.setAllocator("mem", counting);
    memory.mem.free(memory.mem.malloc(10));
    expect(memory.allocatorName).toBe(null);
    memory.setAllocator("mem", original);
    memory.mem.free(memory.mem.malloc(10));
    expect(counting.counts).toMatchObject({ malloc: 1, free: 1, requestedBytes: 10 });
    expect(memory.getAllocator("mem")).toBe(original);
    expect(memory.allocatorName).toBe("pymalloc");
  });

  it("are copied when they are set, as C copies the struct", () => {
    const memory = make();
    const mine = { ...memory.getAllocator("mem") } as {
      -readonly [K in keyof PyMemAllocatorEx]: PyMemAllocatorEx[K];
    };
    memory.setAllocator("mem", mine);
    mine.malloc = () => 0;
    expect(memory.mem.malloc(10)).not.toBe(0);
    expect(Object.isFrozen(memory.getAllocator("mem"))).toBe(true);
  });

  it("stack: the one that was set last is called first", () => {
    const memory = make();
    const order: string[] = [];
    const around = (name: string) => (inner: PyMemAllocatorEx) =>
      loggingAllocator(inner, ({ call }) => order.push(`${name} ${call}`));
    const unwrapOne = memory.wrap("obj", around("one"));
    const unwrapTwo = memory.wrap("obj", around("two"));
    memory.obj.free(memory.obj.malloc(8));
    expect(order).toEqual(["one malloc", "two malloc", "one free", "two free"]); // each tells after its inner one
    expect(unwrapOne).toThrow(/take that away first/);
    unwrapTwo();
    unwrapOne();
    expect(memory.allocatorName).toBe("pymalloc");
  });

  it("may call into another domain", () => {
    const memory = make();
    const { PyMem_RawMalloc, PyMem_RawFree } = bindCApi(memory);
    const rawCalls = logged(memory, "raw");
    memory.wrap("mem", (inner) => ({
      ...inner,
      malloc: (_, size) => PyMem_RawMalloc(size),
      free: (_, p) => PyMem_RawFree(p),
    }));
    memory.mem.free(memory.mem.malloc(20));
    expect(rawCalls).toHaveLength(2);
    expect(memory.check()).toEqual([]);
  });

  it("see what pymalloc passes on to the raw domain, each request once in each domain", () => {
    const memory = make();
    const raw = logged(memory, "raw");
    const obj = logged(memory, "obj");
    const large = memory.obj.malloc(1000);
    memory.obj.realloc(large, 2000);
    memory.obj.free(memory.obj.malloc(0));
    expect(raw.map((line) => line.replace(/0x[0-9a-f]+/g, "p"))).toEqual([
      "malloc(1000) -> p",
      "realloc(p, 2000) -> p",
      "malloc(0) -> p",
      "free(p)",
    ]);
    expect(obj).toHaveLength(4);
  });

  it("are not asked for what C refuses: sizes above PY_SSIZE_T_MAX", () => {
    for (const profile of [profileFor("3.13"), profileFor("3.13", ilp32)]) {
      const memory = createDomains({ profile, maxBytes: 64 * MIB });
      const limit = profile.model.ssizeLimit;
      for (const domain of domainNames) {
        const calls = logged(memory, domain);
        const { c } = memory[domain];
        const p = c.malloc(1) as never;
        const refused = [
          c.malloc(limit),
          c.malloc(-1),
          c.malloc(Number.NaN),
          c.malloc(1.5),
          c.calloc(limit / 2, 2),
          c.calloc(2, limit / 2),
          c.realloc(p, limit),
          c.realloc(p, -1),
        ];
        expect(refused).toEqual(refused.map(() => 0));
        expect(calls).toHaveLength(1);
        c.calloc(limit * 1.5, 0); // any number of nothing is no more than the limit
        expect(calls).toHaveLength(2);
      }
    }
  });

  it("serve a size of 0 with an address of its own", () => {
    const memory = make();
    for (const domain of domainNames) {
      const { c } = memory[domain];
      const blocks = [c.malloc(0), c.calloc(0, 8), c.calloc(8, 0), c.realloc(0 as never, 0)];
      expect(new Set(blocks).size).toBe(4);
      expect(blocks).not.toContain(0);
      expect(c.realloc(blocks[0] as never, 0)).not.toBe(0);
    }
  });

  it("are those of three domains", () => {
    const memory = make();
    const nowhere = "world" as DomainName;
    expect(() => memory.getAllocator(nowhere)).toThrow(
      "There is no domain world. The domains are raw, mem, obj.",
    );
    expect(() => memory.setAllocator(nowhere, memory.getAllocator("raw"))).toThrow(RangeError);
  });

  it("refuse what is no allocator", () => {
    const memory = make();
    const half = { ctx: null, malloc: () => 0 } as unknown as PyMemAllocatorEx;
    for (const none of [half, null as unknown as PyMemAllocatorEx]) {
      expect(() => memory.setAllocator("mem", none)).toThrow("needs malloc, calloc, realloc and free");
    }
    expect(memory.allocatorName).toBe("pymalloc");
  });

  it("may change while blocks of the old one live, and check() says whose they are", () => {
    const memory = make();
    const original = memory.getAllocator("mem");
    const bump = makeBump(memory);
    const old = memory.mem.malloc(100);
    memory.setAllocator("mem", bump.allocator);
    const theirs = memory.mem.malloc(40);
    memory.mem.malloc(8);
    expect(memory.check()).toEqual([]);
    memory.setAllocator("mem", original);
    expect(memory.owners().filter(({ allocator }) => allocator === "bump")).toEqual([
      { allocator: "bump", domain: "mem", blocks: 2, sizeBytes: 48, isSet: false },
    ]);
    expect(memory.check().map(({ rule, address }) => [rule, address])).toEqual([
      ["owner-not-set", theirs],
      ["owner-not-set", theirs + 48],
    ]);
    expect(() => memory.mem.free(theirs)).toThrow(/belongs to bump, which is not set any more/);
    memory.mem.free(old);
    memory.setAllocator("mem", bump.allocator);
    memory.mem.free(theirs);
    memory.mem.free(blockAddress(theirs + 48));
    memory.setAllocator("mem", original);
    expect(memory.check()).toEqual([]);
    expect(memory.mem.malloc(8)).not.toBe(0);
  });

  it("leave blocks that a wrapper passed on to the engines to these", () => {
    const memory = make();
    const unwrap = memory.wrap("mem", countingAllocator);
    const p = memory.mem.malloc(30);
    const large = memory.mem.malloc(3000);
    unwrap();
    expect(memory.owners().map(({ allocator }) => allocator)).toEqual(["pymalloc", "malloc"]);
    memory.mem.free(p);
    memory.mem.free(large);
    expect(memory.check()).toEqual([]);
    expect(memory.getAllocatedBlocks()).toBe(0);
  });

  it("get their arenas from an arena allocator that can be replaced", () => {
    const memory = make();
    const inner = memory.getArenaAllocator();
    const seen: string[] = [];
    memory.setArenaAllocator({
      ctx: "mine",
      alloc: (ctx, size) => {
        seen.push(`${ctx} alloc ${size}`);
        return inner.alloc(inner.ctx, size);
      },
      free: (ctx, address, size) => {
        seen.push(`${ctx} free ${size}`);
        inner.free(inner.ctx, address, size);
      },
    });
    const blocks = Array.from({ length: 5000 }, () => memory.obj.malloc(512));
    for (const block of blocks) memory.obj.free(block);
    expect(seen).toEqual([
      ...["mine alloc 1048576", "mine alloc 1048576", "mine alloc 1048576"],
      ...["mine free 1048576", "mine free 1048576"],
    ]);
    memory.setArenaAllocator(inner);
    expect(memory.getArenaAllocator()).toBe(inner);
    expect(memory.check()).toEqual([]);
  });

  it("are plain data to look at", () => {
    const memory = createDomains({ environment: { PYTHONMALLOC: "debug" }, maxBytes: 64 * MIB });
    memory.wrap("mem", countingAllocator);
    const { allocators, allocatorName, version } = memory.inspect();
    expect({ allocators, allocatorName, version }).toEqual({
      version: "3.13",
      allocatorName: null,
      allocators: {
        raw: ["debug hooks around malloc", "malloc"],
        mem: ["counting around debug hooks around pymalloc"],
        obj: ["debug hooks around pymalloc", "pymalloc"],
      },
    });
  });
});

/** Logs what arrives at a hook in a real interpreter, for the calls of `hookCalls`. */
const HOOK_SCRIPT = `
import ctypes, json
api = ctypes.pythonapi
V, S = ctypes.c_void_p, ctypes.c_size_t
M, C, R, F = (ctypes.CFUNCTYPE(V, V, S), ctypes.CFUNCTYPE(V, V, S, S), ctypes.CFUNCTYPE(V, V, V, S), ctypes.CFUNCTYPE(None, V, V))
class Ex(ctypes.Structure):
    _fields_ = [("ctx", V), ("malloc", M), ("calloc", C), ("realloc", R), ("free", F)]
log = []
def hook(name, result=0x1000):
    def call(ctx, *args):
        log.append([name, [0 if a is None else a for a in args]])
        return result
    return call
mine = Ex(None, M(hook("malloc")), C(hook("calloc")), R(hook("realloc")), F(hook("free", None)))
old = Ex()
for n, a in (("Malloc", [S]), ("Calloc", [S, S]), ("Realloc", [V, S]), ("Free", [V])):
    f = getattr(api, "PyMem_Raw" + n)
    f.argtypes, f.restype = a, (None if n == "Free" else V)
MAX = 2**63 - 1
api.PyMem_GetAllocator(0, ctypes.byref(old))
api.PyMem_SetAllocator(0, ctypes.byref(mine))
r = [api.PyMem_RawMalloc(0), api.PyMem_RawMalloc(MAX), api.PyMem_RawMalloc(MAX + 1), api.PyMem_RawCalloc(0, 5), api.PyMem_RawCalloc(5, 0),
     api.PyMem_RawCalloc(2, MAX // 2 + 1), api.PyMem_RawRealloc(0x2000, 0), api.PyMem_RawRealloc(0, 7), api.PyMem_RawFree(0)]
api.PyMem_SetAllocator(0, ctypes.byref(old))
print(json.dumps([r, [c for c in log if c[1] != [0] or c[0] != "free" or True]]))
`;

describe.skipIf(pythons().length === 0)("what arrives at a hook, live", () => {
  it.each(pythons())("is the same as in $version", ({ path }) => {
    const { stdout, stderr } = spawnSync(path, ["-S", "-c", HOOK_SCRIPT], { encoding: "utf8" });
    expect(stderr).toBe("");
    const [theirResults, theirLog] = JSON.parse(stdout) as [(number | null)[], [string, number[]][]];
    const log: [string, number[]][] = [];
    const memory = make();
    const note =
      (name: string, result: number) =>
      (_: unknown, ...args: number[]) => {
        log.push([name, args]);
        return result;
      };
    memory.setAllocator("raw", {
      ctx: null,
      malloc: note("malloc", 0x1000),
      calloc: note("calloc", 0x1000),
      realloc: note("realloc", 0x1000),
      free: note("free", 0),
    });
    const { c } = memory.raw;
    const MAX = 2 ** 63 - 1024; // the largest size below the limit that a double holds
    const results = [
      c.malloc(0),
      c.malloc(MAX),
      c.malloc(2 ** 63),
      c.calloc(0, 5),
      c.calloc(5, 0),
      c.calloc(2, 2 ** 62),
      c.realloc(rawAddress(0x2000), 0),
      c.realloc(rawAddress(0), 7),
    ];
    c.free(rawAddress(0));
    // Threads of the interpreter may come between with calls of their own; ours are in order.
    const wanted = log.map(([name, args]) =>
      JSON.stringify([name, args.map((n) => (n === MAX ? "max" : n))]),
    );
    const theirs = theirLog.map(([name, args]) =>
      JSON.stringify([name, args.map((n) => (n > 2 ** 62 ? "max" : n))]),
    );
    expect(theirs.filter((line) => wanted.includes(line))).toEqual(wanted);
    expect([...results, null].map((p) => p ?? null)).toEqual(
      theirResults.map((p, i) => (i === 8 ? null : (p ?? 0))),
    );
  });
});
