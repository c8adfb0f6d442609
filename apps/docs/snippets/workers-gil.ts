import { createSharedDomains, joinDomains } from "@obmalloc/domains";

// One pymalloc for all threads, and one lock, as in CPython. The handle goes to Workers by postMessage.
const shared = createSharedDomains({ threads: "gil", maxBytes: 64 * 1024 * 1024 });
shared.memory.gil.release();

const mine = joinDomains(shared.handle, { threadName: "worker 1" });
const block = mine.gil.run(() => mine.obj.malloc(64));
console.log(block !== 0); // true
const { threads } = mine.gil.inspect();
console.log(threads.map(({ name }) => name).join()); // main,worker 1
mine.gil.run(() => mine.obj.free(block));
mine.detach();
