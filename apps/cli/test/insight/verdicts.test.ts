// Programs with known causes, recorded on every interpreter: the verdict names the cause and the line.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Explanation, explain, type Growth, type VerdictKind } from "@obmalloc/insight";
import { describe, expect, it } from "vitest";
import { explained, recordable } from "./recordings.ts";

interface Case {
  readonly name: string;
  readonly kind: VerdictKind;
  /** The comment behind the line to blame. */
  readonly line?: string;
  /** How memory grew, where the verdict depends on it. */
  readonly patterns?: readonly Growth["pattern"][];
  /** Whether copying what several lines keep gives most of it back. */
  readonly isReHomed?: boolean;
}

const CASES: readonly Case[] = [
  { name: "leak", kind: "leak", line: "LEAK", patterns: ["call-by-call"] },
  { name: "rounds", kind: "leak", line: "LEAK", patterns: ["between-markers", "among-temporaries"] },
  { name: "buffers", kind: "leak", line: "LEAK" },
  { name: "cycles", kind: "leak", line: "LEAK", patterns: ["call-by-call"] },
  { name: "cache", kind: "retention-in-pymalloc", line: "KEEP" },
  { name: "hoard", kind: "retention-in-c-library", line: "HOARD" },
  { name: "mapped_file", kind: "native-or-file-backed", line: "MAP" },
  { name: "scanned_log", kind: "native-or-file-backed", line: "MAP" },
  { name: "json_rows", kind: "retention-in-pymalloc", line: "ROWS", isReHomed: true },
  { name: "small_dicts", kind: "retention-in-pymalloc", line: "DICTS" },
  { name: "fine", kind: "nothing-wrong", patterns: ["none"] },
  { name: "threads", kind: "nothing-wrong" },
  { name: "built", kind: "nothing-wrong", patterns: ["one-go"] },
  { name: "imports", kind: "nothing-wrong", patterns: ["none"] },
];

const pathOf = (name: string) => fileURLToPath(new URL(`programs/${name}.py`, import.meta.url));

/** Number of the line with this comment, from 1. */
function lineOf(name: string, comment: string): number {
  const lines = readFileSync(pathOf(name), "utf8").split("\n");
  return lines.findIndex((line) => line.endsWith(`# ${comment}`)) + 1;
}

const namedLines = ({ verdict }: Explanation) =>
  verdict.culprits.flatMap(({ frame, calledFrom }) => [frame?.line, calledFrom?.line]);

describe.skipIf(recordable.length === 0).each(recordable)("the verdict on CPython $version", (python) => {
  it.each(CASES)("$name: $kind", async ({ name, kind, line, patterns, isReHomed }) => {
    const { explanation, trace } = await explained(python, [pathOf(name)]);
    expect(explanation.verdict.kind).toBe(kind);
    if (patterns !== undefined) expect(patterns).toContain(explanation.growth.pattern);
    if (line !== undefined) expect(namedLines(explanation)).toContain(lineOf(name, line));
    if (isReHomed === true) {
      const { remedies } = explain(trace, explanation.moment, { remedies: "from-heap" });
      const reHome = remedies.find((remedy) => remedy.kind === "re-home");
      expect(reHome?.title).toMatch(/^Copy what this line and (another|\d others) keep/);
      expect(reHome!.savingBytes).toBeGreaterThan(explanation.verdict.bytes * 0.7);
    }
    const { parts, rssBytes, remainderShare } = explanation.waterfall;
    expect(parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(rssBytes);
    expect(remainderShare).toBeLessThan(0.05);
  });
});
