// What the report's pictures draw, as it lies in the file: bytes as base64.

import { deflateRawSync } from "node:zlib";
import type { TimelineData, WaterfallData } from "@obmalloc/heap-map/data";
import { packTape } from "@obmalloc/heap-map/tape";
import { type Explanation, HELD_PARTS, type Tape } from "@obmalloc/insight";
import { MarkKind, type TraceReader } from "@obmalloc/trace";
import { formatBytes } from "../shared/units.ts";

export interface ReportData {
  readonly waterfall: WaterfallData;
  readonly timeline: TimelineData;
  /** The heap at its moments: a packed tape, deflated, as base64. Undefined where there are no arenas. */
  readonly heap: string | undefined;
}

const COLLECTIONS_SHOWN = 8;
const COLLECTION_BYTES_MIN = 64 * 1024;

export function reportData(trace: TraceReader, explanation: Explanation, tape: Tape | undefined): ReportData {
  const { waterfall, timeline, moment } = explanation;
  const sum = waterfall.parts.reduce((total, part) => total + part.bytes, 0);
  const arenaBytes = trace.tables.arenas[1]?.sizeBytes ?? 0;
  const marks = labelledMarks(trace).filter((mark) => mark.event <= moment.event);
  return {
    waterfall: {
      totalBytes: waterfall.rssBytes ?? sum,
      parts: waterfall.parts.map(({ key, name, bytes, grade }) => ({
        name,
        bytes,
        grade,
        isHeld: HELD_PARTS.has(key),
      })),
    },
    timeline: {
      points: timeline.map(({ event, elapsedNs, rssBytes, arenas, liveBytes, outsideBytes }) => ({
        event,
        elapsedNs,
        rssBytes,
        arenaBytes: arenas * arenaBytes,
        liveBytes: liveBytes + outsideBytes,
      })),
      marks: [...marks, ...collectionMarks(explanation)].sort((a, b) => a.event - b.event),
    },
    heap:
      tape === undefined || tape.arenas.bases.length === 0
        ? undefined
        : deflateRawSync(packTape(tape), { level: 9 }).toString("base64"),
  };
}

type LabelledMark = TimelineData["marks"][number];

function labelledMarks({ tables }: TraceReader): LabelledMark[] {
  return tables.marks.map(({ event, kind, label }) => ({
    event,
    label: kind === MarkKind.shutdown ? "shutdown" : label,
  }));
}

/** The collections that freed most, as marks of the timeline: each of hundreds would hide the rest. */
function collectionMarks({ collections }: Explanation): LabelledMark[] {
  return [...collections]
    .filter(({ bytes }) => bytes >= COLLECTION_BYTES_MIN)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, COLLECTIONS_SHOWN)
    .map(({ collection, bytes }) => ({
      event: collection.event,
      label: `gc ${collection.generation}: -${formatBytes(bytes)}`,
    }));
}
