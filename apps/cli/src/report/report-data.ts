// What the report's pictures draw, as it lies in the file: bytes as base64.

import { deflateRawSync } from "node:zlib";
import type { TimelineData, WaterfallData } from "@obmalloc/heap-map/data";
import { packTape } from "@obmalloc/heap-map/tape";
import { type Explanation, type Tape, timelinePicture, waterfallPicture } from "@obmalloc/insight";
import type { TraceReader } from "@obmalloc/trace";

export interface ReportData {
  readonly waterfall: WaterfallData;
  readonly timeline: TimelineData;
  /** The heap at its moments: a packed tape, deflated, as base64. Undefined where there are no arenas. */
  readonly heap: string | undefined;
}

export const reportData = (
  trace: TraceReader,
  explanation: Explanation,
  tape: Tape | undefined,
): ReportData => ({
  waterfall: waterfallPicture(explanation),
  timeline: timelinePicture(trace, explanation),
  heap:
    tape === undefined || tape.arenas.bases.length === 0
      ? undefined
      : deflateRawSync(packTape(tape), { level: 9 }).toString("base64"),
});
