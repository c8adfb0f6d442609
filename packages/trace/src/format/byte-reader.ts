// Reading numbers from bytes that may be damaged: every read is checked against the end.

import { TraceDamagedError } from "../errors.ts";

/** A cursor over bytes. Numbers are whole; above 2^53 they are rounded to a number that JavaScript has. */
export class ByteReader {
  readonly bytes: Uint8Array;
  /** Where `bytes` begin in the file, for error messages. */
  readonly fileOffset: number;
  position = 0;

  constructor(bytes: Uint8Array, fileOffset: number) {
    this.bytes = bytes;
    this.fileOffset = fileOffset;
  }

  get atEnd(): boolean {
    return this.position >= this.bytes.length;
  }

  u8(what: string): number {
    const value = this.bytes[this.position];
    if (value === undefined) throw this.damage(`${what} is missing`);
    this.position++;
    return value;
  }

  /** A little-endian base-128 number. */
  varint(what: string): number {
    const byte = this.bytes[this.position]!;
    if (!(byte < 0x80)) return this.longVarint(what); // also where there is none
    this.position++;
    return byte;
  }

  private longVarint(what: string): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.bytes[this.position];
      if (byte === undefined) throw this.damage(`${what} is missing`);
      this.position++;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw this.damage(`${what} is too large a number`);
  }

  /** Passes the next byte if it is `byte`: whether it was. */
  passes(byte: number): boolean {
    if (this.bytes[this.position] !== byte) return false;
    this.position++;
    return true;
  }

  /** The next `length` bytes, as a view. */
  take(length: number, what: string): Uint8Array {
    if (length > this.bytes.length - this.position) {
      throw this.damage(`${what} of ${length} bytes is longer than what is left`);
    }
    const taken = this.bytes.subarray(this.position, this.position + length);
    this.position += length;
    return taken;
  }

  damage(what: string): TraceDamagedError {
    return new TraceDamagedError(`Damaged trace: ${what}.`, this.fileOffset + this.position);
  }
}
