// What can go wrong between Workers that share a heap.

import { ObmallocError } from "@obmalloc/abi";

/** The lock of a shared heap was not free for as long as one was willing to wait. Nothing has changed. */
export class LockTimeoutError extends ObmallocError {
  override readonly name = "LockTimeoutError";
  /** The name of the owner that holds it, "" when it did not say its name yet. */
  readonly holder: string;

  constructor(holder: string, waitedMs: number) {
    super(`The lock of the heap was not free within ${waitedMs} ms: ${JSON.stringify(holder)} holds it.`, {
      details: [
        "A Worker that was terminated in the middle of a call never lets it go.",
        "When it is known to be gone, reclaim(name) takes over the lock and what its cache keeps.",
      ],
    });
    this.holder = holder;
  }
}

/** A call on an owner of a shared heap that was detached. */
export class DetachedHeapError extends ObmallocError {
  override readonly name = "DetachedHeapError";

  constructor(name: string) {
    super(`The owner ${JSON.stringify(name)} of the heap is detached.`, {
      details: ["RawHeap.attach(memory) makes another one."],
    });
  }
}
