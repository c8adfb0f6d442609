import { LinearMemory, type PolicyName, RawHeap } from "@obmalloc/raw-heap";

/** Bytes that are free but in pieces, after the same requests under each policy. */
function largestFree(policy: PolicyName): number {
  const heap = RawHeap.create(new LinearMemory({ maxBytes: 1 << 20 }), { policy, fixedBytes: 65_536 });
  const blocks = Array.from({ length: 100 }, (_, i) => heap.malloc(100 + (i % 7) * 50));
  for (let i = 0; i < blocks.length; i += 2) heap.free(blocks[i]!);
  return heap.stats().largestFree;
}

console.log(largestFree("first-fit") > largestFree("buddy")); // true
console.log(largestFree("first-fit") === largestFree("best-fit")); // true
