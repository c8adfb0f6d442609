// A thread that decodes a trace for another one, which replays it: workerData is a DecodeWork. The other one opens the trace
// while this one comes up, and says what it found.

import { parentPort, workerData } from "node:worker_threads";
import { canPack, EventRing, fillRing, type OpenedTrace, TraceReader } from "@obmalloc/trace";
import { FileSource } from "../shared/file-source.ts";
import { openOptions } from "../shared/open-trace.ts";
import type { DecodeWork } from "./decode-thread.ts";

const { path, bytes } = workerData as DecodeWork;
const ring = new EventRing(bytes);
parentPort?.once("message", (opened: OpenedTrace) => {
  try {
    if (canPack(opened.stacks))
      fillRing(TraceReader.reopen(FileSource.open(path), opened, openOptions), ring);
    else ring.end("failed");
  } catch {
    ring.end("failed"); // the other thread meets the error itself, and says it
  }
});
