// Replaying a whole file, and judging what the result means for a file that may be cut or damaged.

import { type Certificate, readEnd, Stacks, TraceCutError, type TraceReader, verify } from "@obmalloc/trace";
import { DecodeAside } from "../decode/decode-aside.ts";
import { FileSource } from "./file-source.ts";
import { openOptions, openSource } from "./open-trace.ts";
import { Progress } from "./progress.ts";

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
  const decoding = DecodeAside.start(file);
  const trace = openSource(source);
  const events = decoding?.eventsOf(trace);
  const progress = new Progress("replaying", trace.eventCount);
  const certificate = verify(trace, { ...events, onProgress: progress.update });
  progress.stop();
  decoding?.stop();
  const { damage, mismatch, evidence, hasPools } = certificate;
  // A killed process leaves a file that ends anywhere. Where the end is there, the same signs mean damage.
  const isCut = trace.end === undefined && readEnd(source, openOptions) === undefined;
  const sound = damage === undefined || (isCut && damage instanceof TraceCutError);
  return {
    file,
    trace,
    stacks: new Stacks(trace.tables),
    certificate,
    exact:
      hasPools &&
      trace.info.derivedFrom === undefined &&
      sound &&
      mismatch === undefined &&
      evidence.every((check) => check.equal),
    complete: trace.end !== undefined && damage === undefined,
  };
}
