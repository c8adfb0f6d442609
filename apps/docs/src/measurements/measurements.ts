// What commands of the repository have measured and written into its files.

import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Measured {
  readonly paragraphs: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const plain = (text: string): string => text.replaceAll(/[`*]/g, "").trim();

const cells = (line: string): string[] =>
  line
    .replace(/^\||\|$/g, "")
    .split("|")
    .map(plain);

/** The paragraphs in front of the first table of a Markdown text, and that table. */
export function measuredIn(markdown: string): Measured {
  const lines = markdown.split("\n");
  const first = lines.findIndex((line) => line.startsWith("|"));
  if (first < 0) throw new Error("There is no table in this measurement.");
  const last = lines.findIndex((line, index) => index > first && !line.startsWith("|"));
  const [columns = [], , ...rows] = lines.slice(first, last < 0 ? undefined : last).map(cells);
  const paragraphs = lines
    .slice(1, first)
    .join("\n")
    .split(/\n\s*\n/)
    .map((text) => plain(text.replaceAll("\n", " ")))
    .filter((text) => text !== "");
  return { paragraphs, columns, rows };
}

/** @param root the repository's folder. */
export const readMeasured = (root: string, file: string): Measured =>
  measuredIn(readFileSync(join(root, file), "utf8"));

interface Row {
  readonly date: string;
  readonly python: string;
  readonly workload: string;
  readonly measured?: {
    readonly recordings: number;
    readonly events: number;
    readonly addresses: number;
    readonly mismatches: number;
    readonly accounts: number;
    readonly accountsEqual: number;
    /** What was not as it should be, output of the program included. */
    readonly problems: readonly string[];
  };
}

interface LongRun {
  readonly machine: string;
  readonly dates: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const count = (value: number): string => value.toLocaleString("en-US");

/** The long run by interpreter, and all together. */
export function longRunIn(json: string): LongRun {
  const { machine, rows } = JSON.parse(json) as { machine: string; rows: readonly Row[] };
  const done = rows.filter((row) => row.measured !== undefined);
  const versions = [...new Set(done.map(({ python }) => python))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
  const line = (name: string, of: readonly Row[]): string[] => {
    const sum = (key: Exclude<keyof NonNullable<Row["measured"]>, "problems">) =>
      of.reduce((total, { measured }) => total + (measured?.[key] ?? 0), 0);
    const texts = `${count(sum("accountsEqual"))} of ${count(sum("accounts"))}`;
    const numbers = [of.length, sum("recordings"), sum("events"), sum("addresses"), sum("mismatches")];
    const odd = of.filter(({ measured }) => (measured?.problems.length ?? 0) > 0).length;
    return [name, ...numbers.map(count), texts, count(odd)];
  };
  const dates = [...new Set(done.map(({ date }) => date))].sort();
  return {
    machine,
    dates: dates.length > 1 ? `${dates[0]} to ${dates.at(-1)}` : (dates[0] ?? ""),
    columns: [
      "CPython",
      "runs",
      "processes",
      "events",
      "addresses compared",
      "mismatches",
      "texts equal",
      "runs with other output",
    ],
    rows: [
      ...versions.map((version) =>
        line(
          version,
          done.filter(({ python }) => python === version),
        ),
      ),
      line("all", done),
    ],
  };
}

export const readLongRun = (root: string): LongRun =>
  longRunIn(readFileSync(join(root, "bench/long/results.json"), "utf8"));
