// A thread that decodes for a test: workerData has the trace's bytes and the ring's, what opening the trace said, and how many
// batches it may give.

import { workerData } from "node:worker_threads";
import { bytesSource, EventRing, fillRing, type OpenedTrace, TraceReader } from "../../src/index.ts";

const { trace, opened, bytes, batches } = workerData as {
  trace: Uint8Array;
  opened: OpenedTrace;
  bytes: SharedArrayBuffer;
  batches: number;
};

/** A ring that breaks after some batches, as if the thread had run out of memory. */
class BreakingRing extends EventRing {
  private left = batches;

  override room(): Uint32Array | undefined {
    if (this.left-- === 0) throw new Error("broken");
    return super.room();
  }
}

const ring = new BreakingRing(bytes);
try {
  fillRing(TraceReader.reopen(bytesSource(trace), opened), ring);
} catch {
  ring.end("failed");
}
