import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import type { BenchResult, Row } from "../result.ts";
import { streamKinds } from "../streams/index.ts";
import { workerStreams } from "../workers/run.ts";
import { benchText } from "./bench-text.ts";
import { benchPlan } from "./options.ts";

const look = { isTerminal: false, colors: createColors(false), unicode: false, width: 100 };

/** A row of W1 with 1000 operations of 2 calls, and so many ns of CPU time in each round. */
function rowOf(name: string, rounds: readonly number[], changes: Partial<Row> = {}): Row {
  const facts = {
    operations: 1000,
    calls: 2000,
    liveBlocks: 100,
    liveBytesAtEnd: 1000,
    liveBytesAtPeak: 2000,
    isCut: false,
  };
  const timings = rounds.map((cpuNs) => ({ cpuNs, wallNs: cpuNs }));
  const footprint = { endBytes: 1500, peakBytes: 2200 };
  return { name, origin: "wasm", isControl: false, facts, footprint, timings, ...changes };
}

/** The text of a result of one stream, ratios to a. */
async function textOf(rows: readonly Row[], changes: Partial<BenchResult> = {}): Promise<string> {
  const kind = streamKinds[0]!;
  const failures = [{ name: "small", reason: "no room for 7 bytes, at operation 3" }];
  const streams = [{ kind, scale: kind.defaults, rows, failures }];
  const { options } = await benchPlan({ seed: 1, rounds: 3 });
  const result = { streams, workers: [], missing: [], ...changes };
  return [...benchText(result, { options, bases: ["a"] }, look)].join("\n");
}

describe("benchText", () => {
  it("shows medians, ratios paired within a round, footprints, who is cut and who is missing", async () => {
    const cut = { ...rowOf("", []).facts, operations: 10, calls: 20, isCut: true };
    const rows = [
      rowOf("a", [100_000, 200_000, 300_000]),
      rowOf("b", [50_000, 400_000, 150_000], { origin: "ours" }),
      rowOf("slow", [9_000_000, 9_000_000, 9_000_000], { facts: cut }),
      rowOf("a", [110_000, 202_000, 306_000], { isControl: true }),
    ];
    const missing = [{ name: "c", title: "the third", reason: "needs a compiler" }];
    expect(await textOf(rows, { missing })).toMatchInlineSnapshot(`
      "W1  small blocks, replaced at random
          1,000 times a replacement: free and malloc; 100 live blocks of 1000 bytes at the end
          allocator    ns/op  ns/call                         of a  held/live  at peak
          a              200      100  ####################      1       1.50     1.10
          b              150     75.0  ###############        0.50       1.50     1.10
          slow*      900,000  450,000  ####################  4,500       1.50     1.10
          the same twice: a 1.02 (1.02 to 1.06)
          small cannot run it at this scale: no room for 7 bytes, at operation 3

      missing  c (the third): needs a compiler.

      A call is one malloc, free or realloc; medians of CPU time. Ratios are of the time per call, paired
      within a round. Every allocator runs the same operations, and writes the first and last word of each
      block.
      held/live: bytes that the allocator holds from its host over bytes that are asked for, after the
      last operation and at the peaks.
      * searches from the start, and runs fewer operations for that reason: 10 of W1."
    `);
  });

  it("warns when the same twice is not the same", async () => {
    const rows = [rowOf("a", [100]), rowOf("a", [120], { isControl: true })];
    expect(await textOf(rows)).toContain("a noisy run");
    const quiet = [rowOf("a", [100]), rowOf("a", [95], { isControl: true })];
    expect(await textOf(quiet)).not.toContain("a noisy run");
  });

  it("shows what several Workers do together, and what they gain, paired within a round", async () => {
    const rows = [
      { name: "one heap", title: "", workers: 1, rates: [2e6, 4e6, 5e6] },
      { name: "one heap", title: "", workers: 2, rates: [3e6, 10e6, 6e6] },
      { name: "another", title: "", workers: 2, rates: [1e6, 1e6, 1e6] },
    ];
    const workers = [
      { stream: workerStreams[1]!, rows },
      { stream: workerStreams[0]!, rows: [] },
    ];
    expect(await textOf([], { streams: [], workers })).toMatchInlineSnapshot(`
      "T2  Workers that replace small blocks of each other
          500,000 replacements by each, 10,000 live blocks for each; wall time, all Workers together
          heap      Workers  million/s                        of one Worker
          one heap        1       4.00  ##############
          one heap        2       6.00  ####################           1.50
          another         2       1.00  ####
      "
    `);
  });
});
