// A Worker that does what a test tells it with the GIL: workerData is a GilTask.

import { parentPort, workerData } from "node:worker_threads";
import { Gil, GilLostError } from "@obmalloc/domains";
import { LinearMemory } from "@obmalloc/raw-heap";
import type { GilTask } from "./gil-task.ts";

const { source, gilAddress, counterAddress, name, task } = workerData as GilTask;
const linear = new LinearMemory({ source });
const gil = new Gil({ linear, address: gilAddress });
const words = linear.u32;
const counter = counterAddress / 4;
const id = gil.attach(name);
parentPort!.postMessage({ kind: "attached", id });

/** Adds to the counter without Atomics: only the lock keeps updates from being lost. */
function add(): void {
  words[counter] = words[counter]! + 1;
}

try {
  switch (task.kind) {
    case "count":
      if (task.how === "each") {
        for (let i = 0; i < task.operations; i++) gil.run(add);
      } else {
        gil.acquire();
        for (let i = 0; i < task.operations; i++) {
          add();
          gil.checkpoint();
        }
        gil.release();
      }
      break;
    case "hold":
      gil.acquire();
      parentPort!.postMessage({ kind: "holding" });
      for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000); // and never a checkpoint
    case "acquire":
      gil.acquire();
      gil.release();
      break;
  }
  gil.detach();
  parentPort!.postMessage({ kind: "done" });
} catch (error) {
  if (!(error instanceof GilLostError)) throw error;
  const { message, threadName, reason } = error;
  parentPort!.postMessage({ kind: "lost", message, threadName, reason });
}
