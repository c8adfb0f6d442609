// What several Workers did, as text: a table for each stream.

import { bar } from "../../shared/bar.ts";
import { type Column, tableLines } from "../../shared/table.ts";
import type { Look } from "../../shared/terminal.ts";
import { formatCount } from "../../shared/units.ts";
import { spreadOf } from "../statistics.ts";
import type { WorkerBenchOptions, WorkerResult, WorkerRow } from "../workers/run.ts";

const BAR_COLUMNS = 20;
const COLUMNS: readonly Column[] = [
  { heading: "    heap" },
  { heading: "Workers", align: "right" },
  { heading: "million/s", align: "right" },
  { heading: "" },
  { heading: "of one Worker", align: "right" },
];

export function* workersText(
  { stream, rows }: WorkerResult,
  { live, operations }: WorkerBenchOptions,
  look: Look,
): Generator<string> {
  if (rows.length === 0) return;
  const { colors, unicode } = look;
  yield colors.bold(`${stream.name}  ${stream.title}`);
  const each = `${formatCount(operations)} replacements by each, ${formatCount(live)} live blocks for each`;
  yield colors.dim(`    ${each}; wall time, all Workers together`);
  const fastest = Math.max(...rows.map((row) => medianRate(row)));
  const cells = rows.map((row) => [
    `    ${row.name}`,
    String(row.workers),
    (medianRate(row) / 1e6).toFixed(2),
    colors.cyan(bar(medianRate(row) / fastest, BAR_COLUMNS, unicode)),
    gain(row, rows)?.toFixed(2) ?? "",
  ]);
  yield* tableLines(COLUMNS, cells, colors);
  yield "";
}

const medianRate = ({ rates }: WorkerRow): number => spreadOf(rates).median;

/** What it does over what one Worker does in the same round; undefined for one Worker, or without such a run. */
export function gain(row: WorkerRow, rows: readonly WorkerRow[]): number | undefined {
  const alone = rows.find(({ name, workers }) => name === row.name && workers === 1);
  if (alone === undefined || alone === row) return undefined;
  return spreadOf(row.rates.map((rate, round) => rate / alone.rates[round]!)).median;
}
