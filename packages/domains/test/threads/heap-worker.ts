// A Worker that joins domains and does what a test tells it: workerData is a HeapTask.

import { parentPort, workerData } from "node:worker_threads";
import { type Domains, FatalMemoryError, GilLostError, joinDomains } from "@obmalloc/domains";
import { exchange } from "./exchange.ts";
import type { HeapMessage, HeapTask } from "./heap-task.ts";

const { handle, name, task } = workerData as HeapTask;
const say = (message: HeapMessage) => parentPort!.postMessage(message);

function run(memory: Domains): void {
  switch (task.kind) {
    case "exchange": {
      const work = () => exchange(memory, task);
      meet(new Int32Array(task.meeting));
      const needsGil = handle.threads === "gil" && task.domains.some((domain) => domain !== "raw");
      const result = needsGil ? memory.gil.run(work) : work();
      memory.detach();
      say({ kind: "done", ...result });
      break;
    }
    case "without-gil":
      memory[task.domain].free(memory[task.domain].malloc(40) as never);
      say({ kind: "done", operations: 2, moved: 0, foreign: 0 });
      break;
    case "die-inside":
      memory.wrap("obj", (inner) => ({
        ...inner,
        malloc() {
          say({ kind: "inside" });
          for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
        },
      }));
      memory.gil.run(() => memory.obj.malloc(64));
      break;
    case "allocate":
      memory.gil.run(() => memory.obj.free(memory.obj.malloc(64)));
      say({ kind: "done", operations: 2, moved: 0, foreign: 0 });
  }
}

/** Waits until all Workers have come. */
function meet(missing: Int32Array): void {
  if (Atomics.sub(missing, 0, 1) === 1) Atomics.notify(missing, 0);
  for (let left = Atomics.load(missing, 0); left > 0; left = Atomics.load(missing, 0))
    Atomics.wait(missing, 0, left);
}

try {
  run(joinDomains(handle, { threadName: name }));
} catch (error) {
  const { name, message } = error as Error;
  const more =
    error instanceof FatalMemoryError
      ? { text: error.text }
      : error instanceof GilLostError
        ? { threadName: error.threadName }
        : {};
  say({ kind: "threw", name, message, ...more });
}
