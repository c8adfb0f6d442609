// `obmalloc export`: a recording in the formats of other tools.

import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import type { Lack } from "@obmalloc/insight";
import { momentOf, Stacks, type TraceError } from "@obmalloc/trace";
import { chromeTrace } from "../exports/chrome-trace.ts";
import { dhat } from "../exports/dhat.ts";
import { collapsed, speedscope } from "../exports/flame.ts";
import { writeParquet } from "../exports/parquet.ts";
import { pprof } from "../exports/pprof.ts";
import { blocksTable, csvLines, eventsTable, type Table } from "../exports/tables.ts";
import { ExitCode } from "../shared/exit-codes.ts";
import { FileError } from "../shared/file-source.ts";
import { writeLines } from "../shared/output.ts";
import { openTrace, type Recording, replayTo } from "../shared/recording.ts";
import { sayLacks } from "../shared/say-lacks.ts";

/** Names of formats, with the file ending that each usually has. */
const EXPORT_FORMATS = {
  pprof: "pb.gz",
  speedscope: "speedscope.json",
  collapsed: "collapsed.txt",
  "chrome-trace": "trace.json",
  dhat: "dhat.json",
  "parquet-events": "events.parquet",
  "parquet-blocks": "blocks.parquet",
  "csv-events": "events.csv",
  "csv-blocks": "blocks.csv",
} as const;
type ExportFormat = keyof typeof EXPORT_FORMATS;

export interface ExportFlags {
  readonly format: ExportFormat;
  readonly output?: string;
  readonly at?: string;
}

/** What a recording may lack that a format would show. */
const SHOWN: Readonly<Record<ExportFormat, readonly Lack["of"][]>> = {
  pprof: ["arenas", "stacks"],
  speedscope: ["arenas", "stacks"],
  collapsed: ["stacks"],
  dhat: ["stacks"],
  "chrome-trace": ["arenas", "resident-set"],
  "parquet-events": ["stacks"],
  "parquet-blocks": ["arenas", "stacks"],
  "csv-events": ["stacks"],
  "csv-blocks": ["arenas", "stacks"],
};

/** @throws {TraceQuestionError} when there is no such moment, {@link FileError} when the output cannot be written. */
export async function exportCommand(file: string, flags: ExportFlags): Promise<ExitCode> {
  const path = flags.output ?? `${file.replace(/\.obm$/, "")}.${EXPORT_FORMATS[flags.format]}`;
  let damage: TraceError | undefined;
  try {
    damage = (await WRITERS[flags.format](file, flags.at, path)) ?? undefined;
  } catch (error) {
    if (!isWriteError(error)) throw error;
    throw new FileError(`${path} cannot be written: ${error.message}.`, { cause: error });
  }
  await writeLines([`Written: ${path}`]);
  if (damage === undefined) return ExitCode.ok;
  console.error(`obmalloc: The table ends where the trace does: ${damage.message}`);
  return ExitCode.notExact;
}

/** What is wrong with the trace is given back where what came before was written. */
type Writer = (
  file: string,
  at: string | undefined,
  path: string,
) => Promise<TraceError | undefined> | Promise<void> | void;

const text =
  (format: ExportFormat, make: (recording: Recording) => string | Uint8Array): Writer =>
  (file, at, path) =>
    writeFileSync(path, make(replayed(file, at, format)));

function replayed(file: string, at: string | undefined, format: ExportFormat): Recording {
  const recording = replayTo(file, { at, stacks: true, pools: false });
  sayLacks(file, recording.trace, recording.moment, SHOWN[format]);
  return recording;
}

const WRITERS: Readonly<Record<ExportFormat, Writer>> = {
  pprof: text("pprof", pprof),
  speedscope: text("speedscope", speedscope),
  collapsed: text("collapsed", collapsed),
  dhat: text("dhat", dhat),
  "chrome-trace": (file, at, path) => {
    const trace = openTrace(file);
    const moment = momentOf(trace, at);
    sayLacks(file, trace, moment, SHOWN["chrome-trace"]);
    writeFileSync(path, chromeTrace(trace, moment));
  },
  "parquet-blocks": (file, at, path) => writeParquet(path, blocksTable(replayed(file, at, "parquet-blocks"))),
  "parquet-events": (file, _at, path) => writeEvents(file, (table) => writeParquet(path, table)),
  "csv-blocks": (file, at, path) => writeCsv(path, blocksTable(replayed(file, at, "csv-blocks"))),
  "csv-events": (file, _at, path) => writeEvents(file, (table) => writeCsv(path, table)),
};

async function writeEvents(
  file: string,
  write: (table: Table) => Promise<void> | void,
): Promise<TraceError | undefined> {
  const trace = openTrace(file);
  // Of a trace without events there is no table.
  sayLacks(file, trace, momentOf(trace), ["stacks"]);
  let damage: TraceError | undefined;
  const onDamage = (error: TraceError) => {
    damage = error;
  };
  await write(eventsTable(trace, new Stacks(trace.tables), onDamage));
  return damage;
}

const CSV_PIECE = 1 << 16;

function writeCsv(path: string, table: Table): void {
  const descriptor = openSync(path, "w");
  let piece = "";
  for (const line of csvLines(table)) {
    piece += `${line}\r\n`;
    if (piece.length < CSV_PIECE) continue;
    writeSync(descriptor, piece);
    piece = "";
  }
  writeSync(descriptor, piece);
  closeSync(descriptor);
}

function isWriteError(error: unknown): error is NodeJS.ErrnoException {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return code !== undefined && (syscall === "open" || syscall === "write");
}
