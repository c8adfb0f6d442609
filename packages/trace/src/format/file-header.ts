import { NotATraceError, TraceVersionError } from "../errors.ts";
import { FILE_HEADER_BYTES, FILE_MAGIC, FORMAT_VERSION } from "./constants.ts";

/**
 * Checks the first 16 bytes of a file: the magic bytes, then the version as 16 bits.
 *
 * @throws {NotATraceError} {@link TraceVersionError}
 */
export function checkFileHeader(head: Uint8Array): void {
  if (head.length < FILE_HEADER_BYTES || FILE_MAGIC.some((byte, i) => head[i] !== byte)) {
    const what = head.length === 0 ? "The file is empty." : "This is not an obmalloc trace.";
    throw new NotATraceError(what, 0, {
      details: ["Record one with: obmalloc record -o FILE -- python3 program.py"],
    });
  }
  const version = head[8]! | (head[9]! << 8);
  if (version !== FORMAT_VERSION) {
    const what = `This trace has format version ${version}; this reader knows ${FORMAT_VERSION}.`;
    throw new TraceVersionError(what, 8);
  }
}
