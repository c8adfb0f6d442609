// tracemalloc's tables: of the recording that comes along, and against CPython's own for the same programs.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CASE, newFolder, obmalloc, recordable, run } from "./harness.ts";
import { violations } from "./schema.ts";

async function answer(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await obmalloc(["tracemalloc", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

interface Statistic {
  readonly traceback: readonly { readonly file: string; readonly line: number }[];
  readonly sizeBytes: number;
  readonly count: number;
}

async function json(...args: string[]): Promise<{ statistics: readonly Statistic[]; tracedBytes: number }> {
  const value = JSON.parse(await answer(...args, "--json"));
  expect(violations("tracemalloc", value)).toEqual([]);
  return value;
}

describe("tracemalloc, of the recording that comes along", () => {
  it("prints the lines as Python does", async () => {
    expect(await answer(CASE, "--limit", "3")).toMatchSnapshot();
    expect(
      await answer(CASE, "--limit", "2", "--key", "filename", "--cumulative", "--nframe", "9"),
    ).toMatchSnapshot();
    expect(await answer(CASE, "--limit", "1", "--key", "traceback", "--nframe", "3")).toMatchSnapshot();
  });

  it("prints what changed between two moments", async () => {
    expect(
      await answer(CASE, "--since", "before the work", "--limit", "3", "--include", "*pinned.py"),
    ).toMatchSnapshot();
  });

  it("adds up to everything that is alive", async () => {
    const all = await json(CASE, "--limit", "1000000");
    const sum = all.statistics.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
    expect(sum).toBe(all.tracedBytes);
    const { stdout } = await obmalloc(["blocks", CASE, "--json"]);
    const blocks = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { sizeBytes: number });
    expect(blocks.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0)).toBe(sum);
  });

  it.each([
    [["--since", "end"], "end comes after"],
    [["--key", "size"], "Allowed choices are lineno, filename, traceback"],
    [["--key", "traceback", "--cumulative"], "cumulative mode cannot by used with key type 'traceback'"],
    [["--nframe", "70000"], "the number of frames must be in range [1; 65535]"],
    [["--at", "nowhere"], "no moment"],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await obmalloc(["tracemalloc", CASE, ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

/**
 * A program whose blocks both can see: objects of kinds that CPython keeps no free list of, all alive at the moment that is
 * compared. With PYTHONTRACEMALLOC it prints what its own tracemalloc says of its lines; without it sets a marker.
 * `warm` leaves arenas that the compared lines find room in: an arena that they mapped may lie behind the next 256 MiB, where
 * CPython from 3.10 on allocates another node of its arena map (Objects/obmalloc.c, arena_map_get), on whatever line it was.
 */
const PROGRAM = `
import sys

class Node:
    __slots__ = ("name", "data", "next")

def names(count):
    for i in range(count):
        keep[i] = "name %d of a longer kind" % i

def chain(count):
    last = None
    for i in range(count):
        node = Node()
        node.name = keep[i]
        node.data = bytes(i % 700 + 40)
        node.next = last
        last = node
    return last

def grow(buffer):
    for i in range(900):
        buffer.extend(b"0123456789")

warm = [bytes(400) for _ in range(12000)]
warm = warm[::500]
keep = [None] * 3000
more = [None] * 1000
names(3000)
first = chain(1500)
buffer = bytearray()
grow(buffer)
for i in range(1000):
    more[i] = (2 ** 200) + i
for i in range(0, 3000, 3):
    keep[i] = None
if len(sys.argv) > 1:
    import json, tracemalloc
    traced = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, __file__)])
    def shown(key):
        return [[[[f.filename, f.lineno] for f in s.traceback], s.size, s.count] for s in traced.statistics(key)]
    print(json.dumps([shown("lineno"), shown("traceback")]))
else:
    sys.audit("obmalloc.mark", "here")
`;

type Row = readonly [readonly (readonly [string, number])[], number, number];

describe.skipIf(recordable.length === 0)("tracemalloc, live", () => {
  it.concurrent.each(recordable.filter(({ minor }) => minor >= 8 && minor <= 13))(
    "gives the figures of $version's own tracemalloc",
    async ({ path }) => {
      const folder = newFolder();
      const program = join(folder, "program.py");
      const trace = join(folder, "run.obm");
      writeFileSync(program, PROGRAM);
      const traced = await run(path, ["-X", "tracemalloc=4", program, "trace"]);
      expect(traced.stderr).toBe("");
      const [theirLines, theirTracebacks] = JSON.parse(traced.stdout) as [Row[], Row[]];
      expect((await obmalloc(["record", "-q", "-o", trace, "--", path, program])).stderr).toBe("");

      // What the comparison itself allocates stands on lines behind the last one of the program.
      const lastLine = PROGRAM.split("\n").findIndex((line) => line.startsWith("if len")) + 1;
      const ours = async (key: string) => {
        const { statistics } = await json(
          trace,
          "--key",
          key,
          "--nframe",
          "4",
          "--include",
          program,
          "--limit",
          "1000000",
        );
        return statistics.map(
          ({ traceback, sizeBytes, count }): Row => [
            traceback.map(({ file, line }) => [file, line]),
            sizeBytes,
            count,
          ],
        );
      };
      const compared = (rows: readonly Row[]) =>
        rows.filter(
          ([frames]) => LINES.has(frames.at(-1)![1]) && frames.every(([, line]) => line < lastLine),
        );
      expect(compared(await ours("lineno"))).toEqual(compared(theirLines));
      expect(compared(await ours("traceback"))).toEqual(compared(theirTracebacks));
      expect(compared(theirLines).length).toBe(LINES.size);
    },
  );
});

/** The lines that make the blocks; others make what free lists keep, lists among it. */
const LINES = new Set(
  ['"name %d', "Node()", "bytes(i", "buffer.extend", "2 ** 200"].map(
    (text) => PROGRAM.split("\n").findIndex((line) => line.includes(text)) + 1,
  ),
);
