// A stream as a file, for allocators in other processes: see native/bench-driver.c.
//
// Four 32-bit words (operations, those of the setup, slots, live bytes at the peak in units of 64 KiB, rounded up), then
// sizes and slots as 32-bit words, then a byte for each operation.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StreamOnDisk } from "./entrant.ts";
import { BenchError } from "./errors.ts";
import { liveSlotsOf, type RunnableStream, type Stream } from "./streams/stream.ts";

const HEAD_WORDS = 4;
const PEAK_UNIT_BYTES = 64 * 1024;
const BYTES_OF_OPERATION = 9;

let written = 0;

/** The file lies in `folder`, which is the caller's to remove. */
export function streamOnDisk(stream: Stream, folder: string): StreamOnDisk {
  let path: string | undefined;
  return {
    stream,
    file() {
      if (path === undefined) {
        path = join(folder, `${++written}-${stream.name}`);
        writeFileSync(path, encode(stream));
      }
      return path;
    },
  };
}

/** @throws {BenchError} when the file is not what {@link streamOnDisk} writes. */
export function readStream(path: string): RunnableStream {
  const bytes = new Uint8Array(readFileSync(path)); // a copy that begins where words can
  const head = new Uint32Array(bytes.buffer, 0, HEAD_WORDS);
  const [length = 0, setup = 0, slotCount = 0, peakUnits = 0] = head;
  if (bytes.length !== head.byteLength + BYTES_OF_OPERATION * length) {
    throw new BenchError(`${path} is not an operation stream.`);
  }
  const sizes = new Uint32Array(bytes.buffer, head.byteLength, length);
  const slots = new Uint32Array(bytes.buffer, head.byteLength + sizes.byteLength, length);
  const ops = bytes.subarray(head.byteLength + 2 * sizes.byteLength);
  const liveSlots = liveSlotsOf(ops, slots, slotCount);
  return { ops, slots, sizes, slotCount, setup, liveSlots, liveBytesAtPeak: peakUnits * PEAK_UNIT_BYTES };
}

function encode({ ops, slots, sizes, slotCount, setup, liveBytesAtPeak }: Stream): Uint8Array {
  const peakUnits = Math.ceil(liveBytesAtPeak / PEAK_UNIT_BYTES);
  const head = Uint32Array.of(ops.length, setup, slotCount, peakUnits);
  const bytes = new Uint8Array(head.byteLength + BYTES_OF_OPERATION * ops.length);
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of [head, sizes, slots, ops]) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return bytes;
}
