// The result of a bench as text: a table for each stream, who is missing, and how to read it.

import { bar } from "../../shared/bar.ts";
import { type Column, tableLines } from "../../shared/table.ts";
import type { Look } from "../../shared/terminal.ts";
import { formatBytes, formatCount } from "../../shared/units.ts";
import { wrapText } from "../../shared/wrap-text.ts";
import {
  controlsOf,
  footprintAtEnd,
  footprintAtPeak,
  nsPerCall,
  nsPerOperation,
  ratio,
  rowOf,
} from "../figures.ts";
import type { BenchResult, Row, StreamResult } from "../result.ts";
import type { Spread } from "../statistics.ts";
import type { BenchPlan } from "./options.ts";
import { workersText } from "./workers-text.ts";

const BAR_COLUMNS = 20;
/** A control beyond this share says that the machine was too busy to tell small differences. */
const NOISE = 0.1;

export function* benchText(
  { streams, workers, missing }: BenchResult,
  { options, bases }: BenchPlan,
  look: Look,
): Generator<string> {
  for (const result of streams) yield* streamText(result, bases, look);
  for (const result of workers) yield* workersText(result, options.workers, look);
  for (const { name, title, reason } of missing) {
    yield* wrapText(`${look.colors.yellow("missing")}  ${name} (${title}): ${reason}.`, look.width);
  }
  if (missing.length > 0) yield "";
  if (streams.length > 0) yield* legend(streams, look);
}

function* streamText(result: StreamResult, bases: readonly string[], look: Look): Generator<string> {
  const { colors } = look;
  const { kind, rows } = result;
  const whole = rows.find(({ facts }) => !facts.isCut)?.facts ?? rows[0]!.facts;
  yield colors.bold(`${kind.name}  ${kind.title}`);
  const live = `${formatCount(whole.liveBlocks)} live blocks of ${formatBytes(whole.liveBytesAtEnd)} at the end`;
  yield colors.dim(`    ${formatCount(whole.operations)} times ${kind.operation}; ${live}`);
  const present = bases.filter((base) => rowOf(result, base) !== undefined);
  const shown = rows.filter(({ isControl }) => !isControl);
  const slowest = Math.max(...shown.filter(({ facts }) => !facts.isCut).map((row) => nsPerCall(row).median));
  const columns: Column[] = [
    { heading: "    allocator" },
    { heading: "ns/op", align: "right" },
    { heading: "ns/call", align: "right" },
    { heading: "" },
    ...present.map((base): Column => ({ heading: `of ${base}`, align: "right" })),
    { heading: "held/live", align: "right" },
    { heading: "at peak", align: "right" },
  ];
  yield* tableLines(
    columns,
    shown.map((row) => cells(row, result, present, slowest, look)),
    colors,
  );
  yield* controlText(result, look);
  yield "";
}

function cells(
  row: Row,
  result: StreamResult,
  bases: readonly string[],
  slowest: number,
  { colors, unicode }: Look,
): string[] {
  const name = `    ${row.name}${row.facts.isCut ? "*" : ""}`;
  const perCall = nsPerCall(row).median;
  return [
    row.origin === "ours" || row.origin === "given" ? colors.bold(name) : name,
    figure(nsPerOperation(row).median),
    figure(perCall),
    colors.cyan(bar(Math.min(1, perCall / slowest), BAR_COLUMNS, unicode)),
    ...bases.map((base) => (row.name === base ? colors.dim("1") : ratioText(row, rowOf(result, base)!))),
    footprintText(footprintAtEnd(row)),
    footprintText(footprintAtPeak(row)),
  ];
}

function* controlText(result: StreamResult, { colors }: Look): Generator<string> {
  const controls = controlsOf(result);
  if (controls.length === 0) return;
  const isNoisy = controls.some(({ ratio }) => Math.abs(ratio.median - 1) > NOISE);
  const text = controls.map(({ name, ratio }) => `${name} ${spreadText(ratio)}`).join(", ");
  yield colors.dim(`    the same twice: ${text}`);
  if (isNoisy) yield colors.yellow("    a noisy run: smaller differences than that of the same mean nothing");
}

const ratioText = (row: Row, base: Row) => ratio(row, base).median.toFixed(2);
const spreadText = ({ median, lower, upper }: Spread) =>
  `${median.toFixed(2)} (${lower.toFixed(2)} to ${upper.toFixed(2)})`;
const footprintText = (value: number | undefined) => (value === undefined ? "" : value.toFixed(2));
const figure = (ns: number) => (ns < 100 ? ns.toFixed(1) : formatCount(Math.round(ns)));

function* legend(streams: readonly StreamResult[], look: Look): Generator<string> {
  const lines = [
    "A call is one malloc, free or realloc; medians of CPU time. Ratios are of the time per call, paired within a round. Every allocator runs the same operations, and writes the first and last word of each block.",
    "held/live: bytes that the allocator holds from its host over bytes that are asked for, after the last operation and at the peaks.",
  ];
  const cuts = streams.flatMap(({ kind, rows }) =>
    rows
      .filter(({ facts }) => facts.isCut)
      .map(({ facts }) => `${formatCount(facts.operations)} of ${kind.name}`),
  );
  if (cuts.length > 0) {
    const operations = [...new Set(cuts)].join(", ");
    lines.push(`* searches through its blocks, and runs fewer operations for that reason: ${operations}.`);
  }
  for (const line of lines) for (const wrapped of wrapText(line, look.width)) yield look.colors.dim(wrapped);
}
