// What a test wants of the Workers that share a heap, and how it starts them.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { MemorySource } from "../../src/index.ts";

/** What all of them share. */
export interface Playground {
  readonly source: MemorySource;
  readonly name: string;
  /** Slots for addresses; a block belongs to whoever takes it out of one by an atomic exchange. */
  readonly table: SharedArrayBuffer;
}

export type Task = Playground &
  (
    | { readonly kind: "churn"; readonly operations: number; readonly seed: number }
    /** Keeps some freed blocks, says so, and waits for its end. */
    | { readonly kind: "keep"; readonly blocks: number }
    /** Takes the lock, says so, and never lets it go. */
    | { readonly kind: "hold" }
    /** Is amid a change of the heap, says so, and never ends it. */
    | { readonly kind: "break" }
  );

export function startWorker(task: Task): Worker {
  return new Worker(new URL("worker.ts", import.meta.url), {
    workerData: task,
    execArgv: ["--conditions=@obmalloc/source", "--disable-warning=ExperimentalWarning"],
  });
}

/** The first thing that a Worker says; its error when it ends by one, or when it says nothing for too long. */
export async function said(worker: Worker, timeoutMs = 120_000): Promise<unknown> {
  const [message] = await once(worker, "message", { signal: AbortSignal.timeout(timeoutMs) });
  return message;
}

/** Starts Workers and waits for all of them to end well; those that hang are terminated. */
export async function runAll(tasks: readonly Task[]): Promise<unknown[]> {
  const workers = tasks.map(startWorker);
  try {
    return await Promise.all(workers.map((worker) => said(worker)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
