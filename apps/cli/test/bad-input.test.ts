// Every command about a recording, given what is none, or is less than a whole one: it says what it can still answer, what not and
// why; it ends with the right code; and nobody sees a stack trace of Node. Recordings without a resident set and captures: see lacking.test.ts.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { chunkOffsets } from "./chunk-offsets.ts";
import { CASE, newFolder, obmalloc, recordable } from "./harness.ts";
import { NAMES, run } from "./nine-commands.ts";

vi.setConfig({ testTimeout: 120_000, maxConcurrency: 2 });

const folder = newFolder();
const sound = readFileSync(CASE);
const chunks = chunkOffsets(sound);
const chunkOf = (kind: number) => chunks.filter((at) => sound[at + 4] === kind);
const [tables] = chunkOf(2);
const events = chunkOf(3);
const end = chunkOf(4)[0]!;

function fileOf(name: string, bytes: Uint8Array): string {
  const path = join(folder, `${name.replaceAll(/\W+/g, "-")}.obm`);
  writeFileSync(path, bytes);
  return path;
}

function changed(at: number, value: number): Buffer {
  const bytes = Buffer.from(sound);
  bytes[at] = value;
  return bytes;
}

const NO_TRACE: readonly (readonly [kind: string, bytes: Uint8Array, message: RegExp])[] = [
  ["an empty file", Buffer.alloc(0), /The file is empty/],
  ["half a header", sound.subarray(0, 9), /This is not an obmalloc trace/],
  ["a PNG", Buffer.from("\x89PNG\r\n\x1a\n".padEnd(200, "\0"), "latin1"), /not an obmalloc trace/],
  ["JSON", Buffer.from('{"traceEvents": []}'), /not an obmalloc trace.*\n.*Record one with|not an obmalloc/],
  ["a compressed trace", gzipSync(sound), /not an obmalloc trace/],
  ["a later version of the format", changed(8, 9), /format version 9; this reader knows 1/],
];

describe.concurrent.each(NO_TRACE)("%s", (kind, bytes, message) => {
  const file = fileOf(kind, bytes);
  it.each(NAMES)("%s says that it is no trace", async (command) => {
    const { code, said } = await run(command, file);
    // A sweep of many files goes on without this one, which is a row with the reason.
    expect(code).toBe(command === "sweep" ? 1 : 2);
    expect(said).toMatch(message);
  });
});

it("what is given by mistake is told what to do with", async () => {
  const advice = async (bytes: Uint8Array) => (await run("explain", fileOf("advice", bytes))).said;
  expect(await advice(gzipSync(sound))).toContain("gunzip");
  expect(await advice(Buffer.from("memray".padEnd(100, "\0")))).toContain("obmalloc import memray");
  expect(await advice(changed(8, 9))).toContain("a newer obmalloc");
});

const NOTHING_IN_IT: readonly (readonly [kind: string, bytes: Uint8Array])[] = [
  ["cut in its info", sound.subarray(0, 60)],
  ["cut in its tables", sound.subarray(0, tables! + 500)],
  ["cut in its first events", sound.subarray(0, events[0]! + 1000)],
  ["ended before its first events", sound.subarray(0, events[0]!)],
];

describe.concurrent.each(NOTHING_IN_IT)("a trace %s", (kind, bytes) => {
  const file = fileOf(kind, bytes);
  it.each(NAMES)("%s answers nothing", async (command) => {
    const { code, said } = await run(command, file);
    expect(code).toBe(1);
    expect(said).toMatch(/The trace is cut|stops before its first event/);
  });
});

const HALF: readonly (readonly [kind: string, bytes: Uint8Array])[] = [
  ["cut in its last events", sound.subarray(0, events.at(-1)! + 1000)],
  ["without an ending", sound.subarray(0, end)],
];

