// The table: kept as JSON, written as Markdown. A run of a part replaces that part's rows and keeps the others.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Measured } from "./measure.ts";

export interface Row {
  readonly date: string;
  readonly python: string;
  readonly workload: string;
  readonly packages: Readonly<Record<string, string>>;
  /** Why there was nothing to record. */
  readonly skipped?: string;
  readonly measured?: Omit<Measured, "kept">;
}

interface Results {
  readonly machine: string;
  readonly rows: readonly Row[];
}

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Puts `fresh` rows into the kept results, then writes both files. */
export function keep(fresh: readonly Row[]): void {
  const path = file("results.json");
  const kept = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Results).rows : [];
  const replaced = new Set(fresh.map(keyOf));
  const rows = [...kept.filter((row) => !replaced.has(keyOf(row))), ...fresh].sort(inOrder);
  writeFileSync(path, `${JSON.stringify({ machine: machine(), rows }, undefined, 2)}\n`);
  writeFileSync(file("results.md"), markdown({ machine: machine(), rows }));
}

const keyOf = ({ python, workload }: Row) => `${workload}\n${python}`;

const inOrder = (a: Row, b: Row) => keyOf(a).localeCompare(keyOf(b), "en", { numeric: true });

/** One line for the terminal. */
export function lineOf({ python, workload, skipped, measured }: Row): string {
  const name = `${python.padEnd(14)} ${workload.padEnd(36)}`;
  if (measured === undefined) return `${name} skipped: ${skipped}`;
  const { events, mismatches, plainSeconds, recordedSeconds, verifySeconds, problems } = measured;
  const seconds = [plainSeconds, recordedSeconds, verifySeconds].map((value) => value.toFixed(1)).join(" / ");
  const verdict = problems.length === 0 ? "exact" : `FAILED: ${problems.join("; ")}`;
  return `${name} ${count(events).padStart(12)} events, ${mismatches} mismatches, ${seconds} s, ${verdict}`;
}

export function totalsOf(rows: readonly Row[]) {
  const all = rows.flatMap(({ measured }) => measured ?? []);
  const sum = (value: (measured: Omit<Measured, "kept">) => number) =>
    all.reduce((total, one) => total + value(one), 0);
  return {
    runs: all.length,
    failed: all.filter(({ problems }) => problems.length > 0).length,
    recordings: sum((one) => one.recordings),
    events: sum((one) => one.events),
    addresses: sum((one) => one.addresses),
    mismatches: sum((one) => one.mismatches),
    accounts: sum((one) => one.accounts),
    accountsEqual: sum((one) => one.accountsEqual),
    traceBytes: sum((one) => one.traceBytes),
    plainSeconds: sum((one) => one.plainSeconds),
    recordedSeconds: sum((one) => one.recordedSeconds),
    verifySeconds: sum((one) => one.verifySeconds),
  };
}

export const count = (value: number) => value.toLocaleString("en-US");

function markdown({ machine: kind, rows }: Results): string {
  const dates = rows.map(({ date }) => date).sort();
  const totals = totalsOf(rows);
  const head = [
    "# Long run",
    "",
    `Recorded ${dates[0] === dates.at(-1) ? `on ${dates[0]}` : `from ${dates[0]} to ${dates.at(-1)}`} on ${kind}.`,
    `**${count(totals.events)} events in ${totals.runs} runs (${totals.recordings} processes), ` +
      `${count(totals.addresses)} addresses compared, ${totals.mismatches} mismatches; ` +
      `${totals.accountsEqual} of ${totals.accounts} texts of \`sys._debugmallocstats()\` equal.**`,
    "",
    "Seconds are wall time, also of starting the commands: the program alone, recorded with whole stacks, and verified.",
    "They come from one run each on a machine that does other work too; the benchmarks are elsewhere. Output is what",
    "the recorded program printed, against the same program untraced; the exit status was compared in every run.",
    "",
    "| workload | CPython | date | packages | events | addresses | mismatches | texts equal | output | bytes/event | alone | recorded | verify |",
    "|---|---|---|---|--:|--:|--:|--:|---|--:|--:|--:|--:|",
  ];
  const skipped = rows.filter((row) => row.skipped !== undefined);
  const lines = rows.filter(({ measured }) => measured !== undefined).map(tableLine);
  const sum = [
    "**total**",
    "",
    "",
    "",
    count(totals.events),
    count(totals.addresses),
    String(totals.mismatches),
    `${totals.accountsEqual}/${totals.accounts}`,
    "",
    (totals.traceBytes / totals.events).toFixed(2),
    ...[totals.plainSeconds, totals.recordedSeconds, totals.verifySeconds].map((value) => value.toFixed(1)),
  ];
  const foot = skipped.map(({ workload, python, skipped: why }) => `- ${workload} on ${python}: ${why}`);
  return [
    ...head,
    ...lines,
    `| ${sum.join(" | ")} |`,
    ...(foot.length > 0 ? ["", "Skipped:", "", ...foot] : []),
    "",
  ].join("\n");
}

function tableLine({ workload, python, date, packages, measured }: Row): string {
  const { events, addresses, mismatches, accounts, accountsEqual, traceBytes, problems } = measured!;
  const { plainSeconds, recordedSeconds, verifySeconds, exitCode, outputCompared } = measured!;
  const names = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  const output =
    problems.length > 0 ? `FAILED: ${problems.join("; ")}` : outputCompared ? "equal" : `status ${exitCode}`;
  const cells = [
    workload,
    python,
    date,
    names.join(", "),
    count(events),
    count(addresses),
    String(mismatches),
    `${accountsEqual}/${accounts}`,
    output,
    (traceBytes / events).toFixed(2),
    ...[plainSeconds, recordedSeconds, verifySeconds].map((value) => value.toFixed(1)),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** What kind of machine this is, without its name. */
function machine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `Linux ${release().split("-")[0]}, ${process.arch}, ${cpus().length} × ${first?.model.trim() ?? "unknown"}, ${memory} GiB`;
}
