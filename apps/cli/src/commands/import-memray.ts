// `obmalloc import memray`: a capture of memray as a trace of the derived grade.

import { closeSync, openSync, writeSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { captureProfile } from "../import/capture-version.ts";
import { writeDerivedTrace } from "../import/derived-trace.ts";
import { type Capture, CaptureError } from "../import/memray-capture.ts";
import { findMemray, readCapture } from "../import/memray-reader.ts";
import { ExitCode } from "../shared/exit-codes.ts";
import { writeLines } from "../shared/output.ts";
import { Progress } from "../shared/progress.ts";
import { lookOf } from "../shared/terminal.ts";
import { counted, formatCount } from "../shared/units.ts";
import { wrapText } from "../shared/wrap-text.ts";

export interface ImportMemrayFlags {
  readonly output?: string;
  readonly python?: string;
  readonly pythonVersion?: string;
}

/** @throws {CaptureError} when there is no memray, the file is none of its captures, or the trace cannot be written. */
export async function importMemrayCommand(file: string, flags: ImportMemrayFlags): Promise<ExitCode> {
  const python = findMemray(flags.python);
  const progress = new Progress("reading", 0);
  const capture = await readCapture(python, file, progress.update);
  progress.stop();
  const output = flags.output ?? `${file.replace(/\.bin$/, "")}.obm`;
  await writeLines(importCapture(capture, output, flags.pythonVersion, lookOf(process.stdout).width));
  return ExitCode.ok;
}

function* importCapture(
  capture: Capture,
  output: string,
  version: string | undefined,
  width: number,
): Generator<string> {
  const profile = captureProfile(capture, version);
  const made = withFile(output, (sink) =>
    writeDerivedTrace(capture, profile, sink, (bytes) => deflateRawSync(bytes, { level: 1 })),
  );
  const { facts, problem } = capture;
  yield `${formatCount(capture.operations.count)} operations that memray ${facts.memray} captured, CPython ${profile.version}: ${output}`;
  const remarks = [
    made.hasPools
      ? `${counted(made.arenas, "arena")} derived from addresses; nothing of it is compared with pymalloc (no certificate).`
      : "pymalloc's blocks were not captured: arenas and pins stay unknown. Capture with memray run --trace-python-allocators.",
    made.strangers > 0
      ? `${counted(made.strangers, "block")} that ${made.strangers === 1 ? "was" : "were"} freed had been made before the capture began: what else is that old, is not known.`
      : "",
    problem === undefined && !facts.isCut
      ? ""
      : `The capture is not whole (${problem ?? "it lacks its end"}).`,
    `Ask it: obmalloc explain ${output}`,
  ];
  for (const remark of remarks) if (remark !== "") yield* wrapText(remark, width);
}

function withFile<T>(path: string, action: (sink: (bytes: Uint8Array) => void) => T): T {
  let descriptor: number;
  try {
    descriptor = openSync(path, "w");
  } catch (cause) {
    throw new CaptureError(`${path} cannot be written: ${(cause as Error).message}.`, { cause });
  }
  try {
    return action((bytes) => {
      for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
    });
  } finally {
    closeSync(descriptor);
  }
}
