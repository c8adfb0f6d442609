// What can be wrong with a trace, as types. Every message says where, as a byte offset of the file.

import { ObmallocError, type ObmallocErrorOptions } from "@obmalloc/abi";

/** Something is wrong with a trace; `byteOffset` is where in the file. */
export class TraceError extends ObmallocError {
  override readonly name: string = "TraceError";
  readonly byteOffset: number;
  /** What is wrong, without the place. */
  readonly sentence: string;

  constructor(shortMessage: string, byteOffset: number, options: ObmallocErrorOptions = {}) {
    super(`${shortMessage} (at byte ${byteOffset})`, options);
    this.byteOffset = byteOffset;
    this.sentence = shortMessage;
  }
}

/** The bytes do not begin as a trace does. */
export class NotATraceError extends TraceError {
  override readonly name = "NotATraceError";
}

/** The trace was written in a version of the format, or with a codec, that this reader does not know. */
export class TraceVersionError extends TraceError {
  override readonly name = "TraceVersionError";
}

/** The bytes are not what was written: a checksum, a length or a record is wrong. */
export class TraceDamagedError extends TraceError {
  override readonly name = "TraceDamagedError";
}

/** The file ends in the middle of a chunk. */
export class TraceCutError extends TraceError {
  override readonly name = "TraceCutError";
}

/** The trace is sound, but the question asked of it has no answer: no such marker, no such event, no pools. */
export class TraceQuestionError extends ObmallocError {
  override readonly name = "TraceQuestionError";
}
