// The raw heap, and the pages below it, for threads that share them: each call has the lock.

import type { RawAddress, Violation } from "@obmalloc/abi";
import type { ArenaAllocator } from "@obmalloc/pymalloc";
import type { HeapBlock, RawAllocator, RawHeap } from "@obmalloc/raw-heap";
import type { HeapLock } from "./heap-lock.ts";

export class LockedHeap implements RawAllocator {
  private readonly heap: RawHeap;
  private readonly lock: HeapLock;

  constructor(heap: RawHeap, lock: HeapLock) {
    this.heap = heap;
    this.lock = lock;
  }

  malloc(sizeBytes: number): RawAddress {
    this.lock.acquire();
    try {
      return this.heap.malloc(sizeBytes);
    } finally {
      this.lock.release();
    }
  }

  calloc(nelem: number, elsize: number): RawAddress {
    this.lock.acquire();
    try {
      return this.heap.calloc(nelem, elsize);
    } finally {
      this.lock.release();
    }
  }

  realloc(p: RawAddress, sizeBytes: number): RawAddress {
    this.lock.acquire();
    try {
      return this.heap.realloc(p, sizeBytes);
    } finally {
      this.lock.release();
    }
  }

  free(p: RawAddress): void {
    this.lock.acquire();
    try {
      this.heap.free(p);
    } finally {
      this.lock.release();
    }
  }

  /** The live blocks by address. */
  blocks(): HeapBlock[] {
    return this.during(() => [...this.heap.blocks()]);
  }

  check(): Violation[] {
    return this.during(() => this.heap.check());
  }

  /** Arenas from pages that the heap takes its own from, too. */
  lockedArenas(arenas: ArenaAllocator): ArenaAllocator {
    return {
      ctx: this,
      alloc: (_, sizeBytes) => this.during(() => arenas.alloc(arenas.ctx, sizeBytes)),
      free: (_, address, sizeBytes) => this.during(() => arenas.free(arenas.ctx, address, sizeBytes)),
    };
  }

  private during<T>(action: () => T): T {
    this.lock.acquire();
    try {
      return action();
    } finally {
      this.lock.release();
    }
  }
}
