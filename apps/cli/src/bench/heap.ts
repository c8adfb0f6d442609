// What an allocator shows to the bench when it lives in a memory that JavaScript can see.

/** The functions that are timed, called as methods of this very object. Addresses are bytes; 0 is no room. */
export interface HeapCalls {
  malloc(sizeBytes: number): number;
  realloc(address: number, sizeBytes: number): number;
  free(address: number): unknown;
}

/** A heap of one allocator, empty at first. */
export interface Heap {
  readonly calls: HeapCalls;
  /** A view of the whole memory as it is now, 32-bit words, index = address / 4. Asked for again after growth. */
  words(): Uint32Array;
  /** Bytes that the heap holds from its host now. */
  footprintBytes(): number;
}

/** What a heap will have to hold, for allocators that cannot grow. */
export interface HeapDemand {
  /** Bytes that are live at one time, at most. */
  readonly liveBytesAtPeak: number;
  /** Blocks that are live at one time, at most. */
  readonly slotCount: number;
}

/** Makes heaps: what a module that is given to the bench exports. */
export interface HeapSource {
  /** As the tables show it. */
  readonly name: string;
  create(demand: HeapDemand): Heap;
  /**
   * The heap is not emptied between rounds, but a new one is made: for allocators that never reuse a block, or would take
   * minutes to free all of them.
   */
  readonly isDisposable?: boolean;
}
