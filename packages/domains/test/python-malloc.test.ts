// PYTHONMALLOC, PYTHONMALLOCSTATS, PYTHONTRACEMALLOC and -X, against the installed interpreters.
import { spawnSync } from "node:child_process";
import { profileFor } from "@obmalloc/abi";
import { createDomains, type Environment, FatalStartError, type XOptions } from "@obmalloc/domains";
import { pythons } from "@obmalloc/test-support";
import { describe, expect, it, vi } from "vitest";

vi.setConfig({ testTimeout: 60_000 }); // live tests on a busy machine

const MIB = 1024 * 1024;
const names = ["", "default", "malloc", "malloc_debug", "pymalloc", "pymalloc_debug", "debug"];

function start(version: string, environment: Environment, xOptions: XOptions = {}) {
  return createDomains({ profile: profileFor(version), maxBytes: 64 * MIB, environment, xOptions });
}

function textOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof FatalStartError) return error.text;
    throw error;
  }
  return "";
}

/** What an interpreter says its allocator is, or how it dies. */
const NAME_SCRIPT = `
try:
    from _testinternalcapi import pymem_getallocatorsname as name
except ImportError:
    from _testcapi import pymem_getallocatorsname as name
print(name())
`;

describe("PYTHONMALLOC", () => {
  it.each([
    ["", "pymalloc", "malloc", "pymalloc"],
    ["malloc_debug", "malloc_debug", "debug hooks around malloc", "debug hooks around malloc"],
    ["debug", "pymalloc_debug", "debug hooks around malloc", "debug hooks around pymalloc"],
  ])("%j: %s", (PYTHONMALLOC, name, raw, mem) => {
    const memory = start("3.12", { PYTHONMALLOC });
    expect(memory.allocatorName).toBe(name);
    expect(memory.getAllocator("raw").name).toBe(raw);
    expect(memory.getAllocator("mem").name).toBe(mem);
  });

  it("names mimalloc where CPython has it, and says that this package has not", () => {
    expect(() => start("3.13", { PYTHONMALLOC: "mimalloc" })).toThrow(
      /CPython 3\.13 knows mimalloc; this package has no mimalloc/,
    );
    expect(() => start("3.12", { PYTHONMALLOC: "mimalloc" })).toThrow(/CPython 3\.12 knows: default, malloc/);
  });

  it("debug hooks are put around an allocator once", () => {
    const memory = start("3.13", { PYTHONMALLOC: "debug" });
    const before = memory.getAllocator("mem");
    memory.setupDebugHooks();
    expect(memory.getAllocator("mem")).toBe(before);
  });

  describe.skipIf(pythons().length === 0)("live", () => {
    it.each(pythons().filter(({ origin }) => origin === "pyenv"))("as $version", ({ path, version }) => {
      for (const PYTHONMALLOC of [...names, "foo", "Debug", "toString"]) {
        for (const dev of [false, true]) {
          const args = [...(dev ? ["-X", "dev"] : []), "-c", NAME_SCRIPT];
          const { stdout, stderr, status } = spawnSync(path, args, {
            env: { PYTHONMALLOC },
            encoding: "utf8",
          });
          let name: string | null = "";
          const text = textOf(() => {
            name = start(version, { PYTHONMALLOC }, { dev }).allocatorName;
          });
          expect({ PYTHONMALLOC, dev, name, text }).toEqual({
            PYTHONMALLOC,
            dev,
            name: status === 0 ? stdout.trim() : "",
            text: status === 0 ? "" : stderr,
          });
        }
      }
    });
  });
});

describe("PYTHONTRACEMALLOC and -X tracemalloc", () => {
  const SCRIPT = "import tracemalloc as t; print(t.get_traceback_limit() if t.is_tracing() else 0)";
  const values = [
    "",
    "0",
    "1",
    "10",
    "65535",
    "65536",
    "abc",
    "-1",
    "5x",
    " 7",
    "+3",
    "0x10",
    "2147483648",
    "1.5",
  ];

  it.each(pythons().filter(({ origin }) => origin === "pyenv"))("as $version", ({ path, version }) => {
    for (const value of values) {
      for (const option of value === "" ? [false] : [false, true]) {
        const args = [...(option ? ["-X", `tracemalloc=${value}`] : []), "-S", "-c", SCRIPT];
        const env = option ? {} : { PYTHONTRACEMALLOC: value };
        const { stdout, stderr, status } = spawnSync(path, args, { env, encoding: "utf8" });
        let frames = 0;
        const text = textOf(() => {
          const { tracemalloc } = option
            ? start(version, {}, { tracemalloc: value })
            : start(version, { PYTHONTRACEMALLOC: value });
          frames = tracemalloc.isTracing() ? tracemalloc.getTracebackLimit() : 0;
        });
        // Which thread it was is not compared.
        const theirs = status === 0 ? "" : stderr.split("Current thread")[0];
        expect({ value, option, frames, text }).toEqual({
          value,
          option,
          frames: status === 0 ? Number(stdout) : 0,
          text: theirs,
        });
      }
    }
  });

  it("without a number is one frame", () => {
    expect(start("3.13", {}, { tracemalloc: true }).tracemalloc.getTracebackLimit()).toBe(1);
    expect(
      start("3.13", { PYTHONTRACEMALLOC: "3" }, { tracemalloc: false }).tracemalloc.getTracebackLimit(),
    ).toBe(3);
  });
});

describe("PYTHONMALLOCSTATS", () => {
  it("prints pymalloc's report before each new arena, and at the end", () => {
    const written: string[] = [];
    const memory = createDomains({
      profile: profileFor("3.7"),
      maxBytes: 64 * MIB,
      environment: { PYTHONMALLOCSTATS: "1", PYTHONMALLOC: "debug" },
      stderr: (text) => written.push(text),
    });
    for (let i = 0; i < 1000; i++) memory.obj.malloc(400);
    memory.finalize();
    expect(written).toHaveLength(memory.pymalloc.arenasAllocatedTotal + 1);
    expect(written.map((text) => /# arenas allocated current +=\s+(\d+)/.exec(text)?.[1])).toEqual([
      "0",
      "1",
      "2",
    ]);
    expect(written[2]).toMatch(/# times object malloc called +=\s+1,001/); // 1,000 objects, and pymalloc's table of arenas
  });

  it("has nothing to say without pymalloc", () => {
    const memory = start("3.13", { PYTHONMALLOC: "malloc" });
    expect(memory.debugMallocStats()).toBe("");
    memory.mem.malloc(10);
    expect(memory.getAllocatedBlocks()).toBe(0);
  });
});