describe.concurrent.each(HALF)("a trace %s", (kind, bytes) => {
  const file = fileOf(kind, bytes);
  it.each(NAMES)("%s answers about what is there", async (command) => {
    const { code, said } = await run(command, file);
    // The table of all events has those that there are, and ends with the code of a trace that is not whole.
    expect(code).toBe(command === "export csv-events" && kind.startsWith("cut") ? 1 : 0);
    if (command !== "explain --html")
      expect(said.replaceAll(/\s+/g, " ")).toMatch(/has no ending .* goes as far as event \d+/);
  });

  it("a moment behind its last event is refused, with the range", async () => {
    const { code, stderr } = await obmalloc(["explain", file, "--at", "10000000"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/There is no event 10000000: the recording has events 0 to \d+\./);
  });
});

describe.concurrent("a trace that is damaged in its middle", () => {
  const at = events[1]! + 500;
  const file = fileOf("damaged", changed(at, sound[at]! ^ 0x10));
  const soundEvents = sound.readUInt32LE(events[0]! + 16);

  it.each(NAMES)("%s says how far it is sound", async (command) => {
    const { code, said } = await run(command, file);
    expect(code).toBe(command.startsWith("explain") ? 0 : 1);
    expect(said.replaceAll(",", "")).toMatch(new RegExp(`${soundEvents}|checksum of this chunk`));
  });

  it("answers about the moment that it names", async () => {
    const { stderr } = await obmalloc(["what-if", file]);
    expect(stderr).toContain(`--at ${soundEvents}`);
    expect((await obmalloc(["what-if", file, "--at", String(soundEvents)])).code).toBe(0);
  });
});

describe.concurrent("moments that there are not", () => {
  const asked: readonly (readonly [name: string, args: (at: string) => string[]])[] = [
    ["explain", (at) => ["explain", CASE, `--at=${at}`]],
    ["what-if", (at) => ["what-if", CASE, `--at=${at}`]],
    ["diff", (at) => ["diff", CASE, `--from=${at}`]],
    ["check", (at) => ["check", CASE, "--max-rss", "1GiB", `--at=${at}`]],
    ["check --between", (at) => ["check", CASE, "--max-growth", "1%", "--between", at, "end"]],
    ["export", (at) => ["export", CASE, "-f", "pprof", "-o", join(folder, "no.pb.gz"), `--at=${at}`]],
  ];
  it.each(asked)("%s lists the markers, and the range of events", async (_, args) => {
    for (const at of ["lunch", "-5", "1.5s", ""]) {
      const { code, stdout, stderr } = await obmalloc(args(at));
      expect({ at, code, stdout }).toEqual({ at, code: 2, stdout: "" });
      if (at === "-5" && args === asked[4]![1]) continue; // an option to the command line
      expect(stderr).toContain('Its markers: "before the work", "work done".');
      expect(stderr).toMatch(/an event from 0 to \d+/);
    }
    const { code, stderr } = await obmalloc(args("99999999"));
    expect(code).toBe(2);
    expect(stderr).toMatch(/There is no event 99999999: the recording has events 0 to \d+/);
  });
});

describe.skipIf(recordable.length === 0)("recordings that lack something", () => {
  const python = recordable.at(-1)!;
  const recorded = async (name: string, options: string[], PYTHONMALLOC?: string) => {
    const file = join(folder, `${name}.obm`);
    const program = "kept = [str(i) * 3 for i in range(20000)][::50]";
    const args = ["record", "-q", ...options, "-o", file, "--", python.path, "-S", "-c", program];
    const env = { ...process.env, ...(PYTHONMALLOC === undefined ? {} : { PYTHONMALLOC }) };
    expect((await obmalloc(args, { env })).code).toBe(0);
    return file;
  };
  const flat = async (...args: string[]) => {
    const { code, stdout, stderr } = await obmalloc(args);
    return { code, said: (stdout + stderr).replaceAll(/\s+/g, " ") };
  };

  it("without stacks: no line is named, and no leverage of one", async () => {
    const file = await recorded("no-stacks", ["--no-stacks"]);
    for (const command of NAMES) expect((await run(command, file)).code).toBe(0);
    expect((await flat("explain", file)).said).toContain("There are no stacks");
    expect((await flat("diff", file, CASE)).said).toContain("unknown: there are no stacks");
    for (const format of ["pprof", "speedscope", "collapsed", "dhat", "csv-blocks", "parquet-events"]) {
      const { said } = await flat("export", file, "-f", format, "-o", join(folder, "no-stacks"));
      expect(said).toContain("There are no stacks (recorded without): no line can be named.");
      if (format === "collapsed")
        expect(readFileSync(join(folder, "no-stacks"), "utf8")).toMatch(
          /^\[no stacks were recorded\] \d+\n$/,
        );
    }
    const { code, said } = await flat("check", file, "--max-leverage", "1000");
    expect(code).toBe(1);
    expect(said).toContain("UNKNOWN leverage unknown of 1000.0x: cannot be told: there are no stacks");
  });

  it.each(["malloc", "malloc_debug"])("PYTHONMALLOC=%s: no arenas to ask about", async (allocator) => {
    const file = await recorded(allocator, [], allocator);
    const codes = Object.fromEntries(
      await Promise.all(NAMES.map(async (name) => [name, (await run(name, file)).code] as const)),
    );
    expect(codes).toEqual({
      ...Object.fromEntries(NAMES.map((name) => [name, 0])),
      "what-if": 2,
      sweep: 1,
    });
    expect((await flat("explain", file)).said).toContain(`ran with the allocator ${allocator}`);
    expect((await flat("check", file, "--max-leverage", "9")).said).toContain(
      "no arenas that a line could hold",
    );
    const { code, said } = await flat("what-if", file, "--malloc");
    expect(code).toBe(0);
    expect(said).toMatch(/no arenas to ask about .* resident for all of Python's blocks/);
  });

  it("PYTHONMALLOC=debug: everything can be asked", async () => {
    const file = await recorded("debug", [], "debug");
    for (const command of NAMES) expect((await run(command, file)).code).toBe(0);
  });
});
