// An explanation as text: the verdict, the waterfall, the lines, what would help, lifetimes, and what is not known.

import {
  byGeneration,
  type ClassLifetimes,
  type Explanation,
  HELD_PARTS,
  type Part,
} from "@obmalloc/insight";
import { bar } from "../shared/bar.ts";
import type { Explained } from "../shared/explain-file.ts";
import { frameText, shortFrameText } from "../shared/frame-text.ts";
import { measuredText } from "../shared/measured-text.ts";
import { noFrameText } from "../shared/pins-headline.ts";
import { LEAK_REMEDY, NOT_TRIED } from "../shared/remedy-notes.ts";
import { sparkline } from "../shared/sparkline.ts";
import { type Column, fitEnd, tableLines } from "../shared/table.ts";
import type { Look } from "../shared/terminal.ts";
import { counted, formatBytes, formatCount, formatMs, formatPercent } from "../shared/units.ts";
import { verdictHeadline } from "../shared/verdict-text.ts";
import { wrapText } from "../shared/wrap-text.ts";

const BAR_COLUMNS = 20;
/** What the rest of a line takes, beside a bar and beside the ages. */
const BESIDE_BAR = 66;
const BESIDE_AGES = 58;
const CLASSES_SHOWN = 8;
/** Lifetimes of more bits than this share the last column. */
const AGE_COLUMNS = 24;

export interface ExplainTextOptions {
  readonly stack?: boolean;
  readonly limit: number;
}

export function* explanationText(
  explained: Explained,
  { stack = false, limit }: ExplainTextOptions,
  look: Look,
): Generator<string> {
  const { explanation } = explained;
  for (const line of wrapText(verdictHeadline(explanation), look.width)) yield look.colors.bold(line);
  yield look.colors.dim(
    `At ${explanation.moment.name} (event ${formatCount(explanation.moment.event)}); ${counted(explanation.arenas, "arena")}.`,
  );
  yield* waterfallText(explanation, look);
  yield* linesText(explained, limit, stack, look);
  yield* remediesText(explanation, look);
  yield* lifetimesText(explanation.lifetimes, look);
  yield* collectionsText(explanation, look);
  if (explanation.shortcomings.length === 0) return;
  yield* title("What this recording cannot tell", look);
  for (const text of explanation.shortcomings) yield* wrapText(text, look.width, "  ");
}

const title = (text: string, { colors }: Look) => ["", colors.bold(text)];

function* waterfallText({ waterfall }: Explanation, look: Look): Generator<string> {
  const { parts, rssBytes } = waterfall;
  const total = rssBytes ?? parts.reduce((sum, part) => sum + part.bytes, 0);
  yield* title(
    rssBytes === undefined ? "What is known" : `Where ${formatBytes(rssBytes)} resident are`,
    look,
  );
  yield* tableLines(
    [
      { heading: "" },
      { heading: "bytes", align: "right" },
      { heading: "share", align: "right" },
      { heading: "" },
      { heading: "how sure" },
    ],
    parts.map((part) => partCells(part, total, look)),
    look.colors,
  )
    .filter((line) => line !== "")
    .map((line) => `  ${line}`);
  const measured = measuredText(waterfall);
  if (measured !== "") for (const line of wrapText(measured, look.width, "  ")) yield look.colors.dim(line);
}

function partCells({ key, name, bytes, grade }: Part, total: number, look: Look): string[] {
  const { colors, unicode, width } = look;
  const columns = Math.min(BAR_COLUMNS, Math.max(6, width - BESIDE_BAR));
  const paint = HELD_PARTS.has(key) ? colors.yellow : colors.cyan;
  const drawn = bar(Math.max(0, bytes) / total, columns, unicode).padEnd(columns);
  return [name, signedBytes(bytes), formatPercent(Math.abs(bytes) / total), paint(drawn), colors.dim(grade)];
}

const signedBytes = (bytes: number) => (bytes < 0 ? `-${formatBytes(-bytes)}` : formatBytes(bytes));

function* linesText(
  { explanation: { pins }, stacks, trace }: Explained,
  limit: number,
  stack: boolean,
  look: Look,
): Generator<string> {
  if (pins.length === 0) return;
  yield* title("Who pins", look);
  const nobody = noFrameText(trace);
  const columns: Column[] = [
    { heading: "held alone", align: "right" },
    { heading: "shared", align: "right" },
    { heading: "live", align: "right" },
    { heading: "arenas", align: "right" },
    { heading: "leverage", align: "right" },
    { heading: "line" },
  ];
  const shown = pins.slice(0, limit);
  const rows = shown.map((pin) => [
    pin.heldBytes === 0 ? "-" : formatBytes(pin.heldBytes),
    pin.sharedBytes === 0 ? "-" : formatBytes(pin.sharedBytes),
    formatBytes(pin.liveBytes),
    formatCount(pin.arenas + pin.sharedArenas),
    pin.heldBytes === 0 ? "-" : `${Math.round(pin.leverage)}x`,
    fitEnd(pin.frame === undefined ? nobody : frameText(pin.frame), Math.max(20, look.width - 62), "..."),
  ]);
  yield* tableLines(columns, rows, look.colors).map((line) => `  ${line}`);
  const left = pins.length - shown.length;
  if (left > 0) yield look.colors.dim(`  and ${counted(left, "line")} more: --limit ${pins.length}`);
  if (!stack) return;
  for (const pin of shown.filter((one) => one.frame !== undefined)) {
    yield `  ${look.colors.bold(frameText(pin.frame!))}`;
    for (const frame of stacks.frames(pin.stack).slice(1)) yield `    called from ${frameText(frame)}`;
  }
}

