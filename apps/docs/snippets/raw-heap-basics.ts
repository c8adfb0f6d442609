import { LinearMemory, RawHeap } from "@obmalloc/raw-heap";

const memory = new LinearMemory({ maxBytes: 64 * 1024 * 1024 });
const heap = RawHeap.create(memory);

const samples = heap.calloc(1000, 8);
heap.f64(samples, 1000)[999] = 0.5;
const more = heap.realloc(samples, 8 * 100_000);
console.log(heap.f64(more, 1000)[999]); // 0.5

const { liveBlocks, fragmentation } = heap.stats();
console.log(liveBlocks, fragmentation < 1); // 1 true
heap.free(more);
console.log(heap.check().length, heap.stats().liveBlocks); // 0 0
