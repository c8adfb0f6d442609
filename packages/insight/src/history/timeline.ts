// How memory went over the run, as a few hundred points; and what the kernel said meanwhile.

import type { Tables, TraceReader } from "@obmalloc/trace";
import type { HistoryMachine } from "./history-machine.ts";

/** The process before event number `event`. Bytes. */
export interface TimePoint {
  readonly event: number;
  readonly elapsedNs: number;
  /** Resident set, as the last sample or marker before has it; 0 where there is none. */
  readonly rssBytes: number;
  readonly arenas: number;
  /** Requested bytes of live blocks: in pools, and outside of them. */
  readonly liveBytes: number;
  readonly outsideBytes: number;
}

/** Reads times and resident sets in the order of events. */
export class Clock {
  private readonly moments: readonly { event: number; elapsedNs: number; rssBytes: number }[];
  private next = 0;
  private elapsedNs = 0;
  private rssBytes = 0;

  constructor({ tables, info }: TraceReader) {
    const of = ({ event, elapsedNs, rssPages }: Tables["samples"][number] | Tables["marks"][number]) => ({
      event,
      elapsedNs,
      rssBytes: rssPages * info.pageSizeBytes,
    });
    this.moments = [...tables.samples.map(of), ...tables.marks.map(of)].sort((a, b) => a.event - b.event);
    this.rssBytes = this.moments[0]?.rssBytes ?? 0; // what the first sample found was there already
  }

  /** Events have to be asked for in order. */
  at(event: number): { readonly elapsedNs: number; readonly rssBytes: number } {
    for (let m = this.moments[this.next]; m !== undefined && m.event <= event; m = this.moments[this.next]) {
      this.next++;
      this.elapsedNs = m.elapsedNs;
      this.rssBytes = m.rssBytes;
    }
    const { elapsedNs, rssBytes } = this;
    return { elapsedNs, rssBytes };
  }
}

export function timePoint(machine: HistoryMachine, event: number, clock: Clock): TimePoint {
  let arenas = 0;
  for (const { heap } of machine.allHeaps()) arenas += heap.arenaCount;
  const { liveBytes, outsideBlocks } = machine;
  return { event, ...clock.at(event), arenas, liveBytes, outsideBytes: outsideBlocks.bytes };
}
