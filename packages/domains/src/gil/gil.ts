// The global interpreter lock, on Atomics over memory that threads share. As in CPython a waiting thread asks for the
// lock after a switch interval, and the holder gives it up at its next checkpoint, to the thread that waited longest.

import type { LinearMemory } from "@obmalloc/raw-heap";
import { GilLostError, GilMisuseError } from "./errors.ts";
import { type GilThread, GilWords, ThreadWord } from "./gil-words.ts";
import { MAX_THREADS, ThreadState } from "./layout.ts";
import { Waiting } from "./waiting.ts";

/** Where the lock lies, and how it waits. */
export interface GilOptions {
  readonly linear: LinearMemory;
  /** Of a `gilState` in it. */
  readonly address: number;
  /**
   * Switch intervals without a sign of life of the holder after which waiting threads give it up for lost. A holder
   * shows one at each `checkpoint()`. @defaultValue 100, half a second at the usual interval
   */
  readonly lostAfterIntervals?: number | undefined;
}

/** Figures of a lock. */
export interface GilSnapshot {
  /** Id of the thread that holds it, 0 for none. */
  readonly owner: number;
  readonly waiting: number;
  readonly switchIntervalMs: number;
  /** How often it went from one thread to another. */
  readonly switches: number;
  /** How often a thread asked for it after an interval, and how often it was handed on because of that. */
  readonly dropRequests: number;
  readonly forcedSwitches: number;
  readonly threads: readonly GilThread[];
}

/** CPython's `sys.getswitchinterval()`. */
const DEFAULT_INTERVAL_MS = 5;
const DEFAULT_LOST_AFTER = 100;

/**
 * One thread's hold on the GIL. Every thread makes its own over the same memory, and attaches itself by a name.
 *
 * Fairness. A thread that has waited for an interval asks for the lock; the holder then hands it to the one that has
 * waited longest. With n threads nobody waits much longer than n intervals, as long as holders reach checkpoints.
 * Errors. {@link GilLostError} where waiting would never end.
 * @example gil.attach("worker 1"); gil.run(() => { memory.mem.malloc(64); });
 * @see CPython 3.13 Python/ceval_gil.c, take_gil and drop_gil
 */
export class Gil {
  /** Whether this thread holds it. */
  isHeld = false;
  /** Of this thread; 0 before {@link attach}. */
  threadId = 0;
  private readonly linear: LinearMemory;
  private readonly words: GilWords;
  private readonly lostAfterIntervals: number;
  /** Word of this thread's count of checkpoints. */
  private beats = 0;

  constructor({ linear, address, lostAfterIntervals }: GilOptions) {
    this.linear = linear;
    this.words = new GilWords(linear, address);
    this.lostAfterIntervals = lostAfterIntervals ?? DEFAULT_LOST_AFTER;
    const { i32, at } = this.words;
    Atomics.compareExchange(i32, at.interval, 0, DEFAULT_INTERVAL_MS);
  }

  /** Milliseconds after which a waiting thread asks for the lock (`sys.setswitchinterval`); for all threads. */
  get switchIntervalMs(): number {
    return this.words.load(this.words.at.interval);
  }

  set switchIntervalMs(milliseconds: number) {
    if (!Number.isInteger(milliseconds) || milliseconds < 1 || milliseconds > 1000) {
      throw new RangeError(`The switch interval is 1 to 1000 whole milliseconds, not ${milliseconds}.`);
    }
    Atomics.store(this.words.i32, this.words.at.interval, milliseconds);
  }

  /**
   * Makes the calling thread known.
   *
   * @param name at most 32 bytes of it are kept.
   * @returns its id, from 1.
   * @throws {GilMisuseError} when it is attached already, or 64 threads are.
   */
  attach(name: string): number {
    if (this.threadId !== 0)
      throw new GilMisuseError(`This thread is attached already, as ${this.threadId}.`);
    const { words } = this;
    for (let id = 1; id <= MAX_THREADS; id++) {
      const thread = words.thread(id);
      const state = thread + ThreadWord.state;
      if (
        Atomics.compareExchange(words.i32, state, ThreadState.none, ThreadState.running) !== ThreadState.none
      )
        continue;
      for (const field of ["acquired", "contended", "waited", "longestWait"] as const)
        Atomics.store(words.i32, thread + ThreadWord[field], 0);
      words.writeName(id, name);
      this.threadId = id;
      this.beats = thread + ThreadWord.beats;
      return id;
    }
    throw new GilMisuseError(`There are ${MAX_THREADS} threads attached, and no room for one more.`);
  }

  /** Ends what {@link attach} began. @throws {GilMisuseError} when the lock is held. */
  detach(): void {
    if (this.isHeld)
      throw new GilMisuseError("A thread that holds the GIL cannot be detached: release it first.");
    if (this.threadId === 0) return;
    const { words } = this;
    Atomics.store(words.i32, words.thread(this.threadId) + ThreadWord.state, ThreadState.none);
    this.threadId = 0;
  }

  /**
   * Takes the lock; blocks the thread until it has it.
   *
   * @throws {GilLostError} when the holder is gone. {@link GilMisuseError} when this thread holds it.
   */
  acquire(): void {
    const id = this.checkFree();
    const { i32, at } = this.words;
    if (Atomics.compareExchange(i32, at.owner, 0, id) === 0) {
      this.taken();
      return;
    }
    const waiting = new Waiting(this.words, id, this.lostAfterIntervals);
    try {
      while (!waiting.take()) {
        const { wakeWord, wakeValue, timeoutMs } = waiting;
        waiting.waited(Atomics.wait(this.words.i32, wakeWord, wakeValue, timeoutMs) === "timed-out");
      }
    } finally {
      waiting.end();
    }
    this.taken();
  }

