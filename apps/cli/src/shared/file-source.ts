// A trace file as a source of bytes: read piece by piece, so that memory does not follow the length of the file.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { ObmallocError } from "@obmalloc/abi";
import type { ByteSource } from "@obmalloc/trace";

/** A trace that cannot be opened, or cannot be read any more. */
export class FileError extends ObmallocError {
  override readonly name = "FileError";
}

/** Short reads that are neighbours come from one read of the file. */
const WINDOW_BYTES = 4096;

export class FileSource implements ByteSource {
  readonly path: string;
  readonly sizeBytes: number;
  private readonly descriptor: number;
  private buffer = Buffer.allocUnsafe(WINDOW_BYTES);
  private windowStart = 0;
  private windowEnd = 0;

  private constructor(path: string, descriptor: number, sizeBytes: number) {
    this.path = path;
    this.descriptor = descriptor;
    this.sizeBytes = sizeBytes;
  }

  /** @throws {FileError} when there is no such file, or it cannot be read. */
  static open(path: string): FileSource {
    let descriptor: number;
    try {
      descriptor = openSync(path, "r");
    } catch (cause) {
      throw new FileError(`${path} cannot be read: ${reasonOf(cause)}.`, { cause });
    }
    const stats = fstatSync(descriptor);
    if (stats.isFile()) return new FileSource(path, descriptor, stats.size);
    closeSync(descriptor);
    throw new FileError(
      `${path} cannot be read: it is ${stats.isDirectory() ? "a folder" : "no regular file"}.`,
    );
  }

  read(offset: number, length: number): Uint8Array {
    if (offset < this.windowStart || offset + length > this.windowEnd) this.fill(offset, length);
    const start = offset - this.windowStart;
    return this.buffer.subarray(start, start + length);
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private fill(offset: number, length: number): void {
    if (length > this.buffer.length) this.buffer = Buffer.allocUnsafe(length * 2);
    const wanted = Math.min(Math.max(length, WINDOW_BYTES), this.sizeBytes - offset);
    let got = 0;
    this.windowStart = offset;
    while (got < wanted) {
      const more = readSync(this.descriptor, this.buffer, got, wanted - got, offset + got);
      if (more === 0) break;
      got += more;
    }
    this.windowEnd = offset + got;
    if (got < length) throw new FileError(`${this.path} became shorter while it was read.`);
  }
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "no permission";
  return message;
}
