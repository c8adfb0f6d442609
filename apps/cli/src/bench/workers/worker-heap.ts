// What a heap is to the bench of several Workers.

import type { Heap } from "../heap.ts";

/** A heap in a Worker. */
export interface WorkerHeap extends Heap {
  /** What is wrong inside it, when all is freed. */
  check(): readonly { readonly message: string }[];
  /** Runs what allocates, with the lock that it needs, and without it afterwards. @defaultValue there is none */
  during?(action: () => void): void;
}

/** How Workers come by heaps. */
export interface WorkerHeapSource {
  readonly name: string;
  readonly title: string;
  /** Whether all Workers have one heap; else each has one of its own, and none can free what another one has. */
  readonly isShared: boolean;
  /** What every Worker is sent, of their one heap or of nothing. */
  create(): unknown;
  /** Called in a Worker. */
  attach(handle: unknown): WorkerHeap;
}
