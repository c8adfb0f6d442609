// Captures of memray: records of real ones that come along, made-up ones, and, where there is a memray, captures made now.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync, gunzipSync, inflateRawSync } from "node:zlib";
import { classBytes, lp64, poolCapacity, profileFor } from "@obmalloc/abi";
import { explain, recordTape } from "@obmalloc/insight";
import { bytesSource, momentOf, pins, Replay, Stacks, TraceReader, verify } from "@obmalloc/trace";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { captureProfile } from "../src/import/capture-version.ts";
import { writeDerivedTrace } from "../src/import/derived-trace.ts";
import { type Capture, CaptureReader } from "../src/import/memray-capture.ts";
import { findMemray } from "../src/import/memray-reader.ts";
import { newFolder, obmalloc } from "./harness.ts";
import { violations } from "./schema.ts";

const pathOf = (name: string) => fileURLToPath(new URL(`captures/${name}`, import.meta.url));
const recordsOf = (name: string) => gunzipSync(readFileSync(pathOf(`${name}.txt.gz`))).toString();

function captureOf(text: string, pieceLength = text.length): Capture {
  const reader = new CaptureReader();
  for (let at = 0; at < text.length; at += pieceLength) reader.push(text.slice(at, at + pieceLength));
  return reader.finish();
}

function traceOf(capture: Capture, version?: string) {
  const pieces: Uint8Array[] = [];
  const made = writeDerivedTrace(
    capture,
    captureProfile(capture, version),
    (bytes) => pieces.push(bytes.slice()),
    (bytes) => deflateRawSync(bytes),
  );
  const trace = TraceReader.open(bytesSource(Buffer.concat(pieces)), {
    inflate: (bytes) => inflateRawSync(bytes),
  });
  return { made, trace };
}

