// A Worker of `obmalloc demo gil`: workerData is a GilWork.

import { parentPort, workerData } from "node:worker_threads";
import { type Domains, FatalMemoryError, joinDomains } from "@obmalloc/domains";
import type { GilSaid, GilWork } from "./gil-team.ts";

const { handle, name, task, missing } = workerData as GilWork;
const say = (said: GilSaid) => parentPort!.postMessage(said);
const LIVE = 64;

/** Waits until all Workers have come. */
function meet(left: Int32Array): void {
  if (Atomics.sub(left, 0, 1) === 1) Atomics.notify(left, 0);
  for (let now = Atomics.load(left, 0); now > 0; now = Atomics.load(left, 0)) Atomics.wait(left, 0, now);
}

function count({ linear, gil }: Domains, address: number, times: number): void {
  const word = address / 4;
  for (let i = 0; i < times; i++) {
    linear.u32[word] = linear.u32[word]! + 1; // no atomic operation
    gil.checkpoint();
  }
}

function allocate({ mem, gil }: Domains, pairs: number): void {
  const live = new Array<number>(LIVE).fill(0);
  for (let i = 0; i < pairs; i++) {
    gil.checkpoint();
    mem.free(live[i % LIVE]! as never);
    live[i % LIVE] = mem.malloc(16 + ((i * 40) % 480));
  }
  for (const p of live) mem.free(p as never);
}

function work(memory: Domains): void {
  switch (task.kind) {
    case "count":
      count(memory, task.address, task.times);
      break;
    case "allocate":
      allocate(memory, task.pairs);
      break;
    case "forget":
      memory.obj.malloc(10);
      break;
    case "hold":
      say({ kind: "holding" });
      for (;;) Atomics.wait(new Int32Array(missing), 0, 0, 1000);
  }
}

function needsLock(): boolean {
  if (handle.threads !== "gil" || task.kind === "forget") return false;
  return task.kind !== "count" || task.locked;
}

try {
  const memory = joinDomains(handle, { threadName: name });
  meet(new Int32Array(missing));
  const startedAtMs = performance.now();
  if (needsLock()) memory.gil.run(() => work(memory));
  else work(memory);
  const elapsedMs = performance.now() - startedAtMs;
  const thread = memory.gil.inspect().threads.find(({ id }) => id === memory.gil.threadId)!;
  memory.detach();
  say({ kind: "done", elapsedMs, thread });
} catch (error) {
  const { name, message } = error as Error;
  say({ kind: "threw", name, message, text: error instanceof FatalMemoryError ? error.text : message });
}
