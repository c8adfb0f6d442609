// A file that was dropped, as a source of bytes: read piece by piece, as the worker needs them.

import type { ByteSource } from "@obmalloc/trace";

/** Of workers only, and so not among the types of a page. */
declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

/** Short reads that are neighbours come from one read of the file. */
const WINDOW_BYTES = 1 << 18;

export class DroppedFile implements ByteSource {
  readonly sizeBytes: number;
  private readonly file: Blob;
  private readonly reader = new FileReaderSync();
  private window = new Uint8Array(0);
  private windowStart = 0;

  constructor(file: Blob) {
    this.file = file;
    this.sizeBytes = file.size;
  }

  read(offset: number, length: number): Uint8Array {
    const end = this.windowStart + this.window.length;
    if (offset < this.windowStart || offset + length > end) {
      const until = Math.min(this.sizeBytes, offset + Math.max(length, WINDOW_BYTES));
      this.window = new Uint8Array(this.reader.readAsArrayBuffer(this.file.slice(offset, until)));
      this.windowStart = offset;
    }
    const from = offset - this.windowStart;
    return this.window.subarray(from, from + length);
  }
}
