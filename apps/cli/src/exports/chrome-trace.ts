// Counters and markers over time as Chrome trace events: Perfetto (ui.perfetto.dev) and chrome://tracing open them.

import { examine, type TimePoint } from "@obmalloc/insight";
import { MarkKind, type Moment, type TraceReader } from "@obmalloc/trace";

const MICROSECOND_NS = 1000;
const POINTS = 2000;

/** Resident set, arenas and live bytes as counters; markers as instants; time in microseconds since the start. */
export function chromeTrace(trace: TraceReader, moment: Moment): string {
  const { timeline, replay } = examine(trace, moment, { points: POINTS });
  if (replay.damage !== undefined) throw replay.damage;
  const { pid, commandLine } = trace.info;
  const arenaBytes = trace.tables.arenas[1]?.sizeBytes ?? 0;
  const counter = (point: TimePoint, name: string, args: Record<string, number>) => ({
    name,
    ph: "C",
    ts: point.elapsedNs / MICROSECOND_NS,
    pid,
    tid: pid,
    args,
  });
  const counters = ascending(timeline).flatMap((point) => [
    counter(point, "resident", { bytes: point.rssBytes }),
    counter(point, "arenas", { bytes: point.arenas * arenaBytes }),
    counter(point, "live blocks", { "in pools": point.liveBytes, outside: point.outsideBytes }),
  ]);
  const marks = trace.tables.marks
    .filter((mark) => mark.event <= moment.event)
    .map(({ label, kind, elapsedNs, event }) => ({
      name: kind === MarkKind.shutdown ? "shutdown" : label || "marker",
      ph: "i",
      s: "p",
      ts: elapsedNs / MICROSECOND_NS,
      pid,
      tid: pid,
      args: { event },
    }));
  const process = { name: "process_name", ph: "M", pid, tid: pid, args: { name: commandLine.join(" ") } };
  return JSON.stringify({ traceEvents: [process, ...counters, ...marks], displayTimeUnit: "ms" });
}

/** One point for each time: a counter has one value at a time, the last. */
function ascending(timeline: readonly TimePoint[]): TimePoint[] {
  return [...new Map(timeline.map((point) => [point.elapsedNs, point])).values()];
}
