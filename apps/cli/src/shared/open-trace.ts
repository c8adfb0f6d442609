// Opening a trace in Node.

import { createRequire } from "node:module";
import { type ByteSource, type OpenOptions, TraceReader } from "@obmalloc/trace";

const require = createRequire(import.meta.url);

/** For the functions that read traces: how Node undoes the compression of a chunk. Few are compressed: it is loaded when one is. */
export const openOptions: OpenOptions = {
  inflate: (bytes, sizeBytes) => {
    const { inflateRawSync } = require("node:zlib") as typeof import("node:zlib");
    return inflateRawSync(bytes, { maxOutputLength: sizeBytes });
  },
};

/** @throws {TraceError} when there is no trace. */
export function openSource(source: ByteSource): TraceReader {
  return TraceReader.open(source, openOptions);
}
