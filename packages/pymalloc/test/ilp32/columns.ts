// How a recording lies in its file: each kind of figure by itself, as that compresses well.

import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

/** A line of what the differential driver writes, too: see driver.c. */
export const Tag = {
  malloc: 1,
  calloc: 2,
  realloc: 3,
  free: 4,
  arenaMap: 5,
  arenaUnmap: 6,
  report: 7,
} as const;

export interface CallRecord {
  readonly tag: (typeof Tag)[keyof typeof Tag];
  readonly size: number;
  readonly old: number;
  readonly result: number;
  /** Of a report: as many characters as `size` says. */
  readonly text?: string;
}

const COLUMNS = ["tag", "size", "old", "result"] as const;
const WORDS_OF_A_LINE = 6;

/** The number of records, their four columns of 32-bit words, the reports' texts; compressed. */
export function writeColumns(records: readonly CallRecord[]): Buffer {
  const words = new Uint32Array(1 + COLUMNS.length * records.length);
  words[0] = records.length;
  for (const [at, column] of COLUMNS.entries()) {
    const from = 1 + at * records.length;
    for (const [n, record] of records.entries()) words[from + n] = record[column];
  }
  const texts = Buffer.from(records.map(({ text = "" }) => text).join(""), "latin1");
  return brotliCompressSync(Buffer.concat([Buffer.from(words.buffer), texts]), {
    params: { [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
}

/** A recording as the driver would have written it. */
export function* linesOf(file: Buffer): Generator<Buffer> {
  const bytes = brotliDecompressSync(file);
  const count = bytes.readUInt32LE(0);
  const figure = (column: (typeof COLUMNS)[number], n: number) =>
    bytes.readUInt32LE(4 * (1 + COLUMNS.indexOf(column) * count + n));
  let textAt = 4 * (1 + COLUMNS.length * count);
  for (let n = 0; n < count; n++) {
    const [tag, size] = [figure("tag", n), figure("size", n)];
    const line = new Uint32Array(WORDS_OF_A_LINE);
    line[0] = tag | (size << 8);
    line[1] = size >>> 24;
    line[2] = figure("old", n);
    line[4] = figure("result", n);
    yield Buffer.from(line.buffer);
    if (tag !== Tag.report) continue;
    const padded = Buffer.alloc(Math.ceil(size / 8) * 8);
    bytes.copy(padded, 0, textAt, textAt + size);
    textAt += size;
    yield padded;
  }
}
