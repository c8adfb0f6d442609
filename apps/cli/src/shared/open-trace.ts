// Opening a trace in Node.

import { inflateRawSync } from "node:zlib";
import { type ByteSource, type OpenOptions, TraceReader } from "@obmalloc/trace";

/** For the functions that read traces: how Node undoes the compression of a chunk. */
export const openOptions: OpenOptions = {
  inflate: (bytes, sizeBytes) => inflateRawSync(bytes, { maxOutputLength: sizeBytes }),
};

/** @throws {TraceError} when there is no trace. */
export function openSource(source: ByteSource): TraceReader {
  return TraceReader.open(source, openOptions);
}
