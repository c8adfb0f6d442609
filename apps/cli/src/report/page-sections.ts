// The report's sections that are text: they are in the file as they are read, and need no script.

import { byGeneration, type ClassLifetimes, type Explanation, type Remedy } from "@obmalloc/insight";
import type { Frame, Pin, Stacks, TraceReader } from "@obmalloc/trace";
import { frameText } from "../shared/frame-text.ts";
import { measuredText, samplingText } from "../shared/measured-text.ts";
import { NO_FRAME } from "../shared/pins-headline.ts";
import { LEAK_REMEDY, NOT_TRIED } from "../shared/remedy-notes.ts";
import { counted, formatBytes, formatCount, formatMs } from "../shared/units.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that may stand anywhere in the page. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);

interface Column {
  readonly heading: string;
  readonly className?: "number" | "where";
}

/**
 * Cells are HTML already. On a narrow page each row is a card, and each cell brings its heading along; the roles say that it is a table
 * all the same.
 */
function table(caption: string, columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const attribute = ({ className }: Column) => (className === undefined ? "" : ` class="${className}"`);
  const head = columns
    .map((column) => `<th role="columnheader" scope="col"${attribute(column)}>${column.heading}</th>`)
    .join("");
  const cell = (html: string, column: Column) =>
    `<td role="cell" data-heading="${column.heading}"${attribute(column)}>${html}</td>`;
  const body = rows
    .map((row) => `<tr role="row">${row.map((html, i) => cell(html, columns[i]!)).join("")}</tr>`)
    .join("\n");
  return `<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table role="table"><thead role="rowgroup"><tr role="row">${head}</tr></thead><tbody role="rowgroup">\n${body}\n</tbody></table></div>`;
}

export const section = (title: string, content: string): string =>
  `<section>\n<h2>${title}</h2>\n${content}\n</section>`;

export function waterfallSection({ waterfall }: Explanation): string {
  const measured = measuredText(waterfall);
  const note = measured === "" ? "" : `<p class="dim">${measured}</p>`;
  return section("Where the memory is", `<obm-waterfall></obm-waterfall>${note}`);
}

const LINES = 25;

export function linesSection(pins: readonly Pin[], stacks: Stacks): string {
  if (pins.length === 0) return "";
  const columns: Column[] = [
    { heading: "held alone", className: "number" },
    { heading: "shared", className: "number" },
    { heading: "live", className: "number" },
    { heading: "arenas", className: "number" },
    { heading: "leverage", className: "number" },
    { heading: "line", className: "where" },
  ];
  const rows = pins
    .slice(0, LINES)
    .map((pin) => [
      pin.heldBytes === 0 ? "-" : formatBytes(pin.heldBytes),
      pin.sharedBytes === 0 ? "-" : formatBytes(pin.sharedBytes),
      formatBytes(pin.liveBytes),
      formatCount(pin.arenas + pin.sharedArenas),
      pin.heldBytes === 0 ? "-" : `${Math.round(pin.leverage)}x`,
      lineCell(pin, stacks),
    ]);
  const more =
    pins.length > LINES ? `<p class="dim">and ${counted(pins.length - LINES, "line")} more</p>` : "";
  return section("Who pins", table("Lines by what they hold", columns, rows) + more);
}

/** The line, and its whole stack behind a click. */
function lineCell({ frame, stack }: Pin, stacks: Stacks): string {
  if (frame === undefined) return NO_FRAME;
  const outer = stacks.frames(stack).slice(1);
  const line = escapeHtml(frameText(frame));
  if (outer.length === 0) return line;
  return `<details><summary>${line}</summary>${outer.map((one) => escapeHtml(frameText(one))).join("<br>")}</details>`;
}

const frameCell = (frame: Frame | undefined) =>
  frame === undefined ? "" : `<br><code>${escapeHtml(frameText(frame))}</code>`;

export function remediesSection({ verdict, remedies, replayedRemedies }: Explanation): string {
  const rows = remedies.map((remedy: Remedy) => [
    `<span class="saving">-${formatBytes(remedy.savingBytes)}</span>`,
    `${escapeHtml(remedy.title)}${frameCell(remedy.frame)}`,
    remedy.arenasAfter === undefined ? "" : formatCount(remedy.arenasAfter),
    escapeHtml(remedy.cost),
    `${remedy.grade}: ${escapeHtml(remedy.basis)}`,
  ]);
  const columns: Column[] = [
    { heading: "saves", className: "number" },
    { heading: "what to do" },
    { heading: "arenas then", className: "number" },
    { heading: "what it costs" },
    { heading: "how sure" },
  ];
  const note = replayedRemedies ? "" : `<p class="dim">${NOT_TRIED} obmalloc explain --remedies all.</p>`;
  const content =
    rows.length === 0
      ? "<p>Nothing that was tried saves as much as 1 % of what is resident.</p>"
      : table("Remedies", columns, rows);
  const first = verdict.kind === "leak" ? `<p>${LEAK_REMEDY}</p>` : "";
  return section("What would help", first + content + note);
}