function* remediesText({ verdict, remedies, replayedRemedies }: Explanation, look: Look): Generator<string> {
  yield* title("What would help", look);
  if (verdict.kind === "leak") yield* wrapText(LEAK_REMEDY, look.width, "  ");
  if (remedies.length === 0) yield "  Nothing that was tried here saves as much as 1 % of what is resident.";
  for (const { title: text, frame, savingBytes, arenasAfter, cost, grade } of remedies) {
    const where = frame === undefined ? "" : ` (${shortFrameText(frame)})`;
    const saving = look.colors.green(`-${formatBytes(savingBytes)}`.padStart(12));
    const lines = wrapText(`${text}${where}`, look.width, " ".repeat(15));
    yield `  ${saving} ${lines[0]!.trimStart()}`;
    yield* lines.slice(1);
    const after = arenasAfter === undefined ? "" : `${counted(arenasAfter, "arena")} then; `;
    for (const line of wrapText(`${after}${grade}; costs: ${cost}`, look.width, " ".repeat(15)))
      yield look.colors.dim(line);
  }
  if (!replayedRemedies)
    for (const line of wrapText(`${NOT_TRIED} explain --remedies all`, look.width, "  "))
      yield look.colors.dim(line);
}

function* lifetimesText(rows: readonly ClassLifetimes[], look: Look): Generator<string> {
  const busiest = [...rows].sort((a, b) => b.freeBytes - a.freeBytes || b.births - a.births);
  const shown = busiest.slice(0, CLASSES_SHOWN);
  if (shown.length === 0) return;
  yield* title("How long blocks lived, by size class (those with most free room in used pools)", look);
  const columns: Column[] = [
    { heading: "bytes", align: "right" },
    { heading: "births", align: "right" },
    { heading: "deaths", align: "right" },
    { heading: "live", align: "right" },
    { heading: "free room", align: "right" },
    { heading: "collision", align: "right" },
    { heading: look.width < 90 ? "deaths by age" : `deaths by age, 1 to 2^${AGE_COLUMNS - 1} events` },
  ];
  yield* tableLines(
    columns,
    shown.map((row) => [
      String(row.blockBytes),
      formatCount(row.births),
      formatCount(row.deaths),
      formatCount(row.live),
      formatBytes(row.freeBytes),
      row.collision.toFixed(2),
      ages(row, look),
    ]),
    look.colors,
  ).map((line) => `  ${line}`);
  const text =
    "Collision: the share of the room in pools with live blocks that blocks left behind which died; near 1, few survivors keep what many short-lived neighbours filled.";
  for (const line of wrapText(text, look.width, "  ")) yield look.colors.dim(line);
}

function* collectionsText({ collections }: Explanation, look: Look): Generator<string> {
  const rows = byGeneration(collections);
  if (rows.length === 0) return;
  yield* title("Collections of garbage", look);
  const columns: Column[] = ["generation", "times", "objects", "freed", "at most", "time", "longest"].map(
    (heading) => ({ heading, align: "right" }),
  );
  yield* tableLines(
    columns,
    rows.map((row) => [
      String(row.generation),
      formatCount(row.collections),
      formatCount(row.collected),
      formatBytes(row.bytes),
      formatBytes(row.mostBytes),
      formatMs(row.elapsedNs),
      formatMs(row.longestNs),
    ]),
    look.colors,
  ).map((line) => `  ${line}`);
  const stuck = rows.reduce((sum, row) => sum + row.uncollectable, 0);
  if (stuck > 0) yield `  ${counted(stuck, "object")} could not be collected (gc.garbage).`;
}

/** A column for each power of two, or where there are no such characters, the age by which half had died. */
function ages({ deathsByAge, deaths }: ClassLifetimes, { unicode, width }: Look): string {
  if (unicode) {
    const count = Math.min(AGE_COLUMNS, Math.max(8, width - BESIDE_AGES));
    const columns = Array.from({ length: count }, (_, i) => deathsByAge[i]!);
    for (const late of deathsByAge.slice(count)) columns[count - 1]! += late;
    return sparkline(columns, count);
  }
  if (deaths === 0) return "none died";
  let median = 0;
  for (let seen = deathsByAge[0]!; seen < deaths / 2; seen += deathsByAge[median]!) median++;
  return `half within ${formatCount(2 ** median)} events`;
}
