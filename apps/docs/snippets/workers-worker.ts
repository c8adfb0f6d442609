import { parentPort, workerData } from "node:worker_threads";
import { LinearMemory, RawHeap, SharedHeap } from "@obmalloc/raw-heap";

const heap = RawHeap.attach(new LinearMemory({ source: workerData }), { name: "worker" });
const block = heap.malloc(5);
heap.u8(block, 5).set(new TextEncoder().encode("hello"));
if (heap instanceof SharedHeap) heap.detach(); // gives back what it keeps for itself, not its blocks
parentPort?.postMessage(block);
