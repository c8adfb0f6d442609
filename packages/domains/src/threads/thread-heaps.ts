// The heaps of all threads, where each has its own: who has which, and what others have sent back to it.

import { OutOfMemoryError, type Profile, type RawAddress, rawAddress } from "@obmalloc/abi";
import { type ArenaAllocator, attachPyMalloc, createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import type { LinearMemory, RawAllocator } from "@obmalloc/raw-heap";
import { GilMisuseError } from "../gil/errors.ts";
import { domainsState, MAX_THREAD_HEAPS, ThreadHeapState, threadHeap } from "../state-layout.ts";
import { ownersBytes, PoolOwners } from "./pool-owners.ts";

export interface ThreadHeapsOptions {
  readonly profile: Profile;
  readonly linear: LinearMemory;
  readonly raw: RawAllocator;
  readonly arenas: ArenaAllocator;
  /** Of the `domainsState`. */
  readonly stateAddress: number;
}

/** A heap that this thread has. */
export interface OwnHeap {
  /** From 1. */
  readonly number: number;
  readonly pymalloc: PyMalloc;
}

export class ThreadHeaps {
  readonly owners: PoolOwners;
  /** All words of the memory, for Atomics. */
  i32: Int32Array;
  private readonly options: ThreadHeapsOptions;
  private readonly firstHeap: number;
  /** The heaps of other threads, to look at. */
  private readonly others = new Map<number, PyMalloc>();

  /** Over what another thread has made, or makes it. @throws {OutOfMemoryError} when there is no room for the map of owners. */
  constructor(options: ThreadHeapsOptions) {
    const { profile, linear, stateAddress } = options;
    const { offsets } = domainsState(profile);
    this.options = options;
    this.firstHeap = (stateAddress + offsets.thread_heaps) >>> 2;
    this.i32 = i32Of(linear);
    linear.onGrow(() => {
      this.i32 = i32Of(linear);
    });
    const word = (stateAddress + offsets.owners) >>> 2;
    if (linear.u32[word] === 0) {
      const sizeBytes = ownersBytes(linear.maxBytes, profile.pymalloc.poolBytes);
      const address = options.raw.calloc(1, sizeBytes);
      if (address === 0) throw new OutOfMemoryError("the map of whose pools are whose", sizeBytes);
      linear.u32[word] = address;
    }
    this.owners = new PoolOwners(linear, rawAddress(linear.u32[word]!), profile.pymalloc.poolBytes);
  }

  /** A heap for this thread: one that another thread has left, or a new one. @throws {GilMisuseError} when there are too many. */
  take(): OwnHeap {
    for (const from of [ThreadHeapState.left, ThreadHeapState.none]) {
      for (let number = 1; number <= MAX_THREAD_HEAPS; number++) {
        const state = this.wordOf(number, "state");
        if (Atomics.compareExchange(this.i32, state, from, ThreadHeapState.used) !== from) continue;
        return { number, pymalloc: this.makeOrAttach(number) };
      }
    }
    throw new GilMisuseError(
      `${MAX_THREAD_HEAPS} threads have heaps of their own, and there is no room for one more.`,
    );
  }

  /** This thread does not need its heap any more. */
  leave({ number }: OwnHeap): void {
    Atomics.store(this.i32, this.wordOf(number, "state"), ThreadHeapState.left);
  }

  /** The word of the list of blocks that others have freed. */
  mailboxOf(number: number): number {
    return this.wordOf(number, "mailbox");
  }

  /** The word of the number of raw blocks that the thread has freed. */
  rawFreedOf(number: number): number {
    return this.wordOf(number, "raw_freed");
  }

  /** Every heap that there is, `own` among them; of use while the other threads do not change theirs. */
  all(own: OwnHeap): PyMalloc[] {
    const heaps: PyMalloc[] = [];
    for (let number = 1; number <= MAX_THREAD_HEAPS; number++) {
      const address = this.i32[this.wordOf(number, "pymalloc")]! >>> 0;
      if (address === 0) continue;
      heaps.push(number === own.number ? own.pymalloc : this.lookAt(number, rawAddress(address)));
    }
    return heaps;
  }

  /** The blocks in use, of all threads. */
  countBlocks(own: OwnHeap): number {
    this.options.linear.refresh();
    let count = -this.returning().size;
    for (const pymalloc of this.all(own)) count += pymalloc.getAllocatedBlocks();
    for (let number = 1; number <= MAX_THREAD_HEAPS; number++) count -= this.i32[this.rawFreedOf(number)]!;
    return count | 0; // the counts of raw blocks wrap around
  }

  /** Blocks that were freed, and that their heaps have not taken back yet. */
  returning(): Set<number> {
    const blocks = new Set<number>();
    for (let number = 1; number <= MAX_THREAD_HEAPS; number++) {
      for (
        let p = this.i32[this.mailboxOf(number)]! >>> 0;
        p !== 0 && !blocks.has(p);
        p = this.i32[p >>> 2]! >>> 0
      ) {
        blocks.add(p);
      }
    }
    return blocks;
  }

  private makeOrAttach(number: number): PyMalloc {
    const { profile, linear, raw } = this.options;
    const arenas = this.owners.noting(this.options.arenas, number);
    const word = this.wordOf(number, "pymalloc");
    const address = this.i32[word]! >>> 0;
    // The heap's own memory is mapped by this thread, which has looked then.
    const own = { memory: linear, raw, arenas, watching: false };
    if (address !== 0) return attachPyMalloc({ ...own, address: rawAddress(address) });
    const pymalloc = createPyMalloc({ ...own, profile });
    this.i32[word] = pymalloc.address;
    return pymalloc;
  }

  private lookAt(number: number, address: RawAddress): PyMalloc {
    const { linear: memory, raw, arenas } = this.options;
    const known = this.others.get(number);
    if (known !== undefined) return known;
    const other = attachPyMalloc({ memory, raw, arenas, address });
    this.others.set(number, other);
    return other;
  }

  private wordOf(number: number, field: keyof typeof threadHeap.offsets): number {
    return this.firstHeap + (number - 1) * (threadHeap.sizeBytes >>> 2) + (threadHeap.offsets[field] >>> 2);
  }
}

function i32Of({ buffer }: LinearMemory): Int32Array {
  return new Int32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
}
