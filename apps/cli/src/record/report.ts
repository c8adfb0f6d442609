// What is said after a recording: one line on a terminal, and always what went wrong.

import { statSync } from "node:fs";
import { relative } from "node:path";
import type { RecordResult } from "@obmalloc/recorder";
import { MarkKind, readEnd, TraceError, TraceReader } from "@obmalloc/trace";
import { FileSource } from "../shared/file-source.ts";
import { formatBytes, formatCount } from "../shared/units.ts";

/** The lines for stderr about a program that was recorded. */
export function reportRecording(result: RecordResult, quiet: boolean): string[] {
  const source = FileSource.open(result.tracePath);
  try {
    const end = readEnd(source);
    const { problem, events } =
      end === undefined ? lookForEnd(source, result) : { problem: problemOf(end), events: end.events };
    const wantsSummary = process.stderr.isTTY && !quiet;
    return [...(problem === undefined ? [] : [problem]), ...(wantsSummary ? summary(result, events) : [])];
  } finally {
    source.close();
  }
}

function problemOf({ reason, detail }: { reason: string; detail: string }): string | undefined {
  if (reason === "disk-full")
    return `the recording ends early, before the program did: no room for the trace (${detail}).`;
  if (reason === "write-failed")
    return `the recording ends early, before the program did: writing failed (${detail}).`;
  return undefined;
}

interface Unfinished {
  readonly problem: string | undefined;
  readonly events: number;
}

/** The recording was not finished: because the process was killed, or became another program. */
function lookForEnd(source: FileSource, { signal }: RecordResult): Unfinished {
  const why = signal === null ? "the process ended without notice" : `the process was ended by ${signal}`;
  let trace: TraceReader;
  try {
    trace = TraceReader.open(source);
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    return { problem: `the recording is empty: ${why} before anything was written.`, events: 0 };
  }
  const events = trace.eventCount;
  if (trace.tables.marks.at(-1)?.kind === MarkKind.exec) return { problem: undefined, events };
  return {
    problem: `the recording ends with event ${formatCount(events)}: ${why}. What is there is sound.`,
    events,
  };
}

function summary({ tracePath, otherTraces }: RecordResult, events: number): string[] {
  const file = shownPath(tracePath);
  const { size } = statSync(tracePath);
  const perEvent = events === 0 ? "" : `, ${(size / events).toFixed(1)} bytes each`;
  const others = otherTraces.map(shownPath).join(", ");
  return [
    `${formatCount(events)} events (${formatBytes(size)}${perEvent}) in ${file}; next: obmalloc verify ${file}`,
    ...(others === "" ? [] : [`recorded too: ${others}`]),
  ];
}

function shownPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") || fromHere === "" ? path : fromHere;
}
