import { guardHeap, LeakError, RawHeap } from "@obmalloc/raw-heap";

const heap = guardHeap(RawHeap.create());
const kept = heap.malloc(24);
heap.free(heap.malloc(100));

try {
  heap.assertBalanced();
} catch (error) {
  if (!(error instanceof LeakError)) throw error;
  console.log(error.blocks.length, error.blocks[0]?.sizeBytes); // 1 24
}
heap.free(kept);
heap.assertBalanced(); // nothing is left, nothing is damaged
console.log(heap.leaks().length); // 0
