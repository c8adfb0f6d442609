// The lock of the raw heap that threads share: short holds, so it spins before it waits.

import type { LinearMemory } from "@obmalloc/raw-heap";
import { LockLostError } from "../gil/errors.ts";
import type { Gil } from "../gil/gil.ts";
import { GilWords } from "../gil/gil-words.ts";
import { ThreadState } from "../gil/layout.ts";
import { heapLock } from "../state-layout.ts";

const SPINS = 200;
/** How long a wait is before it looks again, and how many of these without any progress mean that the holder is gone. */
const WAIT_MS = 50;
const LOST_AFTER_WAITS = 10;
/** In the place of a thread's id, for a thread that is not attached: C lets those call the raw domain too. */
const UNATTACHED = 1 << 16;

/** One thread's hold on the lock. No hold may contain another one. */
export class HeapLock {
  private readonly linear: LinearMemory;
  private readonly threads: GilWords;
  private readonly gil: Gil;
  private readonly owner: number;
  private readonly waiting: number;
  private readonly taken: number;

  /** @param address of a `heapLock`. `gil` knows the threads. */
  constructor(linear: LinearMemory, address: number, gil: Gil) {
    const word = (name: "owner" | "waiting" | "taken") => (address + heapLock.offsets[name]) >>> 2;
    this.linear = linear;
    this.threads = new GilWords(linear, gil.address);
    this.gil = gil;
    this.owner = word("owner");
    this.waiting = word("waiting");
    this.taken = word("taken");
  }

  /**
   * Takes the lock; the memory's views are fresh then.
   *
   * @throws {LockLostError} when its holder is gone.
   */
  acquire(): void {
    const { i32 } = this.threads;
    const id = this.gil.threadId || UNATTACHED;
    if (Atomics.compareExchange(i32, this.owner, 0, id) !== 0) this.wait(id);
    i32[this.taken]!++;
    this.linear.refresh();
  }

  release(): void {
    const { i32 } = this.threads;
    Atomics.store(i32, this.owner, 0);
    if (Atomics.load(i32, this.waiting) > 0) Atomics.notify(i32, this.owner, 1);
  }

  private wait(id: number): void {
    const { i32 } = this.threads;
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.load(i32, this.owner) === 0 && Atomics.compareExchange(i32, this.owner, 0, id) === 0)
        return;
    }
    Atomics.add(i32, this.waiting, 1);
    try {
      this.waitLong(id);
    } finally {
      Atomics.sub(i32, this.waiting, 1);
    }
  }

  private waitLong(id: number): void {
    const { i32 } = this.threads;
    let silent = 0;
    let lastTaken = -1;
    while (Atomics.compareExchange(i32, this.owner, 0, id) !== 0) {
      const owner = Atomics.load(i32, this.owner);
      if (owner === 0) continue;
      if (owner !== UNATTACHED && this.threads.stateOf(owner) === ThreadState.gone)
        throw this.lost(owner, "gone", 0);
      if (sleep(i32, this.owner, owner) !== "timed-out") continue;
      const taken = Atomics.load(i32, this.taken);
      silent = taken === lastTaken ? silent + 1 : 0;
      lastTaken = taken;
      if (silent >= LOST_AFTER_WAITS) throw this.lost(owner, "silent", silent * WAIT_MS);
    }
  }

  private lost(owner: number, reason: "gone" | "silent", silentMs: number): LockLostError {
    const name = owner === UNATTACHED ? "not attached" : this.threads.readName(owner);
    return new LockLostError("raw heap", owner, name, reason, silentMs);
  }
}

/** Waits until a word changes, where the host lets the thread block; a page's own thread goes on looking. */
function sleep(i32: Int32Array, word: number, value: number): "ok" | "not-equal" | "timed-out" {
  try {
    return Atomics.wait(i32, word, value, WAIT_MS);
  } catch {
    return "not-equal";
  }
}
