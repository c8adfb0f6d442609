// pymalloc with a heap for each thread and no lock: the way without a GIL. Ours; CPython's free-threaded build has mimalloc.
//
// A thread takes from its own heap only. What it frees of another thread's heap it hangs into that heap's list, by one
// atomic exchange, and the owner takes the whole list back at its next request. The idea is mimalloc's "thread free list".

import {
  type BlockAddress,
  blockAddress,
  NotABlockError,
  poolOverheadBytes,
  rawAddress,
} from "@obmalloc/abi";
import type { PyMalloc } from "@obmalloc/pymalloc";
import type { LinearMemory } from "@obmalloc/raw-heap";
import type { Calls } from "../calls.ts";
import type { OwnHeap, ThreadHeaps } from "./thread-heaps.ts";

/** C's calls on the heap of this thread, for blocks of all threads. */
export class ThreadHeapCalls implements Calls<BlockAddress> {
  private readonly heaps: ThreadHeaps;
  private readonly pymalloc: PyMalloc;
  private readonly linear: LinearMemory;
  private readonly number: number;
  private readonly mailbox: number;
  private readonly rawFreed: number;
  private readonly poolMask: number;
  private readonly poolOverheadBytes: number;

  constructor(heaps: ThreadHeaps, own: OwnHeap) {
    this.heaps = heaps;
    this.pymalloc = own.pymalloc;
    this.linear = own.pymalloc.memory;
    this.number = own.number;
    this.mailbox = heaps.mailboxOf(own.number);
    this.rawFreed = heaps.rawFreedOf(own.number);
    const { profile } = own.pymalloc;
    this.poolMask = profile.pymalloc.poolBytes - 1;
    this.poolOverheadBytes = poolOverheadBytes(profile);
  }

  malloc(sizeBytes: number): BlockAddress {
    if (Atomics.load(this.heaps.i32, this.mailbox) !== 0) this.takeBack();
    return this.pymalloc.malloc(sizeBytes);
  }

  calloc(nelem: number, elsize: number): BlockAddress {
    if (Atomics.load(this.heaps.i32, this.mailbox) !== 0) this.takeBack();
    return this.pymalloc.calloc(nelem, elsize);
  }

  realloc(p: BlockAddress, sizeBytes: number): BlockAddress {
    const owner = this.ownerOf(p);
    return owner === 0 || owner === this.number
      ? this.pymalloc.realloc(p, sizeBytes)
      : this.reallocOfAnother(p, sizeBytes, owner);
  }

  free(p: BlockAddress): void {
    const owner = this.ownerOf(p);
    if (owner === this.number) this.pymalloc.free(p);
    else if (owner !== 0) this.giveBack("free", p, owner);
    else if (p !== 0) this.freeRaw(p);
  }

  /** Frees what other threads gave back. */
  takeBack(): void {
    const { heaps, pymalloc } = this;
    let p = Atomics.exchange(heaps.i32, this.mailbox, 0) >>> 0;
    while (p !== 0) {
      const next = heaps.i32[p >>> 2]! >>> 0;
      pymalloc.free(blockAddress(p));
      p = next;
    }
  }

  private ownerOf(p: number): number {
    if (p >= this.linear.u8.length) this.linear.reach(p); // another thread has grown the memory
    return this.heaps.owners.of(p);
  }

  /** Its maker counted the block, perhaps in another thread: the counts are right in sum only. */
  private freeRaw(p: BlockAddress): void {
    this.pymalloc.raw.free(rawAddress(p));
    this.heaps.i32[this.rawFreed]!++;
  }

  private reallocOfAnother(p: BlockAddress, sizeBytes: number, owner: number): BlockAddress {
    this.checkBlock("realloc", p);
    if (this.pymalloc.reallocKeeps(p, sizeBytes)) return p;
    const keptBytes = Math.min(this.pymalloc.blockSizeBytes(p), sizeBytes);
    const moved = this.malloc(sizeBytes);
    if (moved === 0) return moved;
    this.linear.u8.copyWithin(moved, p, p + keptBytes);
    this.giveBack("realloc", p, owner);
    return moved;
  }

  private giveBack(operation: string, p: BlockAddress, owner: number): void {
    this.checkBlock(operation, p);
    const { i32 } = this.heaps;
    const mailbox = this.heaps.mailboxOf(owner);
    let first: number;
    do {
      first = Atomics.load(i32, mailbox);
      i32[p >>> 2] = first;
    } while (Atomics.compareExchange(i32, mailbox, first, p) !== first);
  }

  /** Its owner will free it at some other time, where nobody could tell any more who was wrong. */
  private checkBlock(operation: string, p: BlockAddress): void {
    const offset = (p & this.poolMask) - this.poolOverheadBytes;
    if (offset < 0 || p >>> 0 !== p || offset % this.pymalloc.blockSizeBytes(p) !== 0) {
      throw new NotABlockError(operation, p);
    }
  }
}
