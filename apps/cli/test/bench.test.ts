// The bench, small: that everybody takes part, does the whole stream, and keeps what is written to its blocks.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cc, pythons } from "@obmalloc/test-support";
import { beforeAll, describe, expect, it } from "vitest";
import { candidates } from "../src/bench/allocators/index.ts";
import { streamKinds } from "../src/bench/streams/index.ts";
import { workerHeaps } from "../src/bench/workers/heaps.ts";
import { workerStreams } from "../src/bench/workers/run.ts";
import { type Ended, newFolder, obmalloc } from "./harness.ts";
import { violations } from "./schema.ts";

const SMALL = ["--live", "400", "--operations", "3000", "--rounds", "2", "--seed", "5"];

interface BenchJson {
  readonly bases: readonly string[];
  readonly streams: readonly {
    readonly name: string;
    readonly allocators: readonly {
      readonly name: string;
      readonly operations: number;
      readonly liveBlocks: number;
      readonly nsPerCall: { readonly median: number };
      readonly ratios: readonly { readonly base: string; readonly median: number }[];
      readonly footprintBytesAtPeak: number;
      readonly footprintOverLiveAtEnd: number | null;
    }[];
    readonly controls: readonly { readonly name: string }[];
  }[];
  readonly workers: readonly {
    readonly name: string;
    readonly heaps: readonly {
      readonly name: string;
      readonly workers: number;
      readonly operationsPerSecond: { readonly median: number };
      readonly gain: number | null;
    }[];
  }[];
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

describe("obmalloc bench --json", () => {
  let ended: Ended;
  let result: BenchJson;
  beforeAll(async () => {
    ended = await obmalloc(["bench", ...SMALL, "--verify", "--json"]);
    result = JSON.parse(ended.stdout);
  }, 180_000);

  it("ends well, in the shape of its schema", () => {
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(violations("bench", result)).toEqual([]);
  });

  it("runs every stream with everybody who is not named as missing", () => {
    expect(result.streams.map(({ name }) => name)).toEqual(streamKinds.map(({ name }) => name));
    const missing = result.missing.map(({ name }) => name);
    const usual = candidates.filter(({ isOnRequest }) => !isOnRequest).map(({ name }) => name);
    const present = usual.filter((name) => !missing.includes(name));
    for (const { allocators } of result.streams) expect(allocators.map(({ name }) => name)).toEqual(present);
    expect(present).toEqual(expect.arrayContaining(["pymalloc", "tlsf", "thi.ng"]));
    for (const { reason } of result.missing) expect(reason).toMatch(/^needs /);
  });

  it.skipIf(process.platform !== "linux" || cc() === undefined)(
    "has glibc's malloc with a C compiler",
    () => {
      expect(result.missing.map(({ name }) => name)).not.toContain("glibc");
    },
  );

  it.skipIf(!pythons().some(({ minor, origin }) => minor === 11 && origin === "pyenv"))(
    "has the pymalloc of an installed CPython, or says that it has no shared library",
    () => {
      const reason = result.missing.find(({ name }) => name === "cpython-3.11")?.reason ?? "shared library";
      expect(reason).toContain("shared library");
    },
  );

  it("has one Worker, two and four do the same", () => {
    expect(result.workers.map(({ name }) => name)).toEqual(workerStreams.map(({ name }) => name));
    for (const [index, { heaps }] of result.workers.entries()) {
      const able = workerHeaps.filter(({ isShared }) => isShared || workerStreams[index]!.ownSlots);
      expect(heaps.map(({ name, workers }) => [name, workers])).toEqual(
        able.flatMap(({ name }) => [1, 2, 4].map((workers) => [name, workers])),
      );
      for (const { workers, gain, operationsPerSecond } of heaps) {
        expect(operationsPerSecond.median).toBeGreaterThan(0);
        expect(gain === null).toBe(workers === 1);
      }
    }
  });

  it("gives all the same live blocks, plausible figures, ratios to each base and a control", () => {
    for (const { allocators, controls } of result.streams) {
      expect(new Set(allocators.map(({ liveBlocks }) => liveBlocks)).size).toBe(1);
      expect(controls.length).toBeGreaterThan(0);
      for (const { nsPerCall, ratios, name, footprintOverLiveAtEnd } of allocators) {
        expect(nsPerCall.median).toBeGreaterThan(0);
        expect(ratios.map(({ base }) => base)).toEqual(result.bases);
        for (const { base, median } of ratios) if (base === name) expect(median).toBe(1);
        if (name === "dlmalloc" && footprintOverLiveAtEnd !== null)
          expect(footprintOverLiveAtEnd).toBeGreaterThanOrEqual(1);
      }
    }
  });
});

describe("obmalloc bench", () => {
  it("prints a table for each stream, and how to read it", async () => {
    const args = ["bench", ...SMALL, "--streams", "W1,w4", "--allocators", "TLSF,thi.ng", "--base", "thi.ng"];
    const { code, stdout, stderr } = await obmalloc(args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.match(/^(?: {4}allocator|\S+ {2}).*/gm)).toEqual([
      "W1  small blocks, replaced at random",
      expect.stringMatching(/^ {4}allocator +ns\/op +ns\/call +of thi\.ng +held\/live +at peak$/),
      "W4  fragmentation: fill, free a random 90%, refill with another size",
      expect.stringMatching(/^ {4}allocator /),
    ]);
    const row = /^ {4}(?:tlsf|thi\.ng) +[\d.,]+ +[\d.,]+ +#+ +[\d.]+ +\d+\.\d\d +\d+\.\d\d$/gm;
    expect(stdout.match(row)).toHaveLength(4);
    expect(stdout).toContain("the same twice: thi.ng ");
  });

  it("scales", async () => {
    const args = [
      "bench",
      "--streams",
      "W1",
      "--live",
      "100,1000",
      "--operations",
      "10",
      "--allocators",
      "tlsf",
    ];
    const { code, stdout } = await obmalloc([...args, "--rounds", "1", "--sizes", "8-8"]);
    expect(code).toBe(0);
    expect(stdout).toContain("100 live blocks of 800 bytes at the end");
    expect(stdout).toContain("1,000 live blocks of 7.8 KiB at the end");
  });

  it.each([
    [["--streams", "W9"], "There is no stream W9."],
    [["--allocators", "tlsf,nobody"], "There is no allocator nobody."],
    [["--allocators", "tlsf", "--base", "thi.ng"], "There is no base thi.ng."],
    [["--rounds", "0"], "It must be a whole number from 1."],
    [["--sizes", "9-8"], "It must be two whole numbers from 1, such as 1-512."],
    [["--load", "nothing.mjs"], "nothing.mjs cannot be loaded"],
  ])("%j: exit code 2", async (args, message) => {
    const { code, stdout, stderr } = await obmalloc(["bench", ...args]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });
});

describe("obmalloc bench --load", () => {
  /** A bump allocator; `flaw` is put where it returns an address. */
  function moduleWith(flaw: string): string {
    const file = join(newFolder(), "mine.mjs");
    writeFileSync(
      file,
      `const create = () => {
        let memory = new ArrayBuffer(1 << 24);
        let top = 16;
        const sizes = new Map();
        const malloc = (size) => { const p = top; top += (size + 15) & ~15; sizes.set(p, size); return ${flaw}; };
        const realloc = (p, size) => {
          const moved = malloc(size);
          new Uint8Array(memory).copyWithin(moved, p, p + Math.min(size, sizes.get(p)));
          return moved;
        };
        const words = new Uint32Array(memory);
        return { calls: { malloc, realloc, free() {} }, words: () => words, footprintBytes: () => top };
      };
      export const allocators = [{ name: "mine", create }];`,
    );
    return file;
  }
  const args = ["bench", ...SMALL, "--streams", "W1,W2b,W4", "--allocators", "tlsf", "--verify"];

  it("runs the allocators of a module beside the others", async () => {
    const { code, stdout } = await obmalloc([...args, "--load", moduleWith("p")]);
    expect(code).toBe(0);
    expect(stdout.match(/^ {4}mine /gm)).toHaveLength(3);
  });

  it.each([
    ["overlapping blocks", "p - (sizes.size % 100 === 99 ? 16 : 0)", "was changed"],
    ["addresses beyond the memory", "p + (1 << 24)", "are not in the memory"],
  ])("--verify finds %s", async (_, flaw, message) => {
    const { code, stderr } = await obmalloc([...args, "--load", moduleWith(flaw)]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^obmalloc: mine fails at W1: /);
    expect(stderr).toContain(message);
  });

  it.each([[[]], [["--isolate"]]])(
    "gives each of them code of its own, also of what they import (%j)",
    async (mode) => {
      const folder = newFolder();
      writeFileSync(
        join(folder, "helper.mjs"),
        `let heaps = 0;
      export function heap() {
        if (++heaps > 1) throw new Error("two heaps of one copy");
        const words = new Uint32Array(1 << 20);
        let top = 16;
        const malloc = (size) => (top += (size + 15) & ~15) - ((size + 15) & ~15);
        return { calls: { malloc, free() {} }, words: () => words, footprintBytes: () => top };
      }`,
      );
      const file = join(folder, "both.mjs");
      writeFileSync(
        file,
        `import { heap } from "./helper.mjs";
      export const allocators = ["one", "two"].map((name) => ({ name, create: heap }));`,
      );
      const scale = ["--live", "10", "--operations", "100", "--rounds", "1"];
      const bench = [
        "bench",
        "--load",
        file,
        "--allocators",
        "one,two",
        "--base",
        "two",
        "--streams",
        "W1,W2b",
      ];
      const { code, stdout, stderr } = await obmalloc([...bench, ...scale, ...mode]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout.match(/the same twice: one [^,]*, two /g)).toHaveLength(2);
    },
  );

  it.each([[[]], [["--isolate"]]])(
    "finds blocks that were overwritten also without --verify (%j)",
    async (mode) => {
      const file = moduleWith("p - (sizes.size % 100 === 99 ? 16 : 0)");
      const { code, stderr } = await obmalloc([
        "bench",
        ...SMALL,
        "--streams",
        "W1",
        "--load",
        file,
        ...mode,
      ]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/mine: the block of \d+ bytes that operation \d+ made was overwritten/);
    },
  );

  it.each([[[]], [["--isolate"]]])("goes on without those that have no room (%j)", async (mode) => {
    const { code, stdout, stderr } = await obmalloc([
      ...args,
      ...mode,
      "--load",
      moduleWith("top > 90000 ? 0 : p"),
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    const told = stdout.match(
      /^ {4}mine cannot run it at this scale: no room for \d+ bytes, at operation \d+$/gm,
    );
    expect(told).toHaveLength(3);
    expect(stdout.match(/^ {4}tlsf /gm)).toHaveLength(3);
  });

  it("says what a module has to export", async () => {
    const file = join(newFolder(), "empty.mjs");
    writeFileSync(file, "export const allocators = [{}];");
    const { code, stderr } = await obmalloc(["bench", "--load", file]);
    expect(code).toBe(2);
    expect(stderr).toContain("does not export allocators, an array of { name, create() }");
  });
});
