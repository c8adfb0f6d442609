// `obmalloc verify`: replays a whole recording and says whether every address came out.

import { type Certificate, readEnd, Stacks, TraceCutError, type TraceReader, verify } from "@obmalloc/trace";
import { ExitCode } from "../shared/exit-codes.ts";
import { FileSource } from "../shared/file-source.ts";
import { writeJson, writeLines } from "../shared/output.ts";
import { Progress } from "../shared/progress.ts";
import { openOptions, openSource } from "../shared/recording.ts";
import { lookOf } from "../shared/terminal.ts";
import { certificateJson } from "./verify-json.ts";
import { certificateText } from "./verify-text.ts";

/** A certificate, and what it is of. */
export interface Verified {
  readonly file: string;
  readonly trace: TraceReader;
  readonly stacks: Stacks;
  readonly certificate: Certificate;
  /** Whether every event that is in the file came out: also when the process was killed before it wrote the rest. */
  readonly exact: boolean;
  /** Whether the file holds the recording up to its end. */
  readonly complete: boolean;
}

/** @throws {FileError} {@link TraceError} when there is no trace to verify. */
export function verifyFile(file: string): Verified {
  const source = FileSource.open(file);
  const trace = openSource(source);
  const progress = new Progress("replaying", trace.eventCount);
  const certificate = verify(trace, progress.update);
  progress.stop();
  const { damage, mismatch, evidence, hasPools } = certificate;
  // A killed process leaves a file that ends anywhere. Where the end is there, the same signs mean damage.
  const isCut = trace.end === undefined && readEnd(source, openOptions) === undefined;
  const sound = damage === undefined || (isCut && damage instanceof TraceCutError);
  return {
    file,
    trace,
    stacks: new Stacks(trace.tables),
    certificate,
    exact: hasPools && sound && mismatch === undefined && evidence.every((check) => check.equal),
    complete: trace.end !== undefined && damage === undefined,
  };
}

/** @returns 0 when exact, 1 when not, 2 when there are no pools to replay. */
export function exitCodeOf({ exact, certificate }: Verified): ExitCode {
  if (exact) return ExitCode.ok;
  const nothingToSay =
    !certificate.hasPools && certificate.damage === undefined && certificate.mismatch === undefined;
  return nothingToSay ? ExitCode.usage : ExitCode.notExact;
}

export async function verifyCommand(file: string, options: { json?: boolean }): Promise<ExitCode> {
  const verified = verifyFile(file);
  if (options.json) await writeJson(certificateJson(verified));
  else await writeLines(certificateText(verified, lookOf(process.stdout)));
  return exitCodeOf(verified);
}
