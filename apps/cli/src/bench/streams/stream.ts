// An operation stream: everything that an allocator is to serve, made before anything is timed, so that all of them do
// exactly the same.

/**
 * What an operation does with its slot, a variable that holds a block or nothing.
 *
 * `replace` is a free and a malloc for the same slot, `pair` a malloc whose block is freed at once: two calls each.
 */
export const Op = { malloc: 0, free: 1, realloc: 2, replace: 3, pair: 4 } as const;
export type Op = (typeof Op)[keyof typeof Op];

/**
 * Operations as columns, as much as an allocator's driver needs.
 *
 * The first {@link setup} of them make the state that the others start from, and are not timed.
 */
export interface RunnableStream {
  readonly ops: Uint8Array;
  readonly slots: Uint32Array;
  /** Bytes; 0 for a free. */
  readonly sizes: Uint32Array;
  /** Slots are numbers below this. */
  readonly slotCount: number;
  /** Operations that are not timed. */
  readonly setup: number;
  /** Slots that hold a block after the last operation, ascending. */
  readonly liveSlots: Uint32Array;
  /** Bytes that were asked for and not freed, the most at one time. */
  readonly liveBytesAtPeak: number;
}

export interface Stream extends RunnableStream {
  /** Such as `W1`. */
  readonly name: string;
  /** Mallocs, frees and reallocs of the timed operations. */
  readonly timedCalls: number;
  /** Bytes that were asked for and not freed, after the last operation. */
  readonly liveBytesAtEnd: number;
}

/** Slots that hold a block after the last operation, ascending. */
export function liveSlotsOf(ops: Uint8Array, slots: Uint32Array, slotCount: number): Uint32Array {
  const isLive = new Uint8Array(slotCount);
  for (const [i, op] of ops.entries()) isLive[slots[i]!] = op === Op.free || op === Op.pair ? 0 : 1;
  return Uint32Array.from(isLive.keys()).filter((slot) => isLive[slot] === 1);
}

/** Collects operations in columns that grow, and keeps account of what is live. */
export class StreamBuilder {
  private ops = new Uint8Array(1024);
  private slots = new Uint32Array(1024);
  private sizes = new Uint32Array(1024);
  private length = 0;
  private setup = 0;
  private calls = 0;
  private liveBytes = 0;
  private peakBytes = 0;
  private readonly liveSizes: Uint32Array;

  /** @param slotCount slots are numbers below this. */
  constructor(slotCount: number) {
    this.liveSizes = new Uint32Array(slotCount);
  }

  malloc(slot: number, sizeBytes: number): void {
    this.expect(slot, false);
    this.push(Op.malloc, slot, sizeBytes);
    this.hold(slot, sizeBytes);
  }

  free(slot: number): void {
    this.expect(slot, true);
    this.push(Op.free, slot, 0);
    this.hold(slot, 0);
  }

  realloc(slot: number, sizeBytes: number): void {
    this.expect(slot, true);
    this.push(Op.realloc, slot, sizeBytes);
    this.hold(slot, sizeBytes);
  }

  replace(slot: number, sizeBytes: number): void {
    this.expect(slot, true);
    this.push(Op.replace, slot, sizeBytes);
    this.hold(slot, sizeBytes);
  }

  pair(slot: number, sizeBytes: number): void {
    this.expect(slot, false);
    this.push(Op.pair, slot, sizeBytes);
    this.hold(slot, sizeBytes);
    this.hold(slot, 0);
  }

  /** Everything before this was setting up. */
  endSetup(): void {
    this.setup = this.length;
    this.calls = 0;
  }

  finish(name: string): Stream {
    const { length, setup } = this;
    const ops = this.ops.slice(0, length);
    const slots = this.slots.slice(0, length);
    const sizes = this.sizes.slice(0, length);
    const slotCount = this.liveSizes.length;
    return {
      name,
      ops,
      slots,
      sizes,
      slotCount,
      setup,
      timedCalls: this.calls,
      liveSlots: liveSlotsOf(ops, slots, slotCount),
      liveBytesAtEnd: this.liveBytes,
      liveBytesAtPeak: this.peakBytes,
    };
  }

  private expect(slot: number, isHeld: boolean): void {
    if ((this.liveSizes[slot] !== 0) !== isHeld) {
      throw new Error(`slot ${slot} ${isHeld ? "holds no block" : "holds a block already"}`);
    }
  }

  private push(op: Op, slot: number, sizeBytes: number): void {
    if (this.length === this.ops.length) this.grow();
    this.ops[this.length] = op;
    this.slots[this.length] = slot;
    this.sizes[this.length++] = sizeBytes;
    this.calls += op === Op.replace || op === Op.pair ? 2 : 1;
  }

  private hold(slot: number, sizeBytes: number): void {
    this.liveBytes += sizeBytes - this.liveSizes[slot]!;
    this.liveSizes[slot] = sizeBytes;
    if (this.liveBytes > this.peakBytes) this.peakBytes = this.liveBytes;
  }

  private grow(): void {
    const twice = <T extends Uint8Array | Uint32Array>(longer: T, present: T): T => {
      longer.set(present);
      return longer;
    };
    this.ops = twice(new Uint8Array(2 * this.length), this.ops);
    this.slots = twice(new Uint32Array(2 * this.length), this.slots);
    this.sizes = twice(new Uint32Array(2 * this.length), this.sizes);
  }
}
