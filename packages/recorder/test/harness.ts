// Recording small programs for tests: each in a folder of its own, its output in files, its trace read back.
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Python, recordablePythons } from "@obmalloc/test-support";
import { temporaryFolders } from "@obmalloc/test-support/folders";
import { bytesSource, type Certificate, type Mark, MarkKind, TraceReader, verify } from "@obmalloc/trace";
import { expect, vi } from "vitest";
import { type RecordOptions, type RecordResult, record } from "../src/index.ts";

// Other work on the machine makes programs slow, not wrong.
vi.setConfig({ testTimeout: 60_000, maxConcurrency: 3 });

export const recordable = recordablePythons();

/** A new empty folder that is removed after the tests of the file. */
export const newFolder = temporaryFolders("obmalloc-recorder-test-");

export interface Run {
  readonly result: RecordResult;
  readonly folder: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Records `command` with its output going to files. */
export async function recordInFolder(
  options: Omit<RecordOptions, "output" | "stdio"> & { readonly output?: string },
  folder = newFolder(),
): Promise<Run> {
  const out = openSync(join(folder, "stdout"), "w");
  const err = openSync(join(folder, "stderr"), "w");
  try {
    const output = options.output ?? join(folder, "run.obm");
    const result = await record({ ...options, output, stdio: ["ignore", out, err] });
    const [stdout, stderr] = [out, err].map((_, i) =>
      readFileSync(join(folder, i === 0 ? "stdout" : "stderr"), "utf8"),
    );
    return { result, folder, stdout: stdout!, stderr: stderr! };
  } finally {
    closeSync(out);
    closeSync(err);
  }
}

export type PythonOptions = Partial<Pick<RecordOptions, "stacks" | "followForks" | "env" | "output">> & {
  readonly flags?: readonly string[];
};

/** Records `code` as the file program.py; `-S` keeps the start short. */
export function recordPython(
  python: Python,
  code: string,
  { flags = ["-S"], ...options }: PythonOptions = {},
): Promise<Run> {
  const folder = newFolder();
  const program = join(folder, "program.py");
  writeFileSync(program, code);
  return recordInFolder({ command: python.path, args: [...flags, program], cwd: folder, ...options }, folder);
}

export function openRecording(path: string): TraceReader {
  return TraceReader.open(bytesSource(readFileSync(path)));
}

/** Expects that the trace replays to the last address. */
export function expectExact(path: string): { trace: TraceReader; certificate: Certificate } {
  const trace = openRecording(path);
  const certificate = verify(trace);
  expect(certificate).toMatchObject({ exact: true, mismatch: undefined, damage: undefined });
  expect(certificate.addressesCompared).toBeGreaterThan(1000);
  return { trace, certificate };
}

/** Expects a finished, exact recording of a program that ended well. */
export function expectSound({ result, stderr }: Run): TraceReader {
  expect(stderr).toBe("");
  expect(result).toMatchObject({ exitCode: 0, signal: null, outcome: { kind: "recorded" } });
  const { trace } = expectExact(result.tracePath);
  expect(trace.end).toBeDefined();
  return trace;
}

export function marksOf(trace: TraceReader, kind: keyof typeof MarkKind): Mark[] {
  return trace.tables.marks.filter((mark) => mark.kind === MarkKind[kind]);
}
