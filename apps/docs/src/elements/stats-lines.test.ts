import { spawnSync } from "node:child_process";
import { profiles } from "@obmalloc/abi";
import { createPyMalloc, formatDebugMallocStats } from "@obmalloc/pymalloc";
import { pythons } from "@obmalloc/test-support";
import { describe, expect, it } from "vitest";
import { explainStats } from "./stats-lines.ts";

it.each(profiles.map((profile) => [`${profile.version} ${profile.model.name}`, profile] as const))(
  "every line of the report of %s is explained",
  (_, profile) => {
    const pymalloc = createPyMalloc({ profile, maxBytes: 16 << 20 });
    for (let size = 1; size <= 512; size += 3) pymalloc.malloc(size);
    const lines = explainStats(formatDebugMallocStats(profile, pymalloc.collectStats()));
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter(({ meaning }) => meaning.startsWith("Not a line"))).toEqual([]);
  },
);

describe.skipIf(pythons().length === 0)("of a real interpreter", () => {
  const settings = (minor: number) => ["pymalloc", "debug", "malloc", ...(minor >= 13 ? ["mimalloc"] : [])];
  const cases = pythons().flatMap(({ version, minor, path }) =>
    settings(minor).map((setting) => [version, setting, path] as const),
  );

  it.each(cases)("every line of the report of %s with PYTHONMALLOC=%s is explained", (_, setting, path) => {
    const { stderr } = spawnSync(path, ["-c", "import sys; sys._debugmallocstats()"], {
      encoding: "utf8",
      env: { ...process.env, PYTHONMALLOC: setting },
    });
    const lines = explainStats(stderr);
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter(({ meaning }) => /^Not a line|add up/.test(meaning))).toEqual([]);
  });
});

it("adds up what a total is of, and says when a line is missing", () => {
  const whole = [
    "# bytes in allocated blocks        =                  100",
    "3 unused pools * 4096 bytes        =               12,288",
    "Total                              =               12,388",
    "# bytes lost to arena map root     =                8,192",
    "Total                              =                8,192",
  ];
  const totals = (lines: readonly string[]) =>
    explainStats(lines.join("\n"))
      .filter(({ line }) => line.startsWith("Total"))
      .map(({ meaning }) => meaning);
  expect(totals(whole)).toEqual(["The sum of the 2 lines of bytes above.", "As the line of bytes above."]);
  expect(totals(whole.slice(1))[0]).toContain("add up to 12,288");
});

it("counts what a row holds free", () => {
  const [row] = explainStats("    3     64           2             300            210");
  expect(row?.meaning).toContain("300 of 510 are in use (58.8 %)");
  expect(row?.meaning).toContain("13,440 bytes");
});

it("explains free lists, and says when it knows nothing", () => {
  const [list, other] = explainStats(
    "         5 free 3-sized PyTupleObjects * 48 bytes each =                  240\nhello",
  );
  expect(list?.meaning).toMatch(/^5 dead objects of the type 3-sized PyTupleObject,/);
  expect(other?.meaning).toMatch(/^Not a line/);
});
