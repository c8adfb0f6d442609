// How a recording ended, read from the end of its file alone.

import { TraceError } from "../errors.ts";
import { type Inflate, openChunk, parseChunkHeader } from "./chunk.ts";
import { CHUNK_HEADER_BYTES, ChunkKind, INDEX_ENTRY_BYTES, INDEX_MAGIC, TRAILER_BYTES } from "./constants.ts";
import { parseEnd, type TraceEnd } from "./info.ts";
import type { OpenOptions } from "./reader.ts";
import type { ByteSource } from "./source.ts";

/**
 * The end of a finished recording, found through the index; undefined when the file is not finished, or its last
 * chunks are damaged. Costs four short reads, whatever the length of the file.
 */
export function readEnd(source: ByteSource, { inflate }: OpenOptions = {}): TraceEnd | undefined {
  try {
    const trailer = view(source, source.sizeBytes - TRAILER_BYTES, TRAILER_BYTES);
    if (trailer?.getUint32(12, true) !== INDEX_MAGIC) return undefined;
    const indexOffset = trailer.getUint32(0, true) + trailer.getUint32(4, true) * 2 ** 32;
    const index = payloadAt(source, indexOffset, ChunkKind.index, inflate);
    if (index === undefined || index.length < INDEX_ENTRY_BYTES) return undefined;
    const last = new DataView(index.buffer, index.byteOffset + index.length - INDEX_ENTRY_BYTES);
    const endOffset = last.getUint32(0, true) + last.getUint32(4, true) * 2 ** 32;
    const end = payloadAt(source, endOffset, ChunkKind.end, inflate);
    return end && parseEnd(end, endOffset + CHUNK_HEADER_BYTES);
  } catch (error) {
    if (error instanceof TraceError) return undefined;
    throw error;
  }
}

/** @throws {TraceDamagedError} when there is no sound chunk. */
function payloadAt(
  source: ByteSource,
  offset: number,
  kind: ChunkKind,
  inflate: Inflate | undefined,
): Uint8Array | undefined {
  const head = view(source, offset, CHUNK_HEADER_BYTES);
  if (head === undefined) return undefined;
  const header = parseChunkHeader(new Uint8Array(head.buffer, head.byteOffset, CHUNK_HEADER_BYTES), offset);
  const length = CHUNK_HEADER_BYTES + header.storedBytes;
  const whole = header.kind === kind ? view(source, offset, length) : undefined;
  return whole && openChunk(header, new Uint8Array(whole.buffer, whole.byteOffset, length), inflate).payload;
}

/** Undefined where the file has no such bytes. */
function view(source: ByteSource, offset: number, length: number): DataView | undefined {
  if (offset < 0 || offset + length > source.sizeBytes) return undefined;
  const bytes = source.read(offset, length);
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}
