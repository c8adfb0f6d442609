// Recordings that are whole and yet lack something that some answers need: a resident set, times, or, being made of another tool's
// capture, the blocks that are older. Each command says what it can still answer, and what not.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync, gunzipSync } from "node:zlib";
import { createDomains, javaScriptFrames } from "@obmalloc/domains";
import { recordDomains } from "@obmalloc/trace";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { captureProfile } from "../src/import/capture-version.ts";
import { writeDerivedTrace } from "../src/import/derived-trace.ts";
import { CaptureReader } from "../src/import/memray-capture.ts";
import { newFolder, obmalloc } from "./harness.ts";
import { NAMES, run } from "./nine-commands.ts";
import { violations } from "./schema.ts";

const folder = newFolder();

/** Nobody asks a kernel for a resident set in a program of JavaScript. */
function withoutResidentSet(name: string, options: Parameters<typeof recordDomains>[2] = {}): string {
  const file = join(folder, name);
  const memory = createDomains({ maxBytes: 64 * 2 ** 20 });
  const pieces: Uint8Array[] = [];
  const recording = recordDomains(memory, (bytes) => pieces.push(bytes.slice()), options);
  recording.mark("begun");
  const blocks = Array.from({ length: 10_000 }, () => memory.obj.malloc(64));
  for (const [index, block] of blocks.entries()) if (index % 100 !== 0) memory.obj.free(block);
  recording.mark("work done");
  recording.finish();
  writeFileSync(file, Buffer.concat(pieces));
  return file;
}

/** What `import memray` makes of the records of a capture. */
function ofCapture(name: string): string {
  const bytes = readFileSync(fileURLToPath(new URL(`captures/${name}`, import.meta.url)));
  const reader = new CaptureReader();
  reader.push((name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString());
  const capture = reader.finish();
  const pieces: Uint8Array[] = [];
  writeDerivedTrace(
    capture,
    captureProfile(capture, undefined),
    (piece) => pieces.push(piece.slice()),
    (piece) => deflateRawSync(piece),
  );
  const file = join(folder, `${name}.obm`);
  writeFileSync(file, Buffer.concat(pieces));
  return file;
}

const flat = (text: string) => text.replaceAll(/\s+/g, " ");
const codes = async (file: string) =>
  Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, (await run(name, file)).code])));
const allWell = Object.fromEntries(NAMES.map((name) => [name, 0]));

async function explained(file: string) {
  const { code, stdout } = await obmalloc(["explain", file, "--json"]);
  expect(code).toBe(0);
  const answer = JSON.parse(stdout);
  expect(violations("explain", answer)).toEqual([]);
  return answer as {
    waterfall: { rssBytes: number | null; parts: { key: string; bytes: number }[] };
    remedies: { kind: string; arenasAfter: number | null }[];
  };
}

async function chromeTrace(file: string) {
  const path = join(newFolder(), "trace.json");
  const { code, stderr } = await obmalloc(["export", file, "-f", "chrome-trace", "-o", path]);
  expect(code).toBe(0);
  const { traceEvents } = JSON.parse(readFileSync(path, "utf8")) as {
    traceEvents: { name: string; ph: string; ts: number; args: { labels?: string; event?: number } }[];
  };
  return { traceEvents, stderr };
}

