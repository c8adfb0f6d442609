// What all allocators did with one stream, as a table.

import stringWidth from "fast-string-width";
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
import type { Row, StreamFacts, StreamResult } from "../result.ts";
import type { Spread } from "../statistics.ts";

/** A control beyond this share says that the machine was too busy to tell small differences. */
const NOISE = 0.1;
const INDENT = "    ";

/** How much of the table there is, best first; the first that fits is shown. */
const LAYOUTS = [
  { barColumns: 20, hasPeak: true },
  { barColumns: 10, hasPeak: true },
  { barColumns: 10, hasPeak: false },
  { barColumns: 0, hasPeak: false },
] as const;
type Layout = (typeof LAYOUTS)[number];

/** A column, and what stands in it. */
interface Figure extends Column {
  readonly cell: (row: Row) => string;
}

export function* streamText(result: StreamResult, bases: readonly string[], look: Look): Generator<string> {
  const { colors, width } = look;
  const { kind, rows } = result;
  yield colors.bold(`${kind.name}  ${kind.title}`);
  const whole = rows.find(({ facts }) => !facts.isCut)?.facts ?? rows[0]?.facts;
  if (whole !== undefined) yield* figuresText(result, whole, bases, look);
  for (const { name, reason } of result.failures) {
    yield* wrapText(`${colors.yellow(name)} cannot run it at this scale: ${reason}`, width, INDENT);
  }
  yield "";
}

function* figuresText(
  result: StreamResult,
  whole: StreamFacts,
  bases: readonly string[],
  look: Look,
): Generator<string> {
  const { colors, width } = look;
  const live = `${formatCount(whole.liveBlocks)} live blocks of ${formatBytes(whole.liveBytesAtEnd)} at the end`;
  const scale = `${formatCount(whole.operations)} times ${result.kind.operation}; ${live}`;
  for (const line of wrapText(scale, width, INDENT)) yield colors.dim(line);
  yield* fittingTable(result, bases, look);
  yield* controlText(result, look);
}

function fittingTable(result: StreamResult, bases: readonly string[], look: Look): string[] {
  const shown = result.rows.filter(({ isControl }) => !isControl);
  let lines: string[] = [];
  for (const layout of LAYOUTS) {
    const figures = figuresOf(result, bases, layout, look);
    const cells = shown.map((row) => figures.map(({ cell }) => cell(row)));
    lines = tableLines(figures, cells, look.colors);
    if (lines.every((line) => stringWidth(line) <= look.width)) break;
  }
  return lines;
}

function figuresOf(result: StreamResult, bases: readonly string[], layout: Layout, look: Look): Figure[] {
  const { colors } = look;
  const figures: Figure[] = [
    { heading: `${INDENT}allocator`, cell: (row) => nameText(row, look) },
    { heading: "ns/op", align: "right", cell: (row) => timeText(nsPerOperation(row).median) },
    { heading: "ns/call", align: "right", cell: (row) => timeText(nsPerCall(row).median) },
  ];
  if (layout.barColumns > 0) figures.push({ heading: "", cell: barCell(result, layout.barColumns, look) });
  for (const base of bases) {
    const baseRow = rowOf(result, base);
    if (baseRow === undefined) continue;
    const cell = (row: Row) => (row === baseRow ? colors.dim("1") : ratioText(ratio(row, baseRow).median));
    figures.push({ heading: `of ${base}`, align: "right", cell });
  }
  const held = (row: Row) => footprintText(footprintAtEnd(row));
  figures.push({ heading: "held/live", align: "right", cell: held });
  const peak = (row: Row) => footprintText(footprintAtPeak(row));
  if (layout.hasPeak) figures.push({ heading: "at peak", align: "right", cell: peak });
  return figures;
}

/** Time per call, the slowest as a whole bar; but for those that are off the scale. */
function barCell({ rows }: StreamResult, columns: number, { colors, unicode }: Look): Figure["cell"] {
  const comparable = rows.filter(({ facts }) => !facts.isCut);
  const slowest = Math.max(...comparable.map((row) => nsPerCall(row).median));
  return (row) => colors.cyan(bar(Math.min(1, nsPerCall(row).median / slowest), columns, unicode));
}

function nameText({ name, origin, facts }: Row, { colors }: Look): string {
  const text = `${INDENT}${name}${facts.isCut ? "*" : ""}`;
  return origin === "ours" || origin === "given" ? colors.bold(text) : text;
}

function* controlText(result: StreamResult, { colors, width }: Look): Generator<string> {
  const controls = controlsOf(result);
  if (controls.length === 0) return;
  const isNoisy = controls.some(({ ratio }) => Math.abs(ratio.median - 1) > NOISE);
  const text = controls.map(({ name, ratio }) => `${name} ${spreadText(ratio)}`).join(", ");
  for (const line of wrapText(`the same twice: ${text}`, width, INDENT)) yield colors.dim(line);
  if (!isNoisy) return;
  const warning = "a noisy run: smaller differences than that of the same mean nothing";
  for (const line of wrapText(warning, width, INDENT)) yield colors.yellow(line);
}

const spreadText = ({ median, lower, upper }: Spread) =>
  `${median.toFixed(2)} (${lower.toFixed(2)} to ${upper.toFixed(2)})`;
const ratioText = (value: number) => (value < 100 ? value.toFixed(2) : formatCount(Math.round(value)));
/** Less than 1 where an interpreter had room before, which is not counted. */
const footprintText = (value: number | undefined) =>
  value === undefined ? "" : value < 1 ? "<1" : ratioText(value);
const timeText = (ns: number) => (ns < 100 ? ns.toFixed(1) : formatCount(Math.round(ns)));
