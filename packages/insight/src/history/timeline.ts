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

/** What is known of the process before event number `event`; bytes. */
export interface Reading {
  readonly event: number;
  readonly elapsedNs: number;
  /** The resident set: of the last sample or marker up to here, or a peak that it rose to since then; 0 where it was never read. */
  readonly rssBytes: number;
  /** The most that had been resident up to here, as far as it was seen. */
  readonly peakBytes: number;
}

/** All readings of a recording in order: samples, markers, and the clock readings between them. */
export function readings(trace: TraceReader): Reading[] {
  let rssBytes = 0;
  let peakBytes = 0;
  return asRead(trace).map(({ event, elapsedNs, rssBytes: read, peakBytes: peak }) => {
    if (read > 0) rssBytes = read;
    else if (peak > peakBytes && peakBytes > 0) rssBytes = peak;
    peakBytes = Math.max(peakBytes, peak);
    return { event, elapsedNs, rssBytes, peakBytes };
  });
}

/** With 0 for what was not read. */
function asRead({ tables, info }: TraceReader): Reading[] {
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
  const all = [...resident, ...accounts, ...clocks];
  return all.sort((a, b) => a.event - b.event || a.elapsedNs - b.elapsedNs);
}

/** Reads times and resident sets in the order of events. */
export class Clock {
  private readonly readings: readonly Reading[];
  private next = 0;
  private now: { readonly elapsedNs: number; readonly rssBytes: number };

  constructor(trace: TraceReader) {
    this.readings = readings(trace);
    // What the first sample found was there already.
    const first = this.readings.find(({ rssBytes }) => rssBytes > 0);
    this.now = { elapsedNs: 0, rssBytes: first?.rssBytes ?? 0 };
  }

  /** Events have to be asked for in order. */
  at(event: number): { readonly elapsedNs: number; readonly rssBytes: number } {
    for (
      let r = this.readings[this.next];
      r !== undefined && r.event <= event;
      r = this.readings[this.next]
    ) {
      this.next++;
      this.now = { elapsedNs: r.elapsedNs, rssBytes: r.rssBytes || this.now.rssBytes };
    }
    return this.now;
  }
}

/** The most that was resident up to an event, as far as it was seen; 0 where it never was. Bytes. */
export function peakRssBytes(trace: TraceReader, event: number): number {
  return readings(trace).findLast((one) => one.event <= event)?.peakBytes ?? 0;
}

/** Nanoseconds from the start of the recording to an event, by the readings around it. */
export function elapsedNsAt(trace: TraceReader, event: number): number {
  const all = readings(trace);
  const before = all.findLast((one) => one.event <= event) ?? { event: 0, elapsedNs: 0 };
  const last = { event: trace.eventCount, elapsedNs: trace.end?.elapsedNs ?? before.elapsedNs };
  const after = all.find((one) => one.event > event) ?? last;
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
