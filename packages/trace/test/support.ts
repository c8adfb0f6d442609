// What the tests of this package share: the committed recordings, and a way to build traces by hand.

import { readFileSync } from "node:fs";
import { bytesSource, type TraceInfo, TraceReader, TraceWriter, type WriterOptions } from "../src/index.ts";

export const RECORDINGS = ["cpython-3.8.obm", "cpython-3.13.obm"] as const;

export function recording(name: (typeof RECORDINGS)[number]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)));
}

export function openBytes(bytes: Uint8Array): TraceReader {
  return TraceReader.open(bytesSource(bytes));
}

export const INFO: TraceInfo = {
  implementation: "CPython",
  version: "3.13.0",
  versionText: "3.13.0",
  build: null,
  compiler: null,
  platform: "linux",
  model: "lp64",
  executable: "/usr/bin/python3",
  commandLine: ["python3", "-c", "pass"],
  pid: 1,
  pageSizeBytes: 4096,
  pageShift: 14,
  startedAtUnixMs: 0,
  pythonmalloc: null,
  allocator: "pymalloc",
  stacks: "full",
  stacksNote: null,
};

export const END = { reason: "exit", detail: "", shutdown: false, elapsedNs: 0 };

/** The bytes that `write` writes. */
export function written(
  write: (writer: TraceWriter) => void,
  info: TraceInfo = INFO,
  options: WriterOptions = {},
): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  write(new TraceWriter((bytes) => pieces.push(bytes), info, options));
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
