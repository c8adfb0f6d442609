// Writing numbers to a buffer that grows.

/** Bytes that grow at the end. Numbers are whole. */
export class ByteWriter {
  private buffer: Uint8Array<ArrayBuffer>;
  length = 0;
  /** Where the last count is; it grows while nothing was written behind it. */
  private countAt = -1;

  constructor(initialBytes = 1024) {
    this.buffer = new Uint8Array(initialBytes);
  }

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  /** One more of what is only counted: the last byte when it is a count below `max`, else a new one, from 0. */
  count(max: number): void {
    if (this.countAt >= 0 && this.countAt === this.length - 1 && this.buffer[this.countAt]! < max) {
      this.buffer[this.countAt]!++;
      return;
    }
    this.countAt = this.length;
    this.u8(0);
  }

  /** `count` low bytes of a 32-bit word, little-endian. */
  word(value: number, count: number): void {
    this.reserve(count);
    for (let i = 0; i < count; i++) this.buffer[this.length++] = value >>> (8 * i);
  }

  /** `count` bytes of a number up to 2^53 - 1, little-endian. */
  wide(value: number, count: number): void {
    this.word(value % 2 ** 32, Math.min(count, 4));
    if (count > 4) this.word(Math.floor(value / 2 ** 32), count - 4);
  }

  varint(value: number): void {
    this.reserve(10);
    let rest = value;
    while (rest >= 128) {
      this.buffer[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.length++] = rest;
  }

  put(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A copy of what was written, and an empty writer again. */
  takeBytes(): Uint8Array<ArrayBuffer> {
    const taken = this.buffer.slice(0, this.length);
    this.length = 0;
    this.countAt = -1;
    return taken;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}
