// A thread that waits for the GIL: from the moment that it found it taken to the moment that it has it.

import { GilLostError } from "./errors.ts";
import { type GilWords, ThreadWord } from "./gil-words.ts";
import { ThreadState } from "./layout.ts";

/** Intervals that a thread to which the lock was handed has to take it, before it is handed to the next one. */
const HANDED_PATIENCE = 4;

/**
 * Who has asked for the lock and sees no sign of life of its holder looks again this many intervals later: each look comes
 * late on a busy machine, and fewer looks come less late. Whoever gives the lock back wakes it before.
 */
const SILENT_STEP = 10;

export class Waiting {
  /** The word that changes when it is time to look again, and its value when {@link take} looked. */
  readonly wakeWord: number;
  wakeValue = 0;
  private readonly intervalMs: number;
  /** Intervals until the next look. */
  private step = 1;
  private readonly words: GilWords;
  private readonly id: number;
  private readonly lostAfterIntervals: number;
  private readonly thread: number;
  /** Intervals waited, and those of them without a sign of life of the holder. */
  private intervals = 0;
  private silent = 0;
  private lastOwner = 0;
  private lastSign = 0;

  constructor(words: GilWords, id: number, lostAfterIntervals: number) {
    this.words = words;
    this.id = id;
    this.lostAfterIntervals = lostAfterIntervals;
    this.thread = words.thread(id);
    this.wakeWord = this.thread + ThreadWord.wake;
    this.intervalMs = words.load(words.at.interval);
    const { i32, at } = words;
    i32[this.thread + ThreadWord.contended]!++;
    this.queue();
    Atomics.add(i32, at.waiting, 1);
  }

  /**
   * Takes the lock if it is free or was handed to this thread.
   *
   * @throws {GilLostError} when its holder is known to be gone.
   */
  take(): boolean {
    const { i32, at } = this.words;
    for (;;) {
      this.wakeValue = Atomics.load(i32, this.wakeWord);
      const owner = Atomics.load(i32, at.owner);
      if (owner !== 0 && owner !== -this.id) {
        if (this.words.stateOf(Math.abs(owner)) !== ThreadState.gone) return false;
        this.holderGone(owner);
        continue;
      }
      if (Atomics.compareExchange(i32, at.owner, owner, this.id) === owner) return true;
    }
  }

  /**
   * An interval is over, or somebody woke this thread before.
   *
   * @throws {GilLostError} when the holder has been silent for too long.
   */
  waited(timedOut: boolean): void {
    if (this.words.stateOf(this.id) === ThreadState.dozing) this.queue();
    if (!timedOut) {
      this.step = 1;
      return;
    }
    this.intervals += this.step;
    const { i32, at } = this.words;
    const owner = Atomics.load(i32, at.owner);
    if (owner > 0 && Atomics.exchange(i32, at.dropRequest, 1) === 0) Atomics.add(i32, at.dropRequests, 1);
    const sign = owner > 0 ? this.words.load(this.words.thread(owner) + ThreadWord.beats) : 0;
    const moved = owner !== this.lastOwner || sign !== this.lastSign;
    this.silent = moved ? 0 : this.silent + this.step;
    this.step = owner > 0 && this.silent >= HANDED_PATIENCE ? SILENT_STEP : 1;
    this.lastOwner = owner;
    this.lastSign = sign;
    if (owner < 0 && this.silent >= HANDED_PATIENCE) this.handOn(owner);
    if (owner > 0 && this.silent >= this.lostAfterIntervals) {
      const name = this.words.readName(owner);
      throw new GilLostError(owner, name, "silent", this.silent * this.intervalMs);
    }
  }

  /** Milliseconds until the next look, unless somebody wakes this thread. */
  get timeoutMs(): number {
    return this.step * this.intervalMs;
  }

  /** Waits no more, with the lock or without it. */
  end(): void {
    const { i32, at } = this.words;
    const { thread } = this;
    Atomics.store(i32, thread + ThreadWord.state, ThreadState.running);
    Atomics.sub(i32, at.waiting, 1);
    i32[thread + ThreadWord.waited] = i32[thread + ThreadWord.waited]! + this.intervals;
    if (this.intervals > i32[thread + ThreadWord.longestWait]!) {
      i32[thread + ThreadWord.longestWait] = this.intervals;
    }
  }

  /** Stands behind all others that wait. */
  private queue(): void {
    const { i32, at } = this.words;
    Atomics.store(i32, this.thread + ThreadWord.ticket, Atomics.add(i32, at.nextTicket, 1));
    Atomics.store(i32, this.thread + ThreadWord.state, ThreadState.waiting);
  }

  /** The thread that the lock was handed to does not take it: the next one gets it, and that one loses its place. */
  private handOn(owner: number): void {
    const { i32, at } = this.words;
    const next = this.words.firstWaiter(-owner);
    if (Atomics.compareExchange(i32, at.owner, owner, -next) !== owner) return;
    const late = this.words.thread(-owner) + ThreadWord.state;
    Atomics.compareExchange(i32, late, ThreadState.waiting, ThreadState.dozing);
    if (next === 0) return;
    const wake = this.words.thread(next) + ThreadWord.wake;
    Atomics.add(i32, wake, 1);
    Atomics.notify(i32, wake, 1);
  }

  private holderGone(owner: number): void {
    const { i32, at } = this.words;
    if (owner > 0) throw new GilLostError(owner, this.words.readName(owner), "gone", 0);
    // It was handed the lock and is gone before it could take it: nothing is half done.
    if (Atomics.compareExchange(i32, at.owner, owner, 0) === owner) {
      Atomics.store(i32, this.words.thread(-owner) + ThreadWord.state, ThreadState.none);
    }
  }
}
