// The words of a GIL in its memory, by name.

import type { StructLayout } from "@obmalloc/abi";
import type { LinearMemory } from "@obmalloc/raw-heap";
import { gilState, gilThread, MAX_THREADS, ThreadState } from "./layout.ts";

const wordOf = (layout: StructLayout, name: string) => layout.offsets[name]! >>> 2;

const THREADS = wordOf(gilState, "threads");
const THREAD_WORDS = gilThread.sizeBytes >>> 2;
const NAME = wordOf(gilThread, "name");
const NAME_WORDS = THREAD_WORDS - NAME;

/** Word indexes of the lock's own fields. */
export interface LockWords {
  readonly owner: number;
  readonly lastHolder: number;
  readonly dropRequest: number;
  readonly switchNumber: number;
  readonly waiting: number;
  readonly nextTicket: number;
  readonly interval: number;
  readonly dropRequests: number;
  readonly forcedSwitches: number;
}

/** What is known of an attached thread. */
export interface GilThread {
  /** From 1. */
  readonly id: number;
  readonly name: string;
  readonly state: "running" | "waiting" | "gone";
  readonly holdsGil: boolean;
  /** How often it took the lock, and how often of these it had to wait. */
  readonly acquired: number;
  readonly contended: number;
  /** Switch intervals that it waited, in all and the longest time at once. */
  readonly waitedIntervals: number;
  readonly longestWaitIntervals: number;
}

/** Field offsets of a thread in words from its first one. */
export const ThreadWord = {
  state: wordOf(gilThread, "state"),
  ticket: wordOf(gilThread, "ticket"),
  wake: wordOf(gilThread, "wake"),
  beats: wordOf(gilThread, "beats"),
  acquired: wordOf(gilThread, "acquired"),
  contended: wordOf(gilThread, "contended"),
  waited: wordOf(gilThread, "waited"),
  longestWait: wordOf(gilThread, "longest_wait"),
} as const;

const STATE_NAMES = {
  [ThreadState.none]: "running",
  [ThreadState.running]: "running",
  [ThreadState.waiting]: "waiting",
  [ThreadState.dozing]: "waiting",
  [ThreadState.gone]: "gone",
} as const satisfies Record<ThreadState, GilThread["state"]>;

/** Reads and finds; everything that changes the lock is in gil.ts. */
export class GilWords {
  /** All words of the memory, for Atomics. */
  i32: Int32Array;
  readonly at: LockWords;
  private readonly firstThread: number;

  /** @param address of a `gilState` that was all zeros when the lock was made. */
  constructor(linear: LinearMemory, address: number) {
    const word = (name: string) => (address >>> 2) + wordOf(gilState, name);
    this.at = Object.freeze({
      owner: word("owner"),
      lastHolder: word("last_holder"),
      dropRequest: word("gil_drop_request"),
      switchNumber: word("switch_number"),
      waiting: word("waiting"),
      nextTicket: word("next_ticket"),
      interval: word("interval"),
      dropRequests: word("drop_requests"),
      forcedSwitches: word("forced_switches"),
    });
    this.firstThread = (address >>> 2) + THREADS;
    this.i32 = new Int32Array(linear.buffer, 0, Math.floor(linear.buffer.byteLength / 4));
    linear.onGrow(() => {
      this.i32 = new Int32Array(linear.buffer, 0, Math.floor(linear.buffer.byteLength / 4));
    });
  }

  /** The first word of a thread, of 1 to 64. */
  thread(id: number): number {
    return this.firstThread + (id - 1) * THREAD_WORDS;
  }

  load(word: number): number {
    return Atomics.load(this.i32, word);
  }

  stateOf(id: number): ThreadState {
    return Atomics.load(this.i32, this.thread(id) + ThreadWord.state) as ThreadState;
  }

  /** The waiting thread that has waited longest, `except` left out; 0 when nobody waits. */
  firstWaiter(except = 0): number {
    let first = 0;
    let firstTicket = 0;
    for (let id = 1; id <= MAX_THREADS; id++) {
      if (id === except || this.stateOf(id) !== ThreadState.waiting) continue;
      const ticket = this.load(this.thread(id) + ThreadWord.ticket);
      // Tickets wrap around: the difference tells which came first.
      if (first === 0 || ((ticket - firstTicket) | 0) < 0) {
        first = id;
        firstTicket = ticket;
      }
    }
    return first;
  }

  writeName(id: number, name: string): void {
    const bytes = new Uint8Array(NAME_WORDS * 4);
    let length = 0;
    for (const character of name) {
      const encoded = utf8(character.codePointAt(0)!);
      if (length + encoded.length > bytes.length) break;
      bytes.set(encoded, length);
      length += encoded.length;
    }
    const words = new Int32Array(bytes.buffer);
    for (const [i, word] of words.entries()) Atomics.store(this.i32, this.thread(id) + NAME + i, word);
  }

  readName(id: number): string {
    const words = Int32Array.from({ length: NAME_WORDS }, (_, i) => this.load(this.thread(id) + NAME + i));
    const bytes = new Uint8Array(words.buffer);
    const end = bytes.indexOf(0);
    const escaped = Array.from(
      end < 0 ? bytes : bytes.subarray(0, end),
      (byte) => `%${byte.toString(16).padStart(2, "0")}`,
    );
    return decodeURIComponent(escaped.join(""));
  }

  describe(id: number): GilThread | undefined {
    const state = this.stateOf(id);
    if (state === ThreadState.none) return undefined;
    const count = (field: keyof typeof ThreadWord) => this.load(this.thread(id) + ThreadWord[field]) >>> 0;
    return Object.freeze({
      id,
      name: this.readName(id),
      state: STATE_NAMES[state],
      holdsGil: this.load(this.at.owner) === id,
      acquired: count("acquired"),
      contended: count("contended"),
      waitedIntervals: count("waited"),
      longestWaitIntervals: count("longestWait"),
    });
  }
}

function utf8(code: number): number[] {
  if (code < 0x80) return [code];
  const more = (shift: number) => 0x80 | ((code >>> shift) & 0x3f);
  if (code < 0x800) return [0xc0 | (code >>> 6), more(0)];
  if (code < 0x10000) return [0xe0 | (code >>> 12), more(6), more(0)];
  return [0xf0 | (code >>> 18), more(12), more(6), more(0)];
}
