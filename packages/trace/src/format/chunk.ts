// One chunk: a header of 32 bytes, then its payload.
//
//   0 ┌───────┐ 4 ┌────┐ 5 ┌─────┐ 6 ┌──────────┐ 8 ┌────────┐ 12 ┌─────┐ 16 ┌────────┐ 20 ┌──────────┐ 24 ┌─────────────┐
//     │ magic │   │kind│   │codec│   │ reserved │   │ stored │    │ raw │    │ events │    │ checksum │    │ first event │
//     └───────┘   └────┘   └─────┘   └──────────┘   └────────┘    └─────┘    └────────┘    └──────────┘    └─────────────┘
//
// The checksum covers the header with the checksum 0, then the stored payload.

import { TraceDamagedError, TraceVersionError } from "../errors.ts";
import { checksum } from "./checksum.ts";
import { CHUNK_HEADER_BYTES, CHUNK_MAGIC, ChunkKind, Codec, MAX_CHUNK_BYTES } from "./constants.ts";

/** What a chunk's header says. */
export interface ChunkHeader {
  readonly kind: ChunkKind;
  readonly codec: number;
  /** Payload bytes in the file, and after decompression. */
  readonly storedBytes: number;
  readonly rawBytes: number;
  /** Number of the first event in this chunk, and how many there are. */
  readonly firstEvent: number;
  readonly eventCount: number;
  /** Where the header begins in the file. */
  readonly fileOffset: number;
}

/** A chunk with its payload as it was before compression. */
export interface Chunk {
  readonly header: ChunkHeader;
  readonly payload: Uint8Array;
}

/** Undoes raw deflate; `sizeBytes` is what must come out. Given by the host: `zlib.inflateRawSync` in Node. */
export type Inflate = (compressed: Uint8Array, sizeBytes: number) => Uint8Array;
/** Raw deflate, the other way round. */
export type Deflate = (bytes: Uint8Array) => Uint8Array;

const KINDS = new Set<number>(Object.values(ChunkKind));

/**
 * Reads a header from the first 32 bytes of `bytes`, which begin at `fileOffset` of the file.
 *
 * @throws {TraceDamagedError} when it is not a header or a length in it is absurd.
 */
export function parseChunkHeader(bytes: Uint8Array, fileOffset: number): ChunkHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, CHUNK_HEADER_BYTES);
  if (view.getUint32(0, true) !== CHUNK_MAGIC) {
    throw new TraceDamagedError("Damaged trace: no chunk begins here.", fileOffset);
  }
  const kind = view.getUint8(4);
  if (!KINDS.has(kind)) {
    throw new TraceDamagedError(`Damaged trace: a chunk of the unknown kind ${kind}.`, fileOffset + 4);
  }
  const storedBytes = view.getUint32(8, true);
  const rawBytes = view.getUint32(12, true);
  if (storedBytes > MAX_CHUNK_BYTES || rawBytes > MAX_CHUNK_BYTES) {
    throw new TraceDamagedError(
      `Damaged trace: a chunk of ${Math.max(storedBytes, rawBytes)} bytes; the limit is ${MAX_CHUNK_BYTES}.`,
      fileOffset + 8,
    );
  }
  const firstEvent = view.getUint32(24, true) + view.getUint32(28, true) * 2 ** 32;
  return {
    kind: kind as ChunkKind,
    codec: view.getUint8(5),
    storedBytes,
    rawBytes,
    firstEvent,
    eventCount: view.getUint32(16, true),
    fileOffset,
  };
}

/**
 * Checks and unpacks a chunk: `bytes` are its header and its stored payload.
 *
 * @throws {TraceDamagedError} when the checksum is wrong.
 * @throws {TraceVersionError} when the codec is unknown or needs an `inflate` that was not given.
 */
export function openChunk(header: ChunkHeader, bytes: Uint8Array, inflate?: Inflate): Chunk {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stored = bytes.subarray(CHUNK_HEADER_BYTES);
  const head = new Uint8Array(bytes.subarray(0, CHUNK_HEADER_BYTES)); // a copy: slice() of a Node Buffer is none
  head.fill(0, 20, 24);
  if (view.getUint32(20, true) !== checksum(stored, checksum(head, 0))) {
    const isEvents = header.kind === ChunkKind.events && header.firstEvent > 0;
    const details = [
      `Moments up to event ${header.firstEvent} can be asked about: --at ${header.firstEvent}`,
    ];
    throw new TraceDamagedError(
      "Damaged trace: the checksum of this chunk does not match its bytes.",
      header.fileOffset,
      isEvents ? { details } : {},
    );
  }
  return { header, payload: unpack(header, stored, inflate) };
}

function unpack(header: ChunkHeader, stored: Uint8Array, inflate: Inflate | undefined): Uint8Array {
  if (header.codec === Codec.stored) return stored;
  if (header.codec !== Codec.deflateRaw) {
    throw new TraceVersionError(`This chunk uses the unknown codec ${header.codec}.`, header.fileOffset + 5);
  }
  if (inflate === undefined) {
    throw new TraceVersionError(
      "This chunk is compressed: pass `inflate` to read it.",
      header.fileOffset + 5,
    );
  }
  let raw: Uint8Array;
  try {
    raw = inflate(stored, header.rawBytes);
  } catch (cause) {
    throw new TraceDamagedError("Damaged trace: this chunk does not decompress.", header.fileOffset, {
      cause,
    });
  }
  if (raw.length !== header.rawBytes) {
    throw new TraceDamagedError(
      `Damaged trace: this chunk decompresses to ${raw.length} bytes instead of ${header.rawBytes}.`,
      header.fileOffset + 12,
    );
  }
  return raw;
}

/** A chunk's header and payload as they lie in a file; compressed where that makes it smaller. */
export function buildChunk(
  kind: ChunkKind,
  payload: Uint8Array,
  events: { firstEvent: number; eventCount: number },
  deflate?: Deflate,
): Uint8Array<ArrayBuffer> {
  const packed = deflate?.(payload);
  const compressed = packed !== undefined && packed.length < payload.length;
  const stored = compressed ? packed : payload;
  const bytes = new Uint8Array(CHUNK_HEADER_BYTES + stored.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, CHUNK_MAGIC, true);
  view.setUint8(4, kind);
  view.setUint8(5, compressed ? Codec.deflateRaw : Codec.stored);
  view.setUint32(8, stored.length, true);
  view.setUint32(12, payload.length, true);
  view.setUint32(16, events.eventCount, true);
  view.setUint32(24, events.firstEvent % 2 ** 32, true);
  view.setUint32(28, Math.floor(events.firstEvent / 2 ** 32), true);
  bytes.set(stored, CHUNK_HEADER_BYTES);
  const head = bytes.slice(0, CHUNK_HEADER_BYTES);
  view.setUint32(20, checksum(bytes.subarray(CHUNK_HEADER_BYTES), checksum(head, 0)), true);
  return bytes;
}
