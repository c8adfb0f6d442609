// A thread that decodes a trace for another one, which replays it: workerData is a DecodeWork.

import { statSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { canPack, EventRing, fillRing } from "@obmalloc/trace";
import { FileSource } from "../shared/file-source.ts";
import { openSource } from "../shared/open-trace.ts";
import type { DecodeWork } from "./decode-thread.ts";

const { path, bytes } = workerData as DecodeWork;
const ring = new EventRing(bytes);
try {
  if (!statSync(path).isFile()) throw new Error("not to be opened twice"); // nor a pipe waited for that nobody writes to
  const trace = openSource(FileSource.open(path));
  if (canPack(trace.tables.nodeCode.length)) fillRing(trace, ring);
  else ring.end("failed");
} catch {
  ring.end("failed"); // the other thread meets the error itself, and says it
}
