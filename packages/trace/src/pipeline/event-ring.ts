// Batches of packed events on their way from the thread that decodes to the thread that replays, in shared memory.

import { PACKED_STACKS_MAX } from "./packed-events.ts";

/** Words of a batch: some thousand events, which stay in a processor's cache. */
export const BATCH_WORDS = 1 << 13;
/** Slots of batches: at most so many, and as many as there is room for. */
const SLOTS_MAX = 1 << 10;

// Words in front of the batches.
const PUBLISHED = 0;
const CONSUMED = 1;
const STATE = 2;
/** Whether a thread sleeps until the word of the same name changes: only then is it woken, which is no cheap call. */
const AWAITED = 3; // and 4: PUBLISHED, CONSUMED
/** A reader that sleeps is woken when so many batches are there, or the first; a writer when half of the ring is free. */
const WAKING_BATCHES = 4;
const LENGTHS = 16;
const CONTROL_WORDS = LENGTHS + SLOTS_MAX;

const State = { running: 0, ended: 1, failed: 2, abandoned: 3 } as const;

/** Whether the events of a trace with so many stacks fit into packed words. */
export const canPack = (stacks: number): boolean => stacks <= PACKED_STACKS_MAX;

/** Both ends of a ring of batches. Each thread makes one over the same bytes; one writes, the other one reads. */
export class EventRing {
  readonly bytes: SharedArrayBuffer;
  private readonly slots: number;
  private readonly control: Int32Array;
  private readonly words: Uint32Array;

  /** @param bytes the same for both threads, all 0 at first. 2 MiB hold a quarter of a million events, which is plenty. @throws {RangeError} */
  constructor(bytes: SharedArrayBuffer) {
    this.bytes = bytes;
    this.slots = Math.min(SLOTS_MAX, Math.floor((bytes.byteLength / 4 - CONTROL_WORDS) / BATCH_WORDS));
    if (this.slots < 1) throw new RangeError(`A ring of ${bytes.byteLength} bytes has no room for a batch.`);
    this.control = new Int32Array(bytes, 0, CONTROL_WORDS);
    this.words = new Uint32Array(bytes, CONTROL_WORDS * 4);
  }

  // The writer's end.

  /** Words for the next batch; waits for one that has been read. Undefined when nobody reads any more. */
  room(): Uint32Array | undefined {
    const { control } = this;
    const published = Atomics.load(control, PUBLISHED);
    for (;;) {
      if (Atomics.load(control, STATE) === State.abandoned) return undefined;
      const consumed = Atomics.load(control, CONSUMED);
      if (published - consumed < this.slots) return this.slot(published, BATCH_WORDS);
      this.sleep(CONSUMED, consumed, Number.POSITIVE_INFINITY);
    }
  }

  /** The words that {@link room} gave are ready, as far as `length`. */
  publish(length: number): void {
    const { control } = this;
    const published = Atomics.load(control, PUBLISHED);
    control[LENGTHS + (published % this.slots)] = length;
    Atomics.store(control, PUBLISHED, published + 1);
    const ready = published + 1 - Atomics.load(control, CONSUMED);
    if (length === 0 || published === 0 || ready >= Math.min(WAKING_BATCHES, this.slots))
      this.wake(PUBLISHED);
  }

  /** Nothing follows: because the trace ends here, or because whoever wrote cannot go on. */
  end(how: "ended" | "failed"): void {
    Atomics.compareExchange(this.control, STATE, State.running, State[how]);
    if (this.room() !== undefined) this.publish(0); // wakes the reader
  }

  // The reader's end.

  /** Whether {@link next} would not wait. */
  get isReady(): boolean {
    return Atomics.load(this.control, PUBLISHED) !== Atomics.load(this.control, CONSUMED);
  }

  /**
   * The next batch, which stays as it is until {@link release}. Waits for it up to `patienceMs`.
   *
   * @returns why there is none instead: nothing follows, or the writer gave up or gave no sign for so long.
   */
  next(patienceMs: number): Uint32Array | "ended" | "failed" {
    const { control } = this;
    const consumed = Atomics.load(control, CONSUMED);
    while (Atomics.load(control, PUBLISHED) === consumed) {
      if (this.sleep(PUBLISHED, consumed, patienceMs) === "timed-out") return "failed";
    }
    const length = control[LENGTHS + (consumed % this.slots)]!;
    if (length > 0) return this.slot(consumed, length);
    return Atomics.load(control, STATE) === State.ended ? "ended" : "failed";
  }

  /** The batch that {@link next} gave has been read. */
  release(): void {
    const left = Atomics.load(this.control, PUBLISHED) - Atomics.add(this.control, CONSUMED, 1) - 1;
    if (left <= this.slots / 2) this.wake(CONSUMED);
  }

  /** Nobody reads any more: the writer is to stop. */
  abandon(): void {
    Atomics.store(this.control, STATE, State.abandoned);
    Atomics.add(this.control, CONSUMED, 1); // a writer that waits for room looks again
    this.wake(CONSUMED);
  }

  /** Sleeps while a word has a value. Whoever changes it afterwards sees that it is awaited; before, and this returns at once. */
  private sleep(word: number, value: number, patienceMs: number): "ok" | "not-equal" | "timed-out" {
    Atomics.store(this.control, AWAITED + word, 1);
    const how = Atomics.wait(this.control, word, value, patienceMs);
    Atomics.store(this.control, AWAITED + word, 0);
    return how;
  }

  private wake(word: number): void {
    if (Atomics.load(this.control, AWAITED + word) === 1) Atomics.notify(this.control, word);
  }

  private slot(batch: number, length: number): Uint32Array {
    const from = (batch % this.slots) * BATCH_WORDS;
    return this.words.subarray(from, from + length);
  }
}
