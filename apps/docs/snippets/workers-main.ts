import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { LinearMemory, RawHeap } from "@obmalloc/raw-heap";

const memory = new LinearMemory({ shared: true, maxBytes: 64 * 1024 * 1024 });
const heap = RawHeap.create(memory, { name: "main" });

const worker = new Worker(new URL("workers-worker.ts", import.meta.url), { workerData: memory.source });
const [address] = await once(worker, "message");

memory.reach(address); // the Worker may have grown the memory
console.log(new TextDecoder().decode(heap.u8(address, 5).slice())); // hello
heap.free(address); // a block may be freed by another one than has made it
console.log(heap.stats().liveBlocks, heap.check().length); // 0 0
