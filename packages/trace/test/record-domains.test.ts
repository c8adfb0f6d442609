// A program that records itself, and the replay of what it wrote.
import { ilp32, profileFor } from "@obmalloc/abi";
import {
  createDomains,
  type DomainName,
  type Domains,
  javaScriptFrames,
  type StackFrame,
} from "@obmalloc/domains";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bytesSource,
  type DomainsRecording,
  liveBlocks,
  momentOf,
  pins,
  type RecordDomainsOptions,
  Replay,
  readEvents,
  recordDomains,
  Stacks,
  TraceReader,
  verify,
} from "../src/index.ts";

const MIB = 1024 * 1024;

/** The trace of what `program` does with domains of a version. */
function record(
  version: string,
  program: (memory: Domains, recording: DomainsRecording) => void,
  options: RecordDomainsOptions = {},
  PYTHONMALLOC = "",
): TraceReader {
  const memory = createDomains({
    profile: profileFor(version),
    maxBytes: 256 * MIB,
    environment: { PYTHONMALLOC },
  });
  const pieces: Uint8Array[] = [];
  const recording = recordDomains(memory, (bytes) => pieces.push(bytes), options);
  program(memory, recording);
  recording.finish();
  expect(memory.allocatorName).toBe(PYTHONMALLOC === "" ? "pymalloc" : PYTHONMALLOC);
  expect(memory.check()).toEqual([]);
  return TraceReader.open(bytesSource(Buffer.concat(pieces)));
}

/** Blocks of all sizes that come and go; arenas are mapped and unmapped. */
function churn(memory: Domains, seed: number, operations: number): void {
  let state = seed;
  const below = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const live: [DomainName, number][] = [];
  for (let i = 0; i < operations; i++) {
    const domain = (["mem", "obj", "obj", "raw"] as const)[below(4)]!;
    const size = below(40) === 0 ? below(3000) : below(513);
    const grows = i % 4000 < 2000;
    const pick = below(Math.max(1, live.length));
    if (live.length === 0 || below(10) < (grows ? 6 : 3)) {
      const { c } = memory[domain];
      live.push([domain, below(5) === 0 ? c.calloc(1, size) : c.malloc(size)]);
    } else if (below(6) === 0) {
      const [owner, p] = live[pick]!;
      live[pick] = [owner, memory[owner].c.realloc(p as never, size)];
    } else {
      const [[owner, p]] = live.splice(pick, 1) as [[DomainName, number]];
      memory[owner].c.free(p as never);
    }
  }
}

describe("recordDomains", () => {
  it.each(["3.7", "3.9", "3.10", "3.13"])("writes a trace that replays exactly (%s)", (version) => {
    const trace = record(version, (memory, recording) => {
      churn(memory, 7, 20_000);
      recording.mark("half");
      churn(memory, 8, 20_000);
    });
    const certificate = verify(trace);
    expect(certificate).toMatchObject({ exact: true, mismatches: 0 });
    expect(certificate.addressesCompared).toBeGreaterThan(10_000);
    expect(momentOf(trace, "half").event).toBeGreaterThan(15_000);
    const replay = new Replay(trace).runTo();
    expect(replay.evidence.map(({ equal }) => equal)).toEqual([true]);
  });

  it("keeps the lines of the program", () => {
    const at: StackFrame[] = [
      { filename: "app.js", lineno: 3, name: "inner" },
      { filename: "app.js", lineno: 9, name: "outer" },
    ];
    const frames = { capture: () => ({ frames: at, totalFrames: at.length }) };
    const trace = record(
      "3.13",
      (memory, recording) => {
        for (let i = 0; i < 400; i++) memory.obj.malloc(48);
        recording.mark("made");
      },
      { frames, now: () => 1000 },
    );
    const replay = new Replay(trace).runTo(momentOf(trace).event);
    const [line] = pins(replay, new Stacks(trace.tables));
    expect(line).toMatchObject({ blocks: 400, frame: { file: "app.js", line: 3, function: "inner" } });
    const [block] = [...liveBlocks(replay)];
    expect(new Stacks(trace.tables).frames(block!.stack).map(({ function: name }) => name)).toEqual([
      "inner",
      "outer",
    ]);
    expect(trace.info).toMatchObject({ implementation: "obmalloc", stacks: "full", startedAtUnixMs: 1000 });
  });

  it("keeps real stacks of JavaScript", () => {
    const trace = record("3.13", (memory) => memory.obj.malloc(48), { frames: javaScriptFrames() });
    const [event] = [...readEvents(trace)].filter((item) => item.kind === "event" && item.sizeBytes === 48);
    const frames = new Stacks(trace.tables).frames((event as { stack: number }).stack);
    // Neither the recorder's own frames nor those of the domains: the line that asked.
    expect(frames[0]!.file).toMatch(/record-domains\.test\.ts$/);
  });

  it("writes each request once, and what pymalloc asks for itself", () => {
    const trace = record("3.13", (memory) => {
      const p = memory.obj.malloc(1000);
      const q = memory.obj.realloc(p, 2000);
      memory.obj.free(q);
      memory.mem.free(0 as never);
      memory.mem.malloc(8);
    });
    const shown = [...readEvents(trace)].map((item) =>
      item.kind === "event" ? `${item.domain} ${item.op} ${item.sizeBytes}` : item.kind,
    );
    expect(shown.filter((line) => line.startsWith("0"))).toHaveLength(3); // arenas[], two nodes of the radix tree
    expect(shown.filter((line) => !line.startsWith("0"))).toEqual([
      "2 0 1000",
      "2 2 2000",
      "2 3 0",
      "arenaMapped",
      "1 0 8",
    ]);
  });

  it("also writes programs without pools", () => {
    const trace = record("3.13", (memory) => churn(memory, 3, 500), {}, "malloc");
    expect(trace.info.allocator).toBe("malloc");
    expect(trace.eventCount).toBeGreaterThan(400);
  });

  it("refuses domains that are in use, hooked, or of 32 bits", () => {
    const refused = (memory: Domains) => () => recordDomains(memory, () => {});
    const used = createDomains({ maxBytes: 64 * MIB });
    used.obj.malloc(1);
    expect(refused(used)).toThrow("have been allocated from already");
    const hooked = createDomains({ maxBytes: 64 * MIB, environment: { PYTHONMALLOC: "debug" } });
    expect(refused(hooked)).toThrow("debug hooks around pymalloc");
    expect(refused(createDomains({ maxBytes: 64 * MIB, profile: profileFor("3.12", ilp32) }))).toThrow(
      "32 bits",
    );
  });

  it("property: whatever the program does, the replay agrees", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.constantFrom("3.8", "3.12"), (seed, version) => {
        expect(verify(record(version, (memory) => churn(memory, seed, 1500)))).toMatchObject({ exact: true });
      }),
      { numRuns: 15 },
    );
  });
});