  /** {@link acquire} for a thread that must not block, such as that of a page. */
  async acquireAsync(): Promise<void> {
    const id = this.checkFree();
    const waiting = new Waiting(this.words, id, this.lostAfterIntervals);
    try {
      while (!waiting.take()) {
        const { wakeWord, wakeValue, timeoutMs } = waiting;
        const result = Atomics.waitAsync(this.words.i32, wakeWord, wakeValue, timeoutMs);
        waiting.waited((await result.value) === "timed-out");
      }
    } finally {
      waiting.end();
    }
    this.taken();
  }

  /** Takes the lock if nobody has it; says whether it did. */
  tryAcquire(): boolean {
    const id = this.checkFree();
    const { i32, at } = this.words;
    if (Atomics.compareExchange(i32, at.owner, 0, id) !== 0) return false;
    this.taken();
    return true;
  }

  /** Gives the lock up. @throws {GilMisuseError} when this thread does not hold it. */
  release(): void {
    if (!this.isHeld) throw new GilMisuseError("The GIL is not held by this thread.");
    this.isHeld = false;
    const { i32, at } = this.words;
    Atomics.store(i32, at.lastHolder, this.threadId);
    const next = Atomics.load(i32, at.dropRequest) === 0 ? 0 : this.words.firstWaiter();
    // If the lock was taken away by recover(), it is not this thread's to give.
    if (Atomics.compareExchange(i32, at.owner, this.threadId, -next) !== this.threadId) return;
    if (next !== 0) {
      Atomics.add(i32, at.forcedSwitches, 1);
      this.wake(next);
    } else if (Atomics.load(i32, at.waiting) > 0) {
      this.wake(this.words.firstWaiter());
    }
  }

  /**
   * To be called now and then by the holder: shows that it lives, and lets another thread run when one asked for it.
   * CPython does this between bytecodes. Costs a few nanoseconds when nobody asked.
   */
  checkpoint(): void {
    if (!this.isHeld) return;
    const { i32, at } = this.words;
    i32[this.beats]!++;
    if (Atomics.load(i32, at.dropRequest) === 0) return;
    this.release();
    this.acquire();
  }

  /** Runs `action` with the lock held, and gives it up afterwards unless it was held before. */
  run<T>(action: () => T): T {
    if (this.isHeld) return action();
    this.acquire();
    try {
      return action();
    } finally {
      if (this.isHeld) this.release();
    }
  }

  /**
   * Says that a thread exists no more: to be called by whoever learns of it, such as the `exit` event of a Worker. If it
   * held the lock, all waiting threads end in {@link GilLostError} at once.
   */
  threadGone(id: number): void {
    const { i32 } = this.words;
    const thread = this.words.thread(id);
    if (Atomics.load(i32, thread + ThreadWord.state) === ThreadState.none) return;
    const before = Atomics.exchange(i32, thread + ThreadWord.state, ThreadState.gone);
    if (before === ThreadState.waiting || before === ThreadState.dozing)
      Atomics.sub(i32, this.words.at.waiting, 1);
    if (Math.abs(this.words.load(this.words.at.owner)) !== id) {
      Atomics.store(i32, thread + ThreadWord.state, ThreadState.none); // its place can be used again
    }
    for (let other = 1; other <= MAX_THREADS; other++) {
      if (this.words.stateOf(other) === ThreadState.waiting) this.wake(other);
    }
  }

  /** Takes a lost lock away from its holder, so that others can go on; says whether somebody had it. */
  recover(): boolean {
    const { i32, at } = this.words;
    const owner = Atomics.load(i32, at.owner);
    if (owner === 0 || Atomics.compareExchange(i32, at.owner, owner, 0) !== owner) return false;
    const state = this.words.thread(Math.abs(owner)) + ThreadWord.state;
    Atomics.compareExchange(i32, state, ThreadState.gone, ThreadState.none);
    const next = this.words.firstWaiter();
    if (next !== 0) this.wake(next);
    return true;
  }

  inspect(): GilSnapshot {
    const { words } = this;
    const { at } = words;
    const ids = Array.from({ length: MAX_THREADS }, (_, index) => index + 1);
    return Object.freeze({
      owner: Math.max(0, words.load(at.owner)),
      waiting: words.load(at.waiting),
      switchIntervalMs: words.load(at.interval),
      switches: words.load(at.switchNumber) >>> 0,
      dropRequests: words.load(at.dropRequests) >>> 0,
      forcedSwitches: words.load(at.forcedSwitches) >>> 0,
      threads: Object.freeze(ids.map((id) => words.describe(id)).filter((thread) => thread !== undefined)),
    });
  }

  private checkFree(): number {
    if (this.isHeld) throw new GilMisuseError("This thread holds the GIL already.");
    if (this.threadId === 0)
      throw new GilMisuseError("This thread is not attached: call attach(name) first.");
    return this.threadId;
  }

  private taken(): void {
    const { i32, at } = this.words;
    this.isHeld = true;
    if (Atomics.load(i32, at.dropRequest) !== 0) Atomics.store(i32, at.dropRequest, 0);
    const thread = this.words.thread(this.threadId);
    i32[thread + ThreadWord.beats]!++;
    i32[thread + ThreadWord.acquired]!++;
    if (Atomics.load(i32, at.lastHolder) !== this.threadId) {
      Atomics.store(i32, at.lastHolder, this.threadId);
      i32[at.switchNumber]!++;
      this.linear.reach(this.linear.byteLength); // whoever had it may have made the memory grow
    }
  }

  private wake(id: number): void {
    if (id === 0) return;
    const word = this.words.thread(id) + ThreadWord.wake;
    Atomics.add(this.words.i32, word, 1);
    Atomics.notify(this.words.i32, word, 1);
  }
}
