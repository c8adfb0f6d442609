// tracemalloc's tables as Python prints them: a heading, `str(statistic)` for each line, tracebacks with their source lines.

import { readFileSync } from "node:fs";
import type { GetLine, Statistic, StatisticDiff } from "@obmalloc/domains";
import { counted, formatBytes, formatCount } from "../shared/units.ts";
import type { TracedMoment, TracemallocOptions } from "./traced-moment.ts";

export function* tracemallocText(
  now: TracedMoment,
  before: TracedMoment | undefined,
  options: TracemallocOptions,
): Generator<string> {
  const { key, cumulative, limit } = options;
  const statistics: (Statistic | StatisticDiff)[] =
    before === undefined
      ? now.snapshot.statistics(key, cumulative)
      : now.snapshot.compareTo(before.snapshot, key, cumulative);
  const shown = statistics.slice(0, limit);
  yield before === undefined ? `[ Top ${shown.length} ]` : `[ Top ${shown.length} differences ]`;
  const getLine = key === "traceback" ? sourceLines() : undefined;
  for (const statistic of shown) {
    yield String(statistic);
    if (getLine !== undefined) yield* statistic.traceback.format({ getLine });
  }
  if (!cumulative) yield* others(statistics.slice(limit)); // blocks that count several times add up to nothing
  const { traces } = now.snapshot;
  const sizeBytes = traces.reduce((sum, { size }) => sum + size, 0);
  const total = `Total allocated size: ${formatBytes(sizeBytes)} in ${counted(traces.length, "block")}`;
  yield sizeBytes === now.tracedBytes ? total : `${total}, of ${formatBytes(now.tracedBytes)} traced`;
  const since = before === undefined ? "" : `, since ${before.recording.moment.name}`;
  yield `At ${now.recording.moment.name}${since}, as if traced from the start.`;
}

function* others(rest: readonly (Statistic | StatisticDiff)[]): Generator<string> {
  if (rest.length === 0) return;
  const sizeBytes = rest.reduce((sum, { size }) => sum + size, 0);
  yield `${formatCount(rest.length)} other: ${formatBytes(sizeBytes)}`;
}

/** Lines of source files, where they are still there (`linecache`). */
function sourceLines(): GetLine {
  const files = new Map<string, readonly string[]>();
  return (filename, lineno) => {
    let lines = files.get(filename);
    if (lines === undefined) {
      try {
        lines = readFileSync(filename, "utf8").split("\n");
      } catch {
        lines = []; // the program ran elsewhere, or the code has no file
      }
      files.set(filename, lines);
    }
    return lines[lineno - 1];
  };
}
