// `obmalloc export`: a recording in the formats of other tools.

import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { momentOf, Stacks, type TraceReader } from "@obmalloc/trace";
import { chromeTrace } from "../exports/chrome-trace.ts";
import { dhat } from "../exports/dhat.ts";
import { collapsed, speedscope } from "../exports/flame.ts";
import { writeParquet } from "../exports/parquet.ts";
import { pprof } from "../exports/pprof.ts";
import { blocksTable, csvLines, eventsTable, type Table } from "../exports/tables.ts";
import { ExitCode } from "../shared/exit-codes.ts";
import { FileError, FileSource } from "../shared/file-source.ts";
import { openSource } from "../shared/open-trace.ts";
import { writeLines } from "../shared/output.ts";
import { type Recording, replayTo } from "../shared/recording.ts";

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

/** @throws {TraceQuestionError} when there is no such moment, {@link FileError} when the output cannot be written. */
export async function exportCommand(file: string, flags: ExportFlags): Promise<ExitCode> {
  const path = flags.output ?? `${file.replace(/\.obm$/, "")}.${EXPORT_FORMATS[flags.format]}`;
  try {
    await WRITERS[flags.format](file, flags.at, path);
  } catch (error) {
    if (!isWriteError(error)) throw error;
    throw new FileError(`${path} cannot be written: ${error.message}.`, { cause: error });
  }
  await writeLines([`Written: ${path}`]);
  return ExitCode.ok;
}

type Writer = (file: string, at: string | undefined, path: string) => Promise<void> | void;

const text =
  (make: (recording: Recording) => string | Uint8Array): Writer =>
  (file, at, path) =>
    writeFileSync(path, make(replayTo(file, { at, stacks: true, pools: false })));

const open = (file: string): TraceReader => openSource(FileSource.open(file));

const WRITERS: Readonly<Record<ExportFormat, Writer>> = {
  pprof: text(pprof),
  speedscope: text(speedscope),
  collapsed: text(collapsed),
  dhat: text(dhat),
  "chrome-trace": (file, at, path) => {
    const trace = open(file);
    writeFileSync(path, chromeTrace(trace, momentOf(trace, at)));
  },
  "parquet-blocks": (file, at, path) => writeParquet(path, blocks(file, at)),
  "parquet-events": (file, _at, path) => writeParquet(path, events(file)),
  "csv-blocks": (file, at, path) => writeCsv(path, blocks(file, at)),
  "csv-events": (file, _at, path) => writeCsv(path, events(file)),
};

const blocks = (file: string, at: string | undefined): Table =>
  blocksTable(replayTo(file, { at, stacks: true, pools: false }));

function events(file: string): Table {
  const trace = open(file);
  return eventsTable(trace, new Stacks(trace.tables));
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
