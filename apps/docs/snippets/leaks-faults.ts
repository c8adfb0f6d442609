import { CanaryError, DoubleFreeError, guardHeap, RawHeap } from "@obmalloc/raw-heap";

const heap = guardHeap(RawHeap.create());

/** The error that a call ends in. */
function caught(act: () => void): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

const twice = heap.malloc(10);
heap.free(twice);
console.log(caught(() => heap.free(twice)) instanceof DoubleFreeError); // true

const written = heap.malloc(10);
heap.u8(written, 11)[10] = 1; // one byte too far
console.log(heap.check()[0]?.rule); // canary-behind
console.log(caught(() => heap.free(written)) instanceof CanaryError); // true
