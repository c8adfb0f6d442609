// How memory went over the run, as a few hundred points; and what the kernel said meanwhile.

import type { TraceReader } from "@obmalloc/trace";
import type { HistoryMachine } from "./history-machine.ts";

/** The process before event number `event`. Bytes. */
export interface TimePoint {
  readonly event: number;
  readonly elapsedNs: number;
  /** Resident set, as the last sample or marker before has it, or a peak that it rose to since then; 0 where there is none. */
  readonly rssBytes: number;
  readonly arenas: number;
  /** Requested bytes of live blocks: in pools, and outside of them. */
  readonly liveBytes: number;
  readonly outsideBytes: number;
}

/** What was read at a moment, in bytes; 0 where it was not. */
interface Reading {
  readonly event: number;
  readonly elapsedNs: number;
  readonly rssBytes: number;
  /** The most that had been resident up to then. */
  readonly peakBytes: number;
}

/** Samples, markers, and what was read between them, in order. */
function readingsOf({ tables, info }: TraceReader): Reading[] {
  const { samples, marks, notes } = tables;
  const resident = [...samples, ...marks].map(({ event, elapsedNs, rssPages }) => {
    const rssBytes = rssPages * info.pageSizeBytes;
    return { event, elapsedNs, rssBytes, peakBytes: rssBytes };
  });
  const accounts = notes.accounts.map(({ event, elapsedNs, rss: rssBytes, peakRss: peakBytes }) => ({
    event,
    elapsedNs,
    rssBytes,
    peakBytes,
  }));
  const clocks = notes.clocks.map(({ event, elapsedNs, peakRssBytes: peakBytes }) => ({
    event,
    elapsedNs,
    rssBytes: 0,
    peakBytes,
  }));
  return [...resident, ...accounts, ...clocks].sort((a, b) => a.event - b.event || a.elapsedNs - b.elapsedNs);
}

/** Reads times and resident sets in the order of events. */
export class Clock {
  private readonly readings: readonly Reading[];
  private next = 0;
  private elapsedNs = 0;
  private rssBytes: number;
  private peakBytes = 0;

  constructor(trace: TraceReader) {
    this.readings = readingsOf(trace);
    // What the first sample found was there already.
    this.rssBytes = this.readings.find(({ rssBytes }) => rssBytes > 0)?.rssBytes ?? 0;
  }

  /** Events have to be asked for in order. */
  at(event: number): { readonly elapsedNs: number; readonly rssBytes: number } {
    for (
      let r = this.readings[this.next];
      r !== undefined && r.event <= event;
      r = this.readings[this.next]
    ) {
      this.next++;
      this.elapsedNs = r.elapsedNs;
      if (r.rssBytes > 0) this.rssBytes = r.rssBytes;
      else if (r.peakBytes > this.peakBytes && this.peakBytes > 0) this.rssBytes = r.peakBytes;
      this.peakBytes = Math.max(this.peakBytes, r.peakBytes);
    }
    const { elapsedNs, rssBytes } = this;
    return { elapsedNs, rssBytes };
  }
}

/** The most that was resident up to an event, as far as it was seen; 0 where it never was. Bytes. */
export function peakRssBytes(trace: TraceReader, event: number): number {
  return readingsOf(trace).reduce((most, r) => (r.event <= event ? Math.max(most, r.peakBytes) : most), 0);
}

/** Nanoseconds from the start of the recording to an event, by the readings around it. */
export function elapsedNsAt(trace: TraceReader, event: number): number {
  const readings = readingsOf(trace);
  const before = readings.findLast((one) => one.event <= event) ?? { event: 0, elapsedNs: 0 };
  const last = { event: trace.eventCount, elapsedNs: trace.end?.elapsedNs ?? before.elapsedNs };
  const after = readings.find((one) => one.event > event) ?? last;
  if (after.event <= before.event) return before.elapsedNs;
  const share = (event - before.event) / (after.event - before.event);
  return before.elapsedNs + share * Math.max(0, after.elapsedNs - before.elapsedNs);
}

export function timePoint(machine: HistoryMachine, event: number, clock: Clock): TimePoint {
  let arenas = 0;
  for (const { heap } of machine.allHeaps()) arenas += heap.arenaCount;
  const { liveBytes, outsideBlocks } = machine;
  return { event, ...clock.at(event), arenas, liveBytes, outsideBytes: outsideBlocks.bytes };
}
