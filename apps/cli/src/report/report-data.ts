// What the report's pictures draw, as it lies in the file: bytes as base64.

import { formatAddress } from "@obmalloc/abi";
import type { ArenaMapData, TimelineData, WaterfallData } from "@obmalloc/heap-map/data";
import { type ArenaFilm, type Explanation, HELD_PARTS } from "@obmalloc/insight";
import { MarkKind, type TraceReader } from "@obmalloc/trace";
import { shortFrameText } from "../shared/frame-text.ts";
import { NO_FRAME } from "../shared/pins-headline.ts";

/** {@link ArenaMapData} with each array of bytes as base64. */
type PackedArenaMap = Omit<ArenaMapData, "moments" | "classes" | "pinnedBy"> & {
  readonly moments: readonly { readonly event: number; readonly label: string; readonly fill: string }[];
  readonly classes: string;
  readonly pinnedBy: string;
};

export interface ReportData {
  readonly waterfall: WaterfallData;
  readonly timeline: TimelineData;
  /** Undefined where there are no arenas. */
  readonly arenaMap: PackedArenaMap | undefined;
}

const OTHER_LINES = "other lines";

export function reportData(
  trace: TraceReader,
  explanation: Explanation,
  film: ArenaFilm | undefined,
): ReportData {
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
      marks,
    },
    arenaMap: film === undefined || film.bases.length === 0 ? undefined : packFilm(trace, film, marks),
  };
}

type LabelledMark = TimelineData["marks"][number];

function labelledMarks({ tables }: TraceReader): LabelledMark[] {
  return tables.marks.map(({ event, kind, label }) => ({
    event,
    label: kind === MarkKind.shutdown ? "shutdown" : label,
  }));
}

function packFilm(
  { info, tables }: TraceReader,
  film: ArenaFilm,
  marks: readonly LabelledMark[],
): PackedArenaMap {
  const pack = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  const lines = film.lines.map((frame) => (frame === undefined ? NO_FRAME : shortFrameText(frame)));
  return {
    arenaBytes: tables.arenas[1]!.sizeBytes,
    poolBytes: 2 ** info.pageShift,
    pools: film.pools,
    bases: film.bases.map(formatAddress),
    moments: film.moments.map(({ event, fill }) => ({
      event,
      label: marks.find((mark) => mark.event === event)?.label ?? "",
      fill: pack(fill),
    })),
    classes: pack(film.classes),
    classBytes: info.model === "lp64" ? 16 : 8,
    pinnedBy: pack(film.pinnedBy),
    lines: [...lines, OTHER_LINES],
  };
}
