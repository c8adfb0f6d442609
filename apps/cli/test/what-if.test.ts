// what-if, diff and check, on the recording that comes along.
import { describe, expect, it } from "vitest";
import { CASE, obmalloc, recordable } from "./harness.ts";
import { violations } from "./schema.ts";

async function answer(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await obmalloc([...args, "--json"]);
  expect(stderr).toBe("");
  const value = JSON.parse(stdout) as Record<string, unknown>;
  expect(violations(args[0]!, value)).toEqual([]);
  return value;
}

interface Row {
  readonly name: string;
  readonly arenas: number;
  readonly heldBytes: number;
  readonly freePoolBytes: number;
}

const rowsOf = async (...flags: string[]) =>
  (await answer("what-if", CASE, ...flags)).settings as readonly Row[];

describe("what-if", () => {
  it("holds under the recorded settings what was recorded", async () => {
    const arenas = (await answer("arenas", CASE)).arenas as { freePools: number }[];
    const [recorded] = await rowsOf("--return-free-pools");
    expect(recorded!.arenas).toBe(arenas.length);
    expect(recorded!.freePoolBytes).toBe(arenas.reduce((sum, arena) => sum + arena.freePools, 0) * 4096);
  });

  it("gives free pools back, keeps arenas, changes their size", async () => {
    const [recorded, returned] = await rowsOf("--return-free-pools");
    expect(returned).toMatchObject({ arenas: recorded!.arenas, freePoolBytes: 0 });
    expect(returned!.heldBytes).toBe(recorded!.heldBytes - recorded!.freePoolBytes);
    const [atEnd, kept] = await rowsOf("--kept-arenas", "30", "--at", "end");
    expect(kept!.arenas).toBeGreaterThan(atEnd!.arenas);
    const [, large] = await rowsOf("--arena", "1MiB");
    expect(large!.heldBytes).toBe(large!.arenas * 2 ** 20);
  });

  it("compares the versions that differ when nothing is asked for, and says what it cannot know", async () => {
    const { stdout } = await obmalloc(["what-if", CASE]);
    expect(stdout).toMatchSnapshot();
    expect(stdout).toContain("no recording of this one can know");
  });

  it.each([
    ["a version that there is not", ["--profile", "2.7"], "There is no profile for CPython"],
    ["an arena of an odd size", ["--arena", "300KiB"], "arenaBytes cannot be"],
    ["a size that is none", ["--arena", "large"], "It must be a size"],
  ])("refuses %s", async (_, flags, message) => {
    const { code, stdout, stderr } = await obmalloc(["what-if", CASE, ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it.skipIf(recordable.length === 0)("does the operations with the machine's own malloc", async () => {
    const { malloc } = await answer("what-if", CASE, "--malloc");
    const { residentBytes, trimmedBytes, refused } = malloc as Record<string, number>;
    const live = 1.7e6; // what diff says of live bytes
    expect(refused).toBe(0);
    expect(residentBytes).toBeGreaterThan(live);
    expect(trimmedBytes).toBeGreaterThan(live / 2);
    expect(trimmedBytes).toBeLessThanOrEqual(residentBytes!);
  });
});

describe("diff", () => {
  it("compares two moments by layer, class and line", async () => {
    const moments = ["--from", "before the work", "--to", "work done"];
    const { before, after, layers, lines } = await answer("diff", CASE, ...moments);
    expect([before, after]).toMatchObject([
      { moment: { label: "before the work" } },
      { moment: { label: "work done" } },
    ]);
    const changes = layers as { name: string; before: number; after: number }[];
    expect(changes.find(({ name }) => name === "free pools in pinned arenas")!.after).toBeGreaterThan(
      2 ** 20,
    );
    expect(lines).toContainEqual({
      file: "/opt/obmalloc/pinned.py",
      line: 31,
      function: "work",
      before: 0,
      after: 7264,
    });
    const { stdout } = await obmalloc(["diff", CASE, ...moments, "--limit", "3"]);
    expect(stdout).toMatchSnapshot();
  });

  it("finds nothing between a recording and itself", async () => {
    expect(await answer("diff", CASE, CASE)).toMatchObject({ classes: [], lines: [] });
  });
});

describe("check", () => {
  const growth = ["--max-growth", "1%", "--between", "before the work", "work done"];

  it("ends with 0 when all is kept and with 1 when something is not", async () => {
    const kept = await obmalloc(["check", CASE, "--max-held", "5MiB", ...growth]);
    expect(kept).toMatchObject({ code: 0, stderr: "" });
    const exceeded = await obmalloc(["check", CASE, "--max-held", "5MiB", "--max-leverage", "20"]);
    expect(exceeded).toMatchObject({ code: 1, stderr: "" });
    expect(exceeded.stdout).toMatch(/^EXCEEDED {2}leverage .*pinned\.py:31$/m);
  });

  it("gives JSON and JUnit", async () => {
    expect(await answer("check", CASE, "--max-leverage", "20", "--max-rss", "1GiB")).toMatchObject({
      kept: false,
      budgets: [
        { budget: "leverage", isKept: false },
        { budget: "resident", isKept: true },
      ],
    });
    const { stdout } = await obmalloc(["check", CASE, "--max-leverage", "20", ...growth, "--junit"]);
    expect(stdout.replaceAll(CASE, "pinned.obm")).toMatchSnapshot();
  });

  it.each([
    ["no budget", []],
    ["growth without moments", ["--max-growth", "1%"]],
    ["a moment that there is not", ["--max-growth", "1%", "--between", "lunch", "end"]],
    ["a negative leverage", ["--max-leverage", "-3"]],
  ])("refuses %s", async (_, flags) => {
    expect(await obmalloc(["check", CASE, ...flags])).toMatchObject({ code: 2, stdout: "" });
  });
});
