// Whether an allocator keeps what is written to its blocks: a run of a stream that fills each block and compares it.

import { NoRoomError, noRoomText } from "./errors.ts";
import type { Heap } from "./heap.ts";
import { Op, type RunnableStream } from "./streams/stream.ts";

const STAMP_FACTOR = 0x9e3779b1;

/** Runs a stream; each block is filled with a byte of its own, which is compared when it is freed and after it moved. */
class Verification {
  private readonly heap: Heap;
  private readonly addresses: Uint32Array;
  private readonly held: Uint32Array;
  private readonly stamps: Uint8Array;

  constructor(heap: Heap, slotCount: number, addresses: Uint32Array) {
    this.heap = heap;
    this.addresses = addresses;
    this.held = new Uint32Array(slotCount);
    this.stamps = new Uint8Array(slotCount);
  }

  /** @returns what is wrong, if anything is. */
  step(op: number, slot: number, sizeBytes: number, operation: number): string | undefined {
    if (op === Op.free || op === Op.replace) {
      const wrong = this.free(slot);
      if (wrong !== undefined || op === Op.free) return wrong;
    }
    return this.allocate(op, slot, sizeBytes, operation) ?? (op === Op.pair ? this.free(slot) : undefined);
  }

  compare(slot: number, sizeBytes = this.held[slot]!): string | undefined {
    const bytes = new Uint8Array(this.heap.words().buffer);
    const start = this.addresses[slot]!;
    const stamp = this.stamps[slot]!;
    for (let i = start; i < start + sizeBytes; i++) {
      if (bytes[i] !== stamp) return `a block of ${this.held[slot]} bytes was changed at byte ${i - start}`;
    }
    return undefined;
  }

  private free(slot: number): string | undefined {
    const wrong = this.compare(slot);
    if (wrong === undefined) this.heap.calls.free(this.addresses[slot]!);
    this.held[slot] = 0;
    return wrong;
  }

  private allocate(op: number, slot: number, sizeBytes: number, operation: number): string | undefined {
    const { calls } = this.heap;
    const isRealloc = op === Op.realloc;
    const kept = Math.min(this.held[slot]!, sizeBytes);
    const p = (isRealloc ? calls.realloc(this.addresses[slot]!, sizeBytes) : calls.malloc(sizeBytes)) >>> 0;
    if (p === 0) throw new NoRoomError(noRoomText(sizeBytes, operation));
    const bytes = new Uint8Array(this.heap.words().buffer);
    if (p + sizeBytes > bytes.length) return `${sizeBytes} bytes at ${p} are not in the memory`;
    this.addresses[slot] = p;
    const wrong = isRealloc ? this.compare(slot, kept) : undefined;
    const stamp = Math.imul(operation, STAMP_FACTOR) >>> 24;
    bytes.fill(stamp, p, p + sizeBytes);
    this.stamps[slot] = stamp;
    this.held[slot] = sizeBytes;
    return wrong === undefined ? undefined : `realloc: ${wrong}`;
  }
}

/**
 * @returns what is wrong, undefined when nothing is; the blocks that the stream leaves alive stay allocated.
 * @throws {NoRoomError} when the allocator has no room.
 */
export function verifyHeap(heap: Heap, stream: RunnableStream, addresses: Uint32Array): string | undefined {
  const { ops, slots, sizes } = stream;
  const verification = new Verification(heap, stream.slotCount, addresses);
  for (const [i, op] of ops.entries()) {
    const wrong = verification.step(op, slots[i]!, sizes[i]!, i);
    if (wrong !== undefined) return `${wrong}, at operation ${i}`;
  }
  for (const slot of stream.liveSlots) {
    const wrong = verification.compare(slot);
    if (wrong !== undefined) return `${wrong}, at the end`;
  }
  return undefined;
}