describe.each(["3.8", "3.11"])("the records of a capture by CPython %s", (version) => {
  const capture = captureOf(recordsOf(`run-${version}`));
  const { made, trace } = traceOf(capture);

  it("become a trace of the derived grade, without a certificate", () => {
    expect(made.hasPools).toBe(true);
    expect(trace.info).toMatchObject({ allocator: "pymalloc", version: capture.facts.python });
    expect(trace.info.derivedFrom).toBe(`memray ${capture.facts.memray}`);
    const { exact, events, eventsReplayed, addressesCompared, mismatch } = verify(trace);
    expect({ exact, addressesCompared, mismatch }).toEqual({
      exact: false,
      addressesCompared: 0,
      mismatch: undefined,
    });
    expect(eventsReplayed).toBe(events);
  });

  it("put every small block into a pool of its size", () => {
    const replay = new Replay(trace).runTo(momentOf(trace, "peak").event);
    const { poolBytes } = replay.profile.pymalloc;
    let blocks = 0;
    for (const { heap } of replay.machine.allHeaps())
      for (const arena of heap.inspectArenas())
        for (const { address, count, szidx } of arena.pools) {
          const found = [...replay.machine.live.within(address, address + poolBytes)];
          expect(found).toHaveLength(count);
          blocks += count;
          for (const linear of found)
            expect(Math.ceil(replay.machine.live.sizeAt(linear) / 16) - 1).toBe(szidx);
        }
    expect(blocks).toBeGreaterThan(6000);
  });

  it("name the line that keeps the arenas of the temporaries", () => {
    const replay = new Replay(trace).runTo(momentOf(trace).event);
    const found = pins(replay, new Stacks(trace.tables));
    const kept = found.find((pin) => pin.frame?.file === "captured.py" && pin.frame.line === 17);
    expect(kept).toMatchObject({ blocks: 7, liveBytes: 415 });
    expect(kept!.arenas + kept!.sharedArenas).toBeGreaterThan(0);
  });

  it("are drawn from any event on, with every block that lived then", () => {
    const from = Math.round(momentOf(trace, "peak").event / 2);
    const { lives } = recordTape(trace, { from, to: from + 500 });
    const { live } = new Replay(trace).runTo(from).machine;
    const before = [...lives.born].filter((event) => event < from);
    expect(before.length).toBe([...live.within(0, 2 ** 32)].length);
    expect(before.length).toBeGreaterThan(1000);
  });

  it("are explained, with what they cannot say", () => {
    const { waterfall, shortcomings, certificate } = explain(trace, momentOf(trace));
    expect(certificate.addressesCompared).toBe(0);
    expect(waterfall.parts.map((part) => part.grade)).not.toContain("exact");
    expect(waterfall.parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(waterfall.rssBytes);
    expect(shortcomings.join()).toContain("no certificate");
  });

  it("are read in pieces of any length", () => {
    const text = recordsOf(`run-${version}`).slice(0, 40_000);
    expect(captureOf(text, 7).operations.count).toBe(captureOf(text).operations.count);
  });
});

describe("captures that lack something", () => {
  const records = recordsOf("run-3.11");

  it("without pymalloc's blocks: the C library's are there, and it says what is missing", () => {
    const { made, trace } = traceOf(captureOf(readFileSync(pathOf("plain-3.11.txt"), "utf8")));
    expect(made).toMatchObject({ hasPools: false, arenas: 0 });
    const { shortcomings } = explain(trace, momentOf(trace));
    expect(shortcomings.join()).toContain("--trace-python-allocators");
  });

  it("cut: as far as it goes", () => {
    const capture = captureOf(records.slice(0, records.length / 2));
    expect(capture.problem).toBe("the records end in the middle");
    const { trace } = traceOf(capture);
    expect(verify(trace).eventsReplayed).toBe(trace.eventCount);
    expect(trace.end!.detail).toBe("the records end in the middle");
  });

  it.each([
    [
      "of sums",
      records.split("\n", 1)[0]!.replace("ALL_ALLOCATIONS", "AGGREGATED_ALLOCATIONS"),
      "--aggregate",
    ],
    ["without operations", `${records.split("\n", 1)[0]}\n`, "no allocations"],
    ["that is none", "hello\n", "no capture"],
  ])("%s: refused", (_, text, message) => {
    expect(() => captureOf(`${text}\n`)).toThrow(message);
  });

  it("of another version: its addresses do not fit", () => {
    expect(() => traceOf(captureOf(records), "3.8")).toThrow("are not those of CPython 3.8's pools");
    expect(() => traceOf(captureOf(records), "2.7")).toThrow("There is no profile of CPython 2.7");
  });
});

/** Records as the helper prints them. */
function madeUp(
  operations: readonly (readonly [allocator: number, address: number, bytes: number])[],
): string {
  const facts = JSON.parse(recordsOf("run-3.11").split("\n", 1)[0]!.slice(2)) as object;
  const lines = operations.map(
    ([allocator, address, bytes]) => `A\t${allocator}\t1\t${address.toString(16)}\t${bytes}\t0`,
  );
  return [
    `I\t${JSON.stringify(facts)}`,
    ...lines,
    `E\t${JSON.stringify({ operations: lines.length, problem: null })}`,
    "",
  ].join("\n");
}

describe("arenas, from addresses alone", () => {
  const profile = profileFor("3.11", lp64);
  const { arenaBytes, poolBytes } = profile.pymalloc;
  const HEADER = 48;

  it("property: those that began within the capture are found where they were", () => {
    const arenas = fc.record({
      first: fc.integer({ min: 1, max: 60 }),
      count: fc.integer({ min: 1, max: 6 }),
      szidx: fc.integer({ min: 0, max: 31 }),
    });
    fc.assert(
      fc.property(arenas, ({ first, count, szidx }) => {
        const top = 0x7f0000000000 + first * poolBytes;
        const bases = Array.from({ length: count }, (_, i) => top - i * arenaBytes);
        const bytes = classBytes(profile, szidx);
        const operations: [number, number, number][] = [];
        for (const base of bases)
          for (let pool = base; pool < base + arenaBytes; pool += poolBytes)
            for (let block = 0; block < Math.min(3, poolCapacity(profile, szidx)); block++)
              operations.push([2, pool + HEADER + block * bytes, bytes]);
        const { trace } = traceOf(captureOf(madeUp(operations)));
        const found = trace.tables.arenas.slice(1).map((arena) => arena.base);
        expect(found.sort((a, b) => b - a)).toEqual(bases);
        expect(verify(trace).mismatch).toBeUndefined();
      }),
      { numRuns: 30 },
    );
  });

  it("blocks whose end was not captured make room for others", () => {
    const base = 0x7f0000000000;
    const { trace } = traceOf(
      captureOf(
        madeUp([
          [2, base + HEADER, 32],
          [2, base + HEADER, 64],
          [2, base + HEADER, 64],
          [1, base + HEADER, 0],
          [1, base + 0x4030, 0],
        ]),
      ),
    );
    expect(verify(trace)).toMatchObject({ mismatch: undefined, eventsReplayed: 6 });
  });
});

function memrayPython() {
  try {
    return findMemray(process.env.MEMRAY_PYTHON);
  } catch {
    return undefined;
  }
}
const python = memrayPython();

describe.skipIf(python === undefined)("a capture made now, by a real memray", () => {
  const capture = (name: string, options: readonly string[], program = PROGRAM) => {
    const folder = newFolder();
    const file = join(folder, `${name}.bin`);
    writeFileSync(join(folder, "program.py"), program);
    execFileSync(python!.path, ["-m", "memray", "run", "-q", ...options, "-o", file, "program.py"], {
      cwd: folder,
    });
    return file;
  };
  const imported = (file: string, ...args: string[]) =>
    obmalloc(["import", "memray", file, "--python", python!.path, ...args]);
  const PROGRAM = `
def work():
    temporary = [str(n) * 4 for n in range(20000)]
    kept = [str(n) * 4 for n in range(30)]
    del temporary
    return kept
KEPT = work()
`;

  it.each([["--trace-python-allocators"], ["--trace-python-allocators --native"]])("%s", async (options) => {
    const file = capture("run", options.split(" "));
    const { code, stdout, stderr } = await imported(file);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("derived from addresses");
    const trace = file.replace(/\.bin$/, ".obm");
    const explained = await obmalloc(["explain", trace, "--json"]);
    const answer = JSON.parse(explained.stdout) as {
      recording: { derivedFrom: string };
      lines: { frame: { line: number } | null }[];
    };
    expect(violations("explain", answer)).toEqual([]);
    expect(answer.recording.derivedFrom).toBe(`memray ${python!.memray}`);
    expect(answer.lines.map((line) => line.frame?.line)).toContain(4);
    expect((await obmalloc(["pins", trace])).stdout).toContain("Derived from the addresses of a capture");
    expect((await obmalloc(["verify", trace])).code).toBe(2);
    const page = trace.replace(/obm$/, "html");
    expect((await obmalloc(["explain", trace, "--html", page])).code).toBe(0);
    expect(readFileSync(page, "utf8")).toContain("none: made of a capture");
  });

  it("without pymalloc's blocks, and forked children", async () => {
    const plain = await imported(capture("plain", []));
    expect(plain).toMatchObject({ code: 0, stderr: "" });
    expect(plain.stdout).toContain("Capture with memray run");
    const forked = `import os\npid = os.fork()\nx = [str(n) * 3 for n in range(5000)]\nif pid: os.waitpid(pid, 0)\nelse: CHILD = os.getpid()\n`;
    const file = capture("fork", ["--follow-fork", "--trace-python-allocators"], forked);
    const child = execFileSync("sh", ["-c", `ls ${file}.*`], { encoding: "utf8" }).trim();
    const ofChild = await imported(child);
    expect(ofChild).toMatchObject({ code: 0, stderr: "" });
    expect(ofChild.stdout).toContain("derived from addresses");
  });

  it("refuses sums, files of others, and says what a cut one lacks", async () => {
    const sums = await imported(capture("sums", ["--aggregate"]));
    expect(sums.code).toBe(2);
    expect(sums.stderr).toContain("Capture it again without --aggregate");
    const whole = capture("whole", ["--trace-python-allocators"]);
    const bytes = readFileSync(whole);
    for (const [length, expected] of [
      [0, { code: 2, text: "is empty" }],
      [100, { code: 2, text: "" }],
      [Math.floor(bytes.length / 2), { code: 0, text: "not whole" }],
    ] as const) {
      const file = `${whole}.${length}`;
      writeFileSync(file, bytes.subarray(0, length));
      const { code, stdout, stderr } = await imported(file);
      expect(code).toBe(expected.code);
      expect(stdout + stderr).toContain(expected.text);
    }
    const foreign = join(newFolder(), "foreign.bin");
    writeFileSync(foreign, "this is no capture");
    expect((await imported(foreign)).stderr).toContain("does not look like");
    expect((await imported(join(newFolder(), "none"))).stderr).toContain("cannot be read");
  });
});

it("says where it looked for a memray", async () => {
  const { code, stderr } = await obmalloc([
    "import",
    "memray",
    pathOf("run-3.8.txt.gz"),
    "--python",
    "/bin/false",
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain("no Python with memray was found");
  expect(stderr).toContain("pip install memray");
});
