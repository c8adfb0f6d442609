import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { longRunIn, measuredIn, readLongRun } from "./measurements.ts";

it("a measurement has the text in front of its table, and the table", () => {
  expect(
    measuredIn("# T\n\n2026, **Node**\n24.\n\nMore.\n\n| a | b |\n| --- | --- |\n| `x` | 1 |\n\n- after"),
  ).toEqual({
    paragraphs: ["2026, Node 24.", "More."],
    columns: ["a", "b"],
    rows: [["x", "1"]],
  });
});

it("the long run adds up by interpreter, without what was skipped", () => {
  const measured = {
    recordings: 2,
    events: 1000,
    addresses: 500,
    mismatches: 0,
    accounts: 1,
    accountsEqual: 1,
    problems: [],
  };
  const rows = [
    { date: "2026-01-02", python: "3.11.7", workload: "a", measured },
    { date: "2026-01-01", python: "3.9.1", workload: "a", measured },
    { date: "2026-01-01", python: "3.9.1", workload: "b", measured },
    { date: "2026-01-03", python: "3.9.1", workload: "c", skipped: "no suite" },
  ];
  const run = longRunIn(JSON.stringify({ machine: "m", rows }));
  expect(run.dates).toBe("2026-01-01 to 2026-01-02");
  expect(run.rows).toEqual([
    ["3.9.1", "2", "4", "2,000", "1,000", "0", "2 of 2", "0"],
    ["3.11.7", "1", "2", "1,000", "500", "0", "1 of 1", "0"],
    ["all", "3", "6", "3,000", "1,500", "0", "3 of 3", "0"],
  ]);
});

it("the kept long run has no mismatch", () => {
  const { rows, columns } = readLongRun(fileURLToPath(new URL("../../../..", import.meta.url)));
  const at = columns.indexOf("mismatches");
  expect(rows.length).toBeGreaterThan(5);
  for (const row of rows) expect(row[at]).toBe("0");
});
