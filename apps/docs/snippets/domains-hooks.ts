import { countingAllocator, createDomains, failingAllocator, failNthCall } from "@obmalloc/domains";

const memory = createDomains({ maxBytes: 64 * 1024 * 1024 });
const counting = countingAllocator(memory.getAllocator("obj"));
memory.setAllocator("obj", counting);
memory.obj.free(memory.obj.malloc(100));
console.log(counting.counts.malloc, counting.counts.free); // 1 1

// How does a program behave when memory runs out? Let the second request fail.
const unwrap = memory.wrap("mem", (inner) => failingAllocator(inner, failNthCall(2)));
console.log(memory.mem.c.malloc(8) !== 0, memory.mem.c.malloc(8)); // true 0
unwrap();