const CLASSES = 12;
const AGES = 24;
const AGES_HEIGHT = 26;

export function lifetimesSection(lifetimes: readonly ClassLifetimes[]): string {
  const shown = [...lifetimes]
    .sort((a, b) => b.freeBytes - a.freeBytes || b.births - a.births)
    .slice(0, CLASSES);
  if (shown.length === 0) return "";
  const number = (heading: string): Column => ({ heading, className: "number" });
  const columns = [
    ...["block", "births", "deaths", "live", "free room", "collision"].map(number),
    { heading: "deaths by age, doubling from 1 event" },
  ];
  const rows = shown.map((row) => [
    String(row.blockBytes),
    formatCount(row.births),
    formatCount(row.deaths),
    formatCount(row.live),
    formatBytes(row.freeBytes),
    row.collision.toFixed(2),
    agesCell(row),
  ]);
  const text =
    "Collision: the share of the room in pools with live blocks that was vacated by blocks which died; near 1, few survivors keep what many short-lived neighbours filled.";
  return section(
    "How long blocks lived, by size class",
    `${table("Lifetimes by size class", columns, rows)}<p class="dim">${text}</p>`,
  );
}

function agesCell({ deathsByAge, deaths }: ClassLifetimes): string {
  const top = Math.max(1, ...deathsByAge);
  const bars = deathsByAge
    .slice(0, AGES)
    .map((count, age) => {
      const height = Math.max(1, Math.round((count / top) * AGES_HEIGHT));
      return `<rect x="${age * 6}" y="${AGES_HEIGHT - height}" width="5" height="${height}"/>`;
    })
    .join("");
  let median = 0;
  for (let seen = deathsByAge[0]!; seen < deaths / 2; seen += deathsByAge[median]!) median++;
  const text = deaths === 0 ? "none died" : `half within ${formatCount(2 ** median)} events`;
  const size = `width="${AGES * 6}" height="${AGES_HEIGHT}"`;
  return `<svg class="ages" role="img" aria-label="${text}" ${size}>${bars}</svg> <span class="dim">${text}</span>`;
}

export function collectionsSection({ collections }: Explanation): string {
  const rows = byGeneration(collections).map((row) => [
    String(row.generation),
    formatCount(row.collections),
    formatCount(row.collected),
    formatCount(row.uncollectable),
    formatBytes(row.bytes),
    formatBytes(row.mostBytes),
    formatMs(row.elapsedNs),
    formatMs(row.longestNs),
  ]);
  if (rows.length === 0) return "";
  const headings = ["generation", "times", "objects", "uncollectable", "freed", "at most", "time", "longest"];
  const columns = headings.map((heading): Column => ({ heading, className: "number" }));
  return section("Collections of garbage", table("Collections by generation", columns, rows));
}

export function certificateSection(trace: TraceReader, explanation: Explanation): string {
  const { info, eventCount, end } = trace;
  const { addressesCompared, eventsReplayed, texts, equalTexts } = explanation.certificate;
  const facts: [string, string][] = [
    ["program", info.commandLine.join(" ")],
    ["interpreter", `CPython ${info.versionText}`],
    [
      "allocator",
      `${info.allocator}${info.pythonmalloc === null ? "" : `, PYTHONMALLOC=${info.pythonmalloc}`}`,
    ],
    ["platform", `${info.platform ?? "unknown"}, ${info.model}, pages of ${info.pageSizeBytes} bytes`],
    ["stacks", info.stacksNote === null ? info.stacks : `${info.stacks} (${info.stacksNote})`],
    ["recorded", `${new Date(info.startedAtUnixMs).toISOString()}; end: ${end?.reason ?? "not recorded"}`],
    ["resident set", samplingText(trace)],
    [
      "events",
      `${formatCount(eventsReplayed)} replayed up to ${explanation.moment.name}, of ${formatCount(eventCount)}`,
    ],
    [
      "certificate",
      info.derivedFrom !== undefined
        ? `none: made of a capture (${info.derivedFrom}), whose addresses are taken as they are`
        : `${formatCount(addressesCompared)} addresses compared with the process's, no mismatch; ${equalTexts} of ${texts} of its own sys._debugmallocstats() texts equal to the letter`,
    ],
  ];
  const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`).join("\n");
  return section("The recording, and how exact this is", `<dl>\n${list}\n</dl>`);
}
