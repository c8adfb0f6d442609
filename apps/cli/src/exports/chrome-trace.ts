// Memory over time as Chrome trace events: Perfetto (ui.perfetto.dev), chrome://tracing, DevTools and speedscope open them.

import { type CollectionTally, HistoryMachine, type Reading, readings } from "@obmalloc/insight";
import { type Mark, MarkKind, type Moment, Replay, type TraceReader } from "@obmalloc/trace";

const MICROSECOND_NS = 1000;
/** Of more readings than so many some are left out, evenly: a viewer draws no more. */
const POINTS_MAX = 10_000;

/** Tracks beside the process's counters, as threads: their numbers after the process's own. */
const MARKERS = 0;
const COLLECTIONS = 1;

/** One entry of `traceEvents`. Times in microseconds since the start of the recording. */
interface TraceEvent {
  readonly name: string;
  readonly ph: "C" | "I" | "M" | "X";
  readonly ts: number;
  readonly dur?: number;
  readonly s?: "t";
  readonly track?: typeof MARKERS | typeof COLLECTIONS;
  readonly args: Readonly<Record<string, number | string>>;
}

/** An event before which it is known how much time had passed, and the resident set; 0 where that is not. */
type Known = Pick<Reading, "event" | "elapsedNs" | "rssBytes">;

/**
 * Counters (resident set, arenas, live blocks; bytes), taken where the process was sampled or the clock read, and at markers; markers as instants, and
 * collections of garbage as slices on a track of their own.
 *
 * @throws {TraceError} when the trace is damaged before the moment.
 * @see "Trace Event Format", of Chromium's catapult
 */
export function chromeTrace(trace: TraceReader, moment: Moment): string {
  const { pid, commandLine, implementation, version } = trace.info;
  const replay = new Replay(trace, { machine: (options) => new HistoryMachine(options, moment.event) });
  const known = knownTimes(trace, moment);
  // Where nothing says how much time passed, an event is drawn as a microsecond.
  const isTimed = known.some(({ elapsedNs }) => elapsedNs > 0);
  const time = ({ event, elapsedNs }: { event: number; elapsedNs: number }) =>
    isTimed ? elapsedNs / MICROSECOND_NS : event;

  const counters: TraceEvent[] = [];
  for (const point of isTimed ? known : evenly(moment.event)) {
    replay.runTo(point.event);
    if (replay.damage !== undefined) throw replay.damage;
    if (replay.event < point.event) break; // from here on another address came out
    for (const [name, bytes] of counted(replay, point))
      counters.push({ name, ph: "C", ts: time(point), args: { bytes } });
  }
  const marks = trace.tables.marks.filter(({ event }) => event <= replay.event);
  const collections = isTimed ? replay.machine.garbage.upTo(replay.event) : [];
  const events = [...counters, ...marks.map((mark) => instant(mark, time(mark))), ...collections.map(slice)];
  const command = commandLine.join(" ");
  const labels = isTimed ? command : `${command}; no times were recorded: a microsecond is one event`;
  const names: TraceEvent[] = [
    { name: "process_name", ph: "M", ts: 0, args: { name: commandLine.map(baseName).join(" ") } },
    { name: "process_labels", ph: "M", ts: 0, args: { labels } },
    { name: "thread_name", ph: "M", ts: 0, args: { name: "markers" } },
    { name: "thread_name", ph: "M", ts: 0, track: COLLECTIONS, args: { name: "collections of garbage" } },
  ];
  return JSON.stringify({
    traceEvents: [...names, ...events.sort((a, b) => a.ts - b.ts)].map(({ track = MARKERS, ...event }) => ({
      cat: "obmalloc",
      pid,
      tid: pid + track,
      ...event,
    })),
    displayTimeUnit: "ms",
    otherData: { command, interpreter: `${implementation} ${version}`, moment: moment.name },
  });
}

/** Where the clock was read, with samples and markers, up to the moment: one for each time, the last. */
function knownTimes(trace: TraceReader, moment: Moment): Known[] {
  const known = readings(trace).filter(({ event }) => event <= moment.event);
  const marked = new Set(trace.tables.marks.map(({ event }) => event));
  const step = Math.ceil(known.length / POINTS_MAX);
  const kept = known.filter(({ event }, index) => index % step === 0 || marked.has(event));
  return [...new Map(kept.map((one) => [one.elapsedNs, one])).values()];
}

function evenly(events: number): Known[] {
  const points = Math.min(events, POINTS_MAX / 10);
  return Array.from({ length: points + 1 }, (_, index) => ({
    event: Math.round((events * index) / Math.max(points, 1)),
    elapsedNs: 0,
    rssBytes: 0,
  }));
}

function* counted({ machine, profile, hasPools }: Replay<HistoryMachine>, { rssBytes }: Known) {
  if (rssBytes > 0) yield ["resident set", rssBytes] as const;
  if (hasPools) {
    let arenas = 0;
    for (const { heap } of machine.allHeaps()) arenas += heap.arenaCount;
    yield ["arenas", arenas * profile.pymalloc.arenaBytes] as const;
    yield ["live blocks in pools", machine.liveBytes] as const;
  }
  yield ["live blocks outside of pools", machine.outsideBlocks.bytes] as const;
}

const OTHER_MARKS: Readonly<Record<number, string>> = {
  [MarkKind.shutdown]: "shutdown",
  [MarkKind.exec]: "exec",
  [MarkKind.fork]: "fork",
};

function instant({ kind, label, event }: Mark, ts: number): TraceEvent {
  const name = OTHER_MARKS[kind] ?? (label === "" ? "marker" : label);
  return { name, ph: "I", s: "t", ts, args: { event } };
}

function slice({ collection, blocks, bytes }: CollectionTally): TraceEvent {
  const { generation, startNs, elapsedNs, collected, uncollectable, firstEvent, event } = collection;
  return {
    name: generation === 2 ? "generation 2, full" : `generation ${generation}`,
    ph: "X",
    ts: startNs / MICROSECOND_NS,
    dur: elapsedNs / MICROSECOND_NS,
    track: COLLECTIONS,
    args: {
      "objects collected": collected,
      "objects uncollectable": uncollectable,
      "freed blocks in pools": blocks,
      "freed bytes": bytes,
      "first event": firstEvent,
      event,
    },
  };
}

const baseName = (path: string) => path.slice(path.lastIndexOf("/") + 1);
