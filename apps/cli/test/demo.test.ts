// The demos: each runs for every version and data model, and shows what it says.
import { profiles } from "@obmalloc/abi";
import { describe, expect, it } from "vitest";
import { demos } from "../src/demo/demos.ts";
import { lookOf } from "../src/shared/terminal.ts";
import { obmalloc } from "./harness.ts";

const look = lookOf({ isTTY: false } as NodeJS.WriteStream, {});

/** Run for some of the profiles only. */
const LONG_DEMOS: readonly string[] = ["churn", "manual-gc", "refcount", "data-structures", "generators"];

async function demo(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await obmalloc(["demo", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

describe("demo", () => {
  it("without a name lists what there is", async () => {
    const list = await demo();
    for (const { name, description } of demos)
      expect(list).toMatch(new RegExp(`^${name} +${description}$`, "m"));
  });

  it.each([
    [["nonsense"], "There is no demo nonsense."],
    [["domains", "--version", "2.7"], "There is no profile for CPython"],
    [["domains", "--model", "lp128"], "Allowed choices are lp64, ilp32"],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await obmalloc(["demo", ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it.each(demos.filter(({ name }) => name !== "gil"))(
    "$name runs for every version and model",
    { timeout: 60_000 },
    async ({ name, load }) => {
      const run = await load();
      for (const profile of LONG_DEMOS.includes(name) ? profiles.filter((_, i) => i % 5 === 0) : profiles) {
        const steps = [];
        for await (const step of run({ profile, look })) steps.push(step);
        expect(steps.length).toBeGreaterThanOrEqual(4);
        for (const { title, text, lines } of steps) {
          expect(title.length).toBeLessThanOrEqual(70);
          expect(text).not.toMatch(/undefined|NaN/);
          expect(lines.length).toBeGreaterThan(0);
          expect(lines.join("\n")).not.toMatch(/undefined|NaN|\[object/);
        }
      }
    },
  );

  it("toy-allocator: the same four lines of both policies, each with the memory", async () => {
    const lines = (await demo("toy-allocator")).split("\n").map((line) => line.trim());
    const said = lines.filter((line) => /^(Block\d \w+|Out of memory)$/.test(line));
    const four = ["Block1 allocated", "Block2 allocated", "Block1 freed", "Out of memory"];
    expect(said).toEqual([...four, ...four]);
    const pictures = lines.flatMap((line, i) => (line.startsWith("0 ") ? [lines.slice(i, i + 4)] : []));
    const row = (offset: number, cell: string) => `${offset} ${cell.repeat(32)}`;
    expect(pictures[3]).toEqual([row(0, "."), row(256, "2"), row(512, "."), row(768, ".")]);
    expect(pictures).toHaveLength(8);
    expect(pictures[4]![0]).toBe(`0 hh${"1".repeat(30)}`);
  });

  it("pools: a pool's life, to the last free", async () => {
    const text = await demo("pools");
    expect(text).toContain("free list  +848 -> +1648 -> +448 -> +2448 -> NULL");
    expect(text).toMatch(/freed +\+448 {2}\+1648 {2}\+848\n +allocated {2}\+848 {2}\+1648 {2}\+448/);
    expect(text).toMatch(/ref\.count 40 {2}freeblock 0x0 {2}szidx 24 {2}nextoffset 16048/);
    expect(text).toContain("arena 0x54000: 63 free pools of 64");
    expect(await demo("pools", "--version", "3.8", "--model", "ilp32")).toContain("10 blocks fill it");
  });

  it("arenas: the survivor, the order, and who goes back", async () => {
    const newest = await demo("arenas");
    expect(newest).toMatch(
      /before: usable_arenas: 0x54000 \(1 free\), 0x2b8000 \(48 free\), 0x1b8000 \(63 free\)/,
    );
    expect(newest).toMatch(/after: {2}usable_arenas: 0x2b8000 \(48 free\), 0x54000 \(61 free\), 0x1b8000/);
    expect(newest).toContain("given back so far: 0");
    expect(newest).toContain("mapped 3, given back 1, at most 3 at once");
    const oldest = await demo("arenas", "--version", "3.7");
    expect(oldest).toContain("given back so far: 1");
    expect(oldest).toContain("mapped 3, given back 2, at most 3 at once");
  });

  it("realloc: where the block stays", async () => {
    const text = await demo("realloc");
    expect(text).toMatch(/385 .* 75\.2 % +stays\n +384 .* 75\.0 % +moves/);
    expect(text).toMatch(
      /realloc\(p, 513\) +0x[0-9a-f]+ +raw allocator\n +realloc\(p, 8\) +0x[0-9a-f]+ +raw/,
    );
  });

  it("size-class-collision: what 3.7 and 3.8 keep of one program", async () => {
    const text = await demo("size-class-collision");
    expect(text).toMatch(/the temporary tuple +80 {2}class of 80 +64 {2}class of 64/);
    const [less, more] = [...text.split("The work is done")[1]!.matchAll(/3\.[78] .* (\d+) arenas,/g)].map(
      ([, count]) => Number(count),
    );
    expect(more).toBeGreaterThan(5 * less!);
  });

  it("domains: who serves what", async () => {
    const text = await demo("domains", "--version", "3.7");
    expect(text).toContain("obmalloc demo domains: CPython 3.7, 64 bits");
    expect(text).toMatch(/obj\.malloc\(513\) +-> 0x[0-9a-f]+ +raw heap/);
    expect(text).toContain("sys.getallocatedblocks(): 2 before, 4 now");
    expect(text).not.toContain("mimalloc");
    expect(await demo("domains")).toMatch(/mimalloc +refused/);
  });

  it("custom-allocator: what each call did, and who owns what is left", async () => {
    const text = await demo("custom-allocator");
    expect(text).toMatch(
      /log: malloc\(24\) -> 0x[0-9a-f]+\n +log: realloc\(0x[0-9a-f]+, 200\) -> 0x[0-9a-f]+\n +log: free/,
    );
    expect(text).toContain('stood "mine"');
    expect(text).toContain("check(): owner-not-set:");
    expect(text).toContain("check(): 0 findings; blocks in use: 0");
  });

  it("debug-hooks: CPython's text of the version, and ours", async () => {
    const text = await demo("debug-hooks");
    for (const words of [
      "at tail+0: 0x41 *** OUCH",
      "Fatal Python error: _PyMem_DebugRawFree: bad trailing pad byte",
      "Fatal Python error: _PyMem_DebugRawFree: bad leading pad byte",
      "bad ID: Allocated using API 'm', verified using API 'r'",
      "The 8 pad bytes at tail=0x",
      "was freed before: its bytes are dead",
      "_PyMem_DebugMalloc: Python memory allocator called without holding the GIL",
      "q is 0xdddddddddddddddd: _PyMem_IsPtrFreed says 1",
      "check(): write-after-free",
    ]) {
      expect(text).toContain(words);
    }
    expect(await demo("debug-hooks", "--version", "3.7")).toContain(
      "Fatal Python error: bad trailing pad byte",
    );
  });

  it.each([[], ["--version", "3.7", "--model", "ilp32"]])(
    "gil: with the lock and without it, and a holder that is gone (%j)",
    async (...args) => {
      const text = await demo("gil", ...args);
      expect(text).toMatch(/with the GIL +2,000,000\n/);
      expect(text).toMatch(/grey +\d+ +\d+ +\d+ x 5 ms\n/);
      expect(text).toContain("check(): 0 findings; blocks in use: 0");
      expect(text).toMatch(/a heap each +4 +\d/);
      expect(text).toContain("Python memory allocator called without holding the GIL");
      expect(text).toContain('GilLostError: The GIL is lost: the thread "the holder" (2) holds it');
      expect(text).toContain("gil.recover(): true; another Worker has taken it since");
    },
  );

  it("tracemalloc: the line that leaks", async () => {
    const text = await demo("tracemalloc");
    expect(text).toMatch(
      /tracemalloc\.ts:\d+: size=73\.2 KiB \(\+58\.6 KiB\), count=250 \(\+200\), average=300 B/,
    );
    expect(text).toContain("never given back");
  });

  it("refcount: counts, order of death, the trashcan", async () => {
    const text = await demo("refcount");
    expect(text).toMatch(/z = \[x, x\] +count 4\n/);
    expect(text).toContain("PyTuple_SetItem(t, 0, item)        count 1");
    expect(text).toContain("__del__ in this order: root, right, left, leaf");
    expect(text).toContain("None: 4294967295 before, 4294967295 after 1,000 increfs");
    expect(text).toContain("200,000 lists died of one decref");
    expect(await demo("refcount", "--version", "3.9")).toMatch(/None: (\d+) before, (?!\1 )\d+ after/);
  });

  it("cycles: the copies of the counts, and where each object goes", async () => {
    const text = await demo("cycles");
    const phases = ["merge", "update_refs", "subtract_refs", "move_unreachable", "finalizers", "clear"];
    const places = phases.map((phase) => text.search(new RegExp(`^\\d  ${phase}$`, "m")));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(text).toContain("moved: A unreachable, B unreachable, D unreachable, E unreachable");
    expect(text.match(/A \[1:1\] <-> B/g)).toHaveLength(1);
    expect(text).toContain("A [1:0] <-> B [1:0] -> C [3:1] <- E [1:0] <-> D [1:0]");
    expect(text).toContain("C: alive, count 1");
    expect(text.match(/: freed$/gm)).toHaveLength(4);
  });

  it("finalizers: waiting, resurrection, errors, tp_del", async () => {
    const text = await demo("finalizers");
    expect(text).toContain("gc.collect() -> 3, then: a, b, c");
    expect(text).toContain("first collection: 0 collected, alive: true, weak reference was cleared");
    expect(text).toContain("second: 1 collected, alive: false, __del__ ran 1 time");
    expect(text).toContain("Exception ignored in __del__: from __del__");
    expect(text).toContain("in gc.garbage: 1");
    expect(await demo("finalizers", "--version", "3.15")).toContain("weak reference still works");
  });

  it("weakrefs: order of callbacks, and what __del__ sees", async () => {
    expect(await demo("weakrefs")).toMatch(/callbacks: third, second, first[\s\S]*called: outside\n/);
    expect(await demo("weakrefs", "--version", "3.15")).toContain("without a callback: alive");
    expect(await demo("weakrefs", "--version", "3.14")).toContain("without a callback: dead");
  });

  it("generators: the peak of a generator does not grow", async () => {
    const text = await demo("generators");
    const peaks = [...text.matchAll(/^ +[\d,]+ +[\d.]+ KiB +(\d+) bytes +true$/gm)].map(([, peak]) => peak);
    expect(peaks).toHaveLength(3);
    expect(new Set(peaks).size).toBe(1);
  });

  it("data-structures: slots and tuples are smallest", async () => {
    const text = await demo("data-structures");
    const order = [...text.matchAll(/^ +(\S+) +(\d+) +[\d.]+ +#+$/gm)];
    expect(order).toHaveLength(7);
    expect(order.slice(0, 2).map(([, name]) => name)).toEqual(["slots", "tuple"]);
    expect(text).toMatch(/tuple +0x[0-9a-f]+, a block of 64 bytes in the pool at 0x/);
    expect(text).toContain("check(): 0 findings");
  });

  it("manual-gc: freezing leaves little to look at", async () => {
    const looked = (text: string, row: string) =>
      Number(new RegExp(`${row} +[\\d,]+ +([\\d,]+)`).exec(text)![1]!.replaceAll(",", ""));
    const text = await demo("manual-gc");
    expect(looked(text, "gc\\.freeze\\(\\) first") * 5).toBeLessThan(looked(text, "gc\\.collect\\(\\)"));
    expect(looked(text, "gc\\.disable\\(\\)")).toBe(0);
  });

  it("churn: few survivors hold many arenas", async () => {
    const text = await demo("churn");
    const arenas = (name: string) => Number(new RegExp(`^ +${name} +(\\d+) +\\S+ %$`, "m").exec(text)![1]);
    expect(arenas("every hundredth")).toBeGreaterThan(arenas("none"));
    expect(arenas("the first ones")).toBeLessThan(arenas("every hundredth"));
    expect(arenas("copied")).toBeLessThan(arenas("every hundredth") / 2);
  });
});
