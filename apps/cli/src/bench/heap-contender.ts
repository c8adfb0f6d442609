// A heap in this process that takes part in the bench.

import type { Contender, Footprint, Timing } from "./contender.ts";
import { type Driver, makeDriver } from "./driver.ts";
import { BenchError, NoRoomError, noRoomText } from "./errors.ts";
import type { Heap, HeapDemand, HeapSource } from "./heap.ts";
import { checkLiveBlocks } from "./live-blocks.ts";
import type { RunnableStream } from "./streams/stream.ts";
import { verifyHeap } from "./verify-heap.ts";

const SAMPLES = 64;

export class HeapContender implements Contender {
  private readonly source: HeapSource;
  private heap: Heap;
  private readonly driver: Driver;
  private readonly stream: RunnableStream;
  private readonly addresses: Uint32Array;

  constructor(source: HeapSource, stream: RunnableStream) {
    this.source = source;
    this.heap = createHeap(source, stream);
    this.driver = makeDriver(source.name);
    this.stream = stream;
    this.addresses = new Uint32Array(stream.slotCount);
  }

  async survey(): Promise<Footprint> {
    const { length } = this.stream.ops;
    const step = Math.ceil(length / SAMPLES);
    let peakBytes = 0;
    for (let from = 0; from < length; from += step) {
      this.run(from, Math.min(from + step, length));
      peakBytes = Math.max(peakBytes, this.heap.footprintBytes());
    }
    const endBytes = this.heap.footprintBytes();
    const wrong = checkLiveBlocks(this.heap.words(), this.stream, this.addresses);
    if (wrong !== undefined) throw new BenchError(`${this.source.name}: ${wrong}.`);
    this.drain();
    return { endBytes, peakBytes };
  }

  async round(): Promise<Timing> {
    const { setup, ops } = this.stream;
    this.run(0, setup);
    const cpu = process.cpuUsage();
    const start = process.hrtime.bigint();
    this.run(setup, ops.length);
    const wallNs = Number(process.hrtime.bigint() - start);
    const { user, system } = process.cpuUsage(cpu);
    this.drain();
    return { cpuNs: (user + system) * 1000, wallNs };
  }

  async verify(): Promise<string | undefined> {
    const wrong = verifyHeap(this.heap, this.stream, this.addresses);
    if (wrong === undefined) this.drain();
    return wrong;
  }

  async close(): Promise<void> {}

  private run(from: number, to: number): void {
    this.driver(this.heap.calls, this.heap, this.stream, this.addresses, from, to, noRoom);
  }

  /** Frees the blocks that the stream leaves alive, in the order of their slots. */
  private drain(): void {
    if (this.source.isDisposable) this.heap = createHeap(this.source, this.stream);
    else for (const slot of this.stream.liveSlots) this.heap.calls.free(this.addresses[slot]!);
  }
}

function noRoom(sizeBytes: number, operation: number): never {
  throw new NoRoomError(noRoomText(sizeBytes, operation));
}

/** @throws {NoRoomError} when the host has no memory for it. */
function createHeap(source: HeapSource, demand: HeapDemand): Heap {
  try {
    return source.create(demand);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const bytes = demand.liveBytesAtPeak;
    throw new NoRoomError(`no room for a heap of ${bytes} live bytes: ${error.message}`, { cause: error });
  }
}
