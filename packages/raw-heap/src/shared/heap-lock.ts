// A lock between Workers on one word of shared memory: it spins for a moment, then sleeps.
//
// The word is 0 when it is free, 1 when somebody holds it, 2 when somebody holds it and others may sleep: only then does
// the holder have to wake anybody (Drepper, "Futexes Are Tricky", mutex2).

import type { LinearMemory } from "../memory/linear-memory.ts";

const FREE = 0;
const HELD = 1;
const CONTENDED = 2;

/** Looks at a held lock before sleeping: about as long as the heap is held for. */
const SPINS_MAX = 200;

export class HeapLock {
  /** All words as Atomics wants them; replaced when the memory grows. */
  private words: Int32Array;
  private readonly word: number;
  private readonly stopFollowing: () => void;

  /** @param address of the word, a multiple of 4. */
  constructor(memory: LinearMemory, address: number) {
    const view = () => new Int32Array(memory.buffer, 0, memory.u32.length);
    this.words = view();
    this.word = address / 4;
    this.stopFollowing = memory.onGrow(() => {
      this.words = view();
    });
  }

  /** Takes the lock. @returns false when it was not free within `timeoutMs`. */
  acquire(timeoutMs: number): boolean {
    return Atomics.compareExchange(this.words, this.word, FREE, HELD) === FREE || this.acquireHeld(timeoutMs);
  }

  release(): void {
    const { words, word } = this;
    if (Atomics.exchange(words, word, FREE) === CONTENDED) Atomics.notify(words, word, 1);
  }

  /** The lock of somebody who is gone becomes the caller's. */
  takeOver(): void {
    Atomics.store(this.words, this.word, CONTENDED);
  }

  /** Whether anybody holds it at this moment. */
  get isHeld(): boolean {
    return Atomics.load(this.words, this.word) !== FREE;
  }

  /** Ends the use of this object, and nothing else. */
  close(): void {
    this.stopFollowing();
  }

  private acquireHeld(timeoutMs: number): boolean {
    const { words, word } = this;
    for (let spins = 0; spins < SPINS_MAX; spins++) {
      if (Atomics.load(words, word) === FREE && Atomics.compareExchange(words, word, FREE, HELD) === FREE) {
        return true;
      }
    }
    const deadlineMs = Date.now() + timeoutMs;
    while (Atomics.exchange(words, word, CONTENDED) !== FREE) {
      const leftMs = deadlineMs - Date.now();
      if (!(leftMs > 0)) return false;
      sleep(words, word, leftMs);
    }
    return true;
  }
}

/** Until the lock is let go, or for `timeoutMs`. The main thread of a browser may not sleep: it goes on looking. */
function sleep(words: Int32Array, word: number, timeoutMs: number): void {
  try {
    Atomics.wait(words, word, CONTENDED, timeoutMs);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
