// An explanation as the data of two pictures, for a report and for a page. @obmalloc/heap-map draws what has these shapes; neither
// package knows the other.

import { MarkKind, type TraceReader } from "@obmalloc/trace";
import type { Explanation } from "./explain.ts";
import { HELD_PARTS } from "./waterfall.ts";

/** Collections that a picture has room for: those that freed most. */
const COLLECTIONS_MAX = 2000;

/** The resident set and its parts, in bytes. */
export interface WaterfallPicture {
  readonly totalBytes: number;
  readonly parts: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly isHeld: boolean;
    readonly grade: string;
  }[];
}

/** Memory over the run, its markers, and its collections of garbage; `collections` is missing where none were recorded. */
export interface TimelinePicture {
  readonly points: readonly {
    readonly event: number;
    readonly elapsedNs: number;
    readonly rssBytes: number;
    readonly arenaBytes: number;
    readonly liveBytes: number;
  }[];
  readonly marks: readonly { readonly event: number; readonly label: string }[];
  readonly collections?: readonly {
    readonly event: number;
    readonly generation: number;
    readonly bytes: number;
    readonly elapsedNs: number;
  }[];
}

/** Where the resident set is unknown, the total is that of the parts. */
export function waterfallPicture({ waterfall: { parts, rssBytes } }: Explanation): WaterfallPicture {
  return {
    totalBytes: rssBytes ?? parts.reduce((sum, { bytes }) => sum + bytes, 0),
    parts: parts.map(({ key, name, bytes, grade }) => ({ name, bytes, grade, isHeld: HELD_PARTS.has(key) })),
  };
}

/** From the start of the recording to the moment of the explanation. */
export function timelinePicture(trace: TraceReader, explanation: Explanation): TimelinePicture {
  const { timeline, moment, collections } = explanation;
  const arenaBytes = trace.tables.arenas[1]?.sizeBytes ?? 0;
  const shown = [...collections].sort((a, b) => b.bytes - a.bytes).slice(0, COLLECTIONS_MAX);
  shown.sort((a, b) => a.collection.event - b.collection.event);
  return {
    points: timeline.map(({ event, elapsedNs, rssBytes, arenas, liveBytes, outsideBytes }) => ({
      event,
      elapsedNs,
      rssBytes,
      arenaBytes: arenas * arenaBytes,
      liveBytes: liveBytes + outsideBytes,
    })),
    marks: labelledMarks(trace).filter(({ event }) => event <= moment.event),
    ...(shown.length === 0
      ? {}
      : {
          collections: shown.map(({ collection: { event, generation, elapsedNs }, bytes }) => ({
            event,
            generation,
            bytes,
            elapsedNs,
          })),
        }),
  };
}

/** Markers as pictures name them. */
export const labelledMarks = ({ tables }: TraceReader): { event: number; label: string }[] =>
  tables.marks.map(({ event, kind, label }) => ({
    event,
    label: kind === MarkKind.shutdown ? "shutdown" : label,
  }));