describe("a recording without a resident set", () => {
  const file = withoutResidentSet("no-rss.obm", { now: Date.now, frames: javaScriptFrames() });
  const timeless = withoutResidentSet("no-times.obm");

  it.each([
    ["with times", file],
    ["without times", timeless],
  ])("answers everything else, %s", async (_, of) => {
    expect(await codes(of)).toEqual(allWell);
  });

  it("explain adds nothing up, and gives no share of nothing", async () => {
    const { waterfall } = await explained(file);
    expect(waterfall.rssBytes).toBe(null);
    expect(waterfall.parts.every(({ key, bytes }) => key !== "remainder" && bytes > 0)).toBe(true);
    const { said } = await run("explain", file);
    expect(said).not.toMatch(/Infinity|NaN|resident 0|-\d+(\.\d)? MiB +the rest/);
    expect(said).toContain("What is known");
    expect(flat(said)).toContain("There is no resident set up to this moment");
  });

  it("check does not know whether it is kept", async () => {
    const { code, stdout } = await obmalloc(["check", file, "--max-rss", "1GiB", "--max-held", "1GiB"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /UNKNOWN +resident +unknown of 1\.0 GiB: cannot be told: the resident set was not/,
    );
    expect(stdout).toMatch(/kept +held /);
  });

  it.each(["diff", "export chrome-trace"])("%s says so", async (command) => {
    expect((await run(command, file)).said).toContain("There is no resident set up to this moment");
  });

  it("the Chrome trace has the other counters, by events where nothing says how much time passed", async () => {
    const { traceEvents } = await chromeTrace(timeless);
    const counters = traceEvents.filter(({ ph }) => ph === "C");
    expect(new Set(counters.map(({ name }) => name))).toEqual(
      new Set(["arenas", "live blocks in pools", "live blocks outside of pools"]),
    );
    const marks = traceEvents.filter(({ ph }) => ph === "I");
    expect(marks.map(({ name }) => name)).toEqual(["begun", "work done"]);
    expect(marks.map(({ ts }) => ts)).toEqual(marks.map(({ args }) => args.event));
    expect(counters.at(-1)!.ts).toBe(marks[1]!.ts);
    const labels = traceEvents.find(({ name }) => name === "process_labels")!.args.labels;
    expect(labels).toContain("a microsecond is one event");
  });
});

describe("a recording made of a capture of memray", () => {
  const file = ofCapture("run-3.11.txt.gz");

  it("answers everything", async () => {
    expect(await codes(file)).toEqual(allWell);
  });

  it("explain says what follows from addresses, and gives no number of arenas that are others", async () => {
    const { remedies } = await explained(file);
    expect(remedies.map(({ kind }) => kind)).toContain("other-version");
    for (const { kind, arenasAfter } of remedies)
      if (kind !== "return-free-pools") expect(arenasAfter).toBe(null);
    expect(flat((await run("explain", file)).said)).toContain("Arenas follow from addresses");
  });

  it.each(["diff", "sweep", "explain"])("%s says what it is made of", async (command) => {
    expect(flat((await run(command, file)).said)).toMatch(
      /Made of a capture \(memray [\d.]+\), which begins/,
    );
  });

  it("what-if calls no row recorded, and none exact", async () => {
    const { said } = await run("what-if", file);
    expect(said).toContain("(captured)");
    expect(flat(said)).toContain("each row is what the captured requests take in a heap that begins empty");
    expect(said).not.toMatch(/exact|\(recorded\)/);
  });

  it("a sweep's table has the same as a note in each row", async () => {
    const matrix = join(folder, "matrix.json");
    writeFileSync(matrix, '{"settings": {"profile": ["3.8", "3.11"]}}');
    const table = join(folder, "sweep.parquet");
    expect((await obmalloc(["sweep", file, "--matrix", matrix, "-o", table])).code).toBe(0);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(table) });
    expect(rows.map((row) => row.profile)).toEqual(["3.8", "3.11"]);
    for (const { error, note } of rows) {
      expect(error ?? null).toBe(null);
      expect(note).toMatch(/^Made of a capture \(memray/);
    }
  });
});

describe("a recording made of a capture without pymalloc's blocks", () => {
  const file = ofCapture("plain-3.11.txt");

  it("has no arenas to ask about", async () => {
    expect(await codes(file)).toEqual({ ...allWell, "what-if": 2, sweep: 1, check: 1 });
  });

  it.each(NAMES.filter((name) => name !== "explain --html" && name !== "export csv-events"))(
    "%s says why, and what to capture",
    async (command) => {
      expect(flat((await run(command, file)).said)).toMatch(
        /capture .*memray [\d.]+\) has no blocks of pymalloc/,
      );
    },
  );

  it("check does not call a budget of arenas kept", async () => {
    const { stdout } = await obmalloc(["check", file, "--max-held", "1GiB", "--max-leverage", "9"]);
    expect(stdout).toMatch(/UNKNOWN +held +unknown/);
    expect(stdout).toMatch(/UNKNOWN +leverage +unknown/);
  });
});
