// A stream as a file, for allocators in other processes: see native/bench-driver.c.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StreamOnDisk } from "./entrant.ts";
import type { Stream } from "./streams/stream.ts";

let written = 0;

/** The file lies in `folder`, which is the caller's to remove. */
export function streamOnDisk(stream: Stream, folder: string): StreamOnDisk {
  let path: string | undefined;
  return {
    stream,
    file() {
      if (path === undefined) {
        path = join(folder, `${++written}.stream`);
        writeFileSync(path, encode(stream));
      }
      return path;
    },
  };
}

function encode({ ops, slots, sizes, slotCount, setup }: Stream): Uint8Array {
  const head = Uint32Array.of(ops.length, setup, slotCount, 0);
  const bytes = new Uint8Array(head.byteLength + sizes.byteLength + slots.byteLength + ops.byteLength);
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of [head, sizes, slots, ops]) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return bytes;
}
