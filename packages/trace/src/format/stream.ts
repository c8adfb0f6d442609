// Reading a trace that arrives piece by piece, from a pipe or a socket: nothing is sought, at most one chunk is held.

import { TraceCutError, TraceDamagedError } from "../errors.ts";
import { type Chunk, type ChunkHeader, type Inflate, openChunk, parseChunkHeader } from "./chunk.ts";
import { CHUNK_HEADER_BYTES, ChunkKind, FILE_HEADER_BYTES, INDEX_MAGIC, TRAILER_BYTES } from "./constants.ts";
import { checkFileHeader } from "./file-header.ts";
import { parseEnd, parseInfo, type TraceEnd, type TraceInfo } from "./info.ts";
import { Tables } from "./tables.ts";

/**
 * Splits bytes into chunks as they arrive.
 *
 * Give it pieces of any size with {@link push}; each call returns the chunks that became complete. Definitions come
 * before the events that use them and are collected in {@link tables}.
 */
export class TraceStream {
  readonly tables = new Tables();
  info: TraceInfo | undefined;
  end: TraceEnd | undefined;

  private readonly inflate: Inflate | undefined;
  private room = new Uint8Array(1 << 16);
  /** What has arrived and is no whole chunk yet: a part of `room`. */
  private held = this.room.subarray(0, 0);
  /** Where `held` begins in the file. */
  private offset = 0;

  constructor(options: { readonly inflate?: Inflate } = {}) {
    this.inflate = options.inflate;
  }

  /**
   * @returns the chunks of events that are complete now, in order; the others have been taken in.
   * @throws {TraceError} at the first thing that is wrong; what was returned before it is sound.
   */
  push(piece: Uint8Array): Chunk[] {
    this.hold(piece);
    const events: Chunk[] = [];
    if (this.offset === 0) {
      if (this.held.length < FILE_HEADER_BYTES) return events;
      checkFileHeader(this.held.subarray(0, FILE_HEADER_BYTES));
      this.drop(FILE_HEADER_BYTES);
    }
    for (let chunk = this.next(); chunk !== undefined; chunk = this.next()) {
      if (chunk.header.kind === ChunkKind.events) events.push(chunk);
      else this.takeIn(chunk);
    }
    return events;
  }

  /** Says that no more comes. @throws {TraceCutError} when the last chunk is not whole. */
  close(): void {
    if (this.held.length > 0 && !this.atTrailer()) {
      throw new TraceCutError("The trace ends in the middle of a chunk.", this.offset);
    }
  }

  private next(): Chunk | undefined {
    if (this.held.length < CHUNK_HEADER_BYTES || this.atTrailer()) return undefined;
    const header: ChunkHeader = parseChunkHeader(this.held, this.offset);
    const bytes = CHUNK_HEADER_BYTES + header.storedBytes;
    if (this.held.length < bytes) return undefined;
    const chunk = openChunk(header, this.held.slice(0, bytes), this.inflate);
    if (this.info === undefined && header.kind !== ChunkKind.info) {
      throw new TraceDamagedError("Damaged trace: it does not begin with its info.", this.offset);
    }
    this.drop(bytes);
    return chunk;
  }

  private takeIn({ header, payload }: Chunk): void {
    const payloadOffset = header.fileOffset + CHUNK_HEADER_BYTES;
    if (header.kind === ChunkKind.info) this.info = parseInfo(payload, payloadOffset);
    else if (header.kind === ChunkKind.tables) this.tables.read(payload, payloadOffset);
    else if (header.kind === ChunkKind.end) this.end = parseEnd(payload, payloadOffset);
  }

  private atTrailer(): boolean {
    if (this.held.length !== TRAILER_BYTES) return false;
    return new DataView(this.held.buffer, this.held.byteOffset).getUint32(12, true) === INDEX_MAGIC;
  }

  /** Appends to what is held; the room doubles, so that pieces of one byte cost no more than large ones. */
  private hold(piece: Uint8Array): void {
    const length = this.held.length + piece.length;
    const end = this.held.byteOffset + length;
    if (end > this.room.length) {
      const room = length > this.room.length / 2 ? new Uint8Array(2 * length) : this.room;
      room.set(this.held); // to the front; the ranges may overlap
      this.room = room;
      this.held = room.subarray(0, this.held.length);
    }
    this.room.set(piece, this.held.byteOffset + this.held.length);
    this.held = this.room.subarray(this.held.byteOffset, this.held.byteOffset + length);
  }

  private drop(count: number): void {
    this.held = this.held.subarray(count);
    this.offset += count;
  }
}
