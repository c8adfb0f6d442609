// The commands about a trace, on the recording that comes along: texts, JSON, moments.
import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { bytesSource, TraceReader } from "@obmalloc/trace";
import { describe, expect, it } from "vitest";
import { CASE, obmalloc, run } from "./harness.ts";
import { violations } from "./schema.ts";

const trace = TraceReader.open(bytesSource(readFileSync(CASE)), {
  inflate: (bytes) => inflateRawSync(bytes),
});

/** stdout of a command that ends well and says nothing else. */
async function answer(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await obmalloc(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

async function json(...args: string[]): Promise<unknown> {
  const value: unknown = JSON.parse(await answer(...args, "--json"));
  expect(violations(args[0]!, value)).toEqual([]);
  return value;
}

describe("verify", () => {
  it("says that the recording is exact", async () => {
    expect(await answer("verify", CASE)).toMatchSnapshot();
  });

  it("says so as JSON", async () => {
    expect(await json("verify", CASE)).toMatchObject({
      exact: true,
      complete: true,
      events: trace.eventCount,
      eventsReplayed: trace.eventCount,
      mismatches: 0,
      evidence: [
        { kind: "marker", label: "before the work", equal: true },
        { kind: "marker", label: "work done", equal: true },
        { kind: "shutdown", label: "shutdown", equal: true },
      ],
    });
  });
});

describe("pins", () => {
  it("names the marked line first", async () => {
    const lines = readFileSync(`${CASE.slice(0, -4)}.py`, "utf8").split("\n");
    const marked = lines.findIndex((line) => line.endsWith("# KEEP")) + 1;
    const [first] = (await json("pins", CASE)) as [Record<string, unknown>];
    expect(first).toMatchObject({ file: "/opt/obmalloc/pinned.py", line: marked, function: "work" });
  });

  it("gives all lines as JSON, best first, and as many as are asked for as text", async () => {
    const all = (await json("pins", CASE)) as { heldBytes: number; leverage: number | null }[];
    expect(all.map((pin) => pin.heldBytes)).toEqual(all.map((pin) => pin.heldBytes).sort((a, b) => b - a));
    expect(all.every((pin) => (pin.leverage === null) === (pin.heldBytes === 0))).toBe(true);
    expect(await answer("pins", CASE)).toMatchSnapshot();
    expect(await answer("pins", CASE, "--limit", "1", "--stack")).toMatchSnapshot();
  });
});

describe("arenas", () => {
  it("draws them", async () => {
    expect(await answer("arenas", CASE)).toMatchSnapshot();
  });

  it("gives every pool as JSON", async () => {
    const { arenas, arenaBytes, poolBytes } = (await json("arenas", CASE)) as {
      arenas: { pools: unknown[]; totalPools: number }[];
      arenaBytes: number;
      poolBytes: number;
    };
    expect(arenas).toHaveLength(21);
    expect([arenaBytes, poolBytes]).toEqual([256 * 1024, 4096]);
    for (const arena of arenas) expect(arena.pools).toHaveLength(arena.totalPools);
  });
});

describe("stats", () => {
  it("prints exactly what the process printed at each marker", async () => {
    const texts = trace.tables.marks.filter((mark) => mark.evidence !== "");
    expect(texts).toHaveLength(3);
    for (const { label, evidence } of texts)
      expect(await answer("stats", CASE, "--at", label)).toBe(evidence);
  });

  it("gives the numbers as JSON", async () => {
    const stats = (await json("stats", CASE, "--at", "shutdown")) as {
      moment: unknown;
      interpreters: { arenasCurrent: number; bytes: Record<string, number> }[];
    };
    expect(stats.moment).toMatchObject({ name: "start of shutdown", label: "shutdown" });
    const [main] = stats.interpreters;
    const { total, ...parts } = main!.bytes;
    expect(Object.values(parts).reduce((a, b) => a + b, 0)).toBe(total);
    expect(total).toBe(main!.arenasCurrent * 256 * 1024);
  });
});

describe("blocks", () => {
  const parse = (text: string) =>
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it("gives one JSON object a line, inside and outside of pools", async () => {
    const blocks = parse(await answer("blocks", CASE, "--json"));
    for (const block of blocks) expect(violations("blocks", block)).toEqual([]);
    const stats = (await json("stats", CASE)) as { interpreters: { classes: { blocksInUse: number }[] }[] };
    const inUse = stats.interpreters[0]!.classes.reduce((sum, row) => sum + row.blocksInUse, 0);
    expect(blocks.filter((block) => block.arena !== null)).toHaveLength(inUse);
    expect(new Set(blocks.map((block) => block.address)).size).toBe(blocks.length);
    expect(blocks.some((block) => block.domain === "raw")).toBe(true);
  });

  it("chooses a line, and a size", async () => {
    const kept = parse(await answer("blocks", CASE, "--json", "--line", "pinned.py:31"));
    expect(kept.length).toBeGreaterThanOrEqual(36);
    expect(new Set(kept.map((block) => `${block.file}:${block.line}`))).toEqual(
      new Set(["/opt/obmalloc/pinned.py:31"]),
    );
    const large = parse(await answer("blocks", CASE, "--json", "--min-size", "1000"));
    expect(Math.min(...large.map((block) => block.sizeBytes as number))).toBeGreaterThanOrEqual(1000);
    expect(await answer("blocks", CASE, "--line", "pinned.py:31", "--min-size", "60")).toMatchSnapshot();
  });

  it("ends quietly when its reader has seen enough", async () => {
    const command = `"$0" "$1" blocks "$2" --json | head -1; echo "\${PIPESTATUS[0]}"`;
    const { COMMAND } = await import("./harness.ts");
    const ended = await run("bash", ["-c", command, process.execPath, COMMAND, CASE]);
    expect(ended.stderr).toBe("");
    const [block, code] = ended.stdout.trim().split("\n");
    expect(violations("blocks", JSON.parse(block!))).toEqual([]);
    expect(code).toBe("0");
  });
});

describe.concurrent("--at", () => {
  const momentOf = async (...at: string[]) =>
    ((await json("arenas", CASE, ...at)) as { moment: Record<string, unknown> }).moment;

  it("takes a marker, shutdown, end, or an event; the default is the last marker", async () => {
    const [, done, shutdown] = trace.tables.marks;
    expect(await momentOf()).toEqual({ event: done!.event, name: 'marker "work done"', label: "work done" });
    expect(await momentOf("--at", "work done")).toEqual(await momentOf());
    expect(await momentOf("--at", "shutdown")).toMatchObject({ event: shutdown!.event });
    expect(await momentOf("--at", "end")).toEqual({ event: trace.eventCount, name: "end", label: null });
    expect(await momentOf("--at", "1000")).toEqual({ event: 1000, name: "event 1000", label: null });
    expect(await momentOf("--at", "0")).toMatchObject({ event: 0 });
  });

  it.each(["stats", "blocks", "arenas", "pins"])(
    "%s: lists what there is when there is no such moment",
    async (command) => {
      const ended = await obmalloc([command, CASE, "--at", "lunch"]);
      expect(ended).toEqual({
        code: 2,
        signal: null,
        stdout: "",
        stderr: `obmalloc: The recording has no moment "lunch".
  Its markers: "before the work", "work done".
  Also possible: end, shutdown, or an event from 0 to ${trace.eventCount}.
`,
      });
    },
  );

  it("knows the events that there are", async () => {
    const { code, stderr } = await obmalloc(["stats", CASE, "--at", "99999999"]);
    expect(code).toBe(2);
    expect(stderr).toContain("There is no event 99999999");
  });
});
