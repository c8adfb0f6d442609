// Opening a trace: its header, its chunks, all its definitions; the events are decoded when they are asked for.

import { TraceCutError, TraceDamagedError, TraceError } from "../errors.ts";
import { type Chunk, type ChunkHeader, type Inflate, openChunk, parseChunkHeader } from "./chunk.ts";
import { CHUNK_HEADER_BYTES, ChunkKind, FILE_HEADER_BYTES, INDEX_MAGIC, TRAILER_BYTES } from "./constants.ts";
import { checkFileHeader } from "./file-header.ts";
import { parseEnd, parseInfo, type TraceEnd, type TraceInfo } from "./info.ts";
import { type OpenedTrace, tablesOf } from "./opened-trace.ts";
import type { ByteSource } from "./source.ts";
import { Tables } from "./tables.ts";

/** How a trace is opened. */
export interface OpenOptions {
  /** Needed for compressed traces only. */
  readonly inflate?: Inflate;
}

/**
 * A trace, opened. Its definitions are in memory, its events are not.
 *
 * A trace that is cut or damaged opens as far as it is sound; {@link damage} then says what is wrong and where.
 * @example const trace = TraceReader.open(bytesSource(bytes)); for (const event of trace.events()) { ... }
 */
export class TraceReader {
  readonly info: TraceInfo;
  readonly tables: Tables;
  /** How the recording ended; undefined when the process was killed, or the file is cut. */
  readonly end: TraceEnd | undefined;
  /** Headers of the chunks of events, in order. */
  readonly eventChunks: readonly ChunkHeader[];
  /** Events in those chunks. */
  readonly eventCount: number;
  /** Bytes of the file. */
  readonly sizeBytes: number;
  /** The first thing that is wrong with the file, or undefined. */
  readonly damage: TraceError | undefined;

  private readonly source: ByteSource;
  private readonly inflate: Inflate | undefined;

  private constructor(source: ByteSource, inflate: Inflate | undefined, info: TraceInfo, scan: Scan) {
    this.source = source;
    this.inflate = inflate;
    this.sizeBytes = source.sizeBytes;
    this.info = info;
    this.tables = scan.tables;
    this.end = scan.end;
    this.eventChunks = scan.eventChunks;
    this.damage = scan.damage;
    const last = this.eventChunks.at(-1);
    this.eventCount = last === undefined ? 0 : last.firstEvent + last.eventCount;
  }

  /**
   * @throws {NotATraceError} {@link TraceVersionError} when the bytes are no trace, or one of another version.
   * @throws {TraceError} when not even its first chunk can be read.
   */
  static open(source: ByteSource, options: OpenOptions = {}): TraceReader {
    checkFileHeader(source.read(0, Math.min(source.sizeBytes, FILE_HEADER_BYTES)));
    const scan = scanChunks(source, options.inflate);
    if (scan.info === undefined) {
      throw scan.damage ?? new TraceCutError("The trace is empty: it has no info.", source.sizeBytes);
    }
    return new TraceReader(source, options.inflate, scan.info, scan);
  }

  /** The same trace in another thread, for its events only: its stacks have no frames, and there is nothing beside the events. */
  static reopen(source: ByteSource, opened: OpenedTrace, options: OpenOptions = {}): TraceReader {
    const { info, isDamaged } = opened;
    const damage = isDamaged ? new TraceDamagedError("Damaged trace.", source.sizeBytes) : undefined;
    const eventChunks = [...opened.eventChunks];
    const scan = { info, tables: tablesOf(opened), end: undefined, eventChunks, damage };
    return new TraceReader(source, options.inflate, info, scan);
  }

  /** What {@link reopen} needs, as data that can be sent to another thread. */
  handOver(): OpenedTrace {
    const { arenas, arenaGoneAt, contexts, nodeCode } = this.tables;
    const { info, eventChunks, damage } = this;
    const isDamaged = damage !== undefined;
    return { info, arenas, arenaGoneAt, contexts, stacks: nodeCode.length, eventChunks, isDamaged };
  }

  /**
   * The payload of a chunk.
   *
   * @throws {TraceDamagedError} when its checksum is wrong.
   */
  chunk(header: ChunkHeader): Chunk {
    return loadChunk(this.source, header, this.inflate);
  }
}

function loadChunk(source: ByteSource, header: ChunkHeader, inflate: Inflate | undefined): Chunk {
  return openChunk(header, source.read(header.fileOffset, CHUNK_HEADER_BYTES + header.storedBytes), inflate);
}

interface Scan {
  info: TraceInfo | undefined;
  tables: Tables;
  end: TraceEnd | undefined;
  eventChunks: ChunkHeader[];
  damage: TraceError | undefined;
}

/** Walks the chunk headers, reads every small chunk, and leaves the events where they are. */
function scanChunks(source: ByteSource, inflate: Inflate | undefined): Scan {
  const scan: Scan = {
    info: undefined,
    tables: new Tables(),
    end: undefined,
    eventChunks: [],
    damage: undefined,
  };
  let at = FILE_HEADER_BYTES;
  let nextEvent = 0;
  try {
    while (at < source.sizeBytes && !isTrailer(source, at)) {
      const header = headerAt(source, at);
      if (header.kind === ChunkKind.events) {
        if (header.firstEvent !== nextEvent) {
          throw new TraceDamagedError(
            `Damaged trace: this chunk begins with event ${header.firstEvent}, event ${nextEvent} was due.`,
            at + 24,
          );
        }
        nextEvent = header.firstEvent + header.eventCount;
        scan.eventChunks.push(header);
      } else {
        readSmallChunk(scan, loadChunk(source, header, inflate));
      }
      if (scan.info === undefined)
        throw new TraceDamagedError("Damaged trace: it does not begin with its info.", at);
      at += CHUNK_HEADER_BYTES + header.storedBytes;
    }
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    scan.damage = error;
  }
  return scan;
}

function readSmallChunk(scan: Scan, chunk: Chunk): void {
  const payloadOffset = chunk.header.fileOffset + CHUNK_HEADER_BYTES;
  if (chunk.header.kind === ChunkKind.info) scan.info = parseInfo(chunk.payload, payloadOffset);
  else if (chunk.header.kind === ChunkKind.tables) scan.tables.read(chunk.payload, payloadOffset);
  else if (chunk.header.kind === ChunkKind.end) scan.end = parseEnd(chunk.payload, payloadOffset);
}

function isTrailer(source: ByteSource, at: number): boolean {
  if (source.sizeBytes - at !== TRAILER_BYTES) return false;
  const trailer = source.read(at, TRAILER_BYTES);
  return new DataView(trailer.buffer, trailer.byteOffset).getUint32(12, true) === INDEX_MAGIC;
}

function headerAt(source: ByteSource, at: number): ChunkHeader {
  if (source.sizeBytes - at < CHUNK_HEADER_BYTES) {
    throw new TraceCutError("The trace is cut in the middle of a chunk's header.", at);
  }
  const header = parseChunkHeader(source.read(at, CHUNK_HEADER_BYTES), at);
  if (source.sizeBytes - at - CHUNK_HEADER_BYTES < header.storedBytes) {
    throw new TraceCutError(
      `The trace is cut: a chunk of ${header.storedBytes} bytes begins here, ${source.sizeBytes - at - CHUNK_HEADER_BYTES} are left.`,
      at,
    );
  }
  return header;
}
