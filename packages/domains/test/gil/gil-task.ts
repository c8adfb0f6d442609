// What a test wants of a Worker, and how it starts one.

import { Worker } from "node:worker_threads";
import type { MemorySource } from "@obmalloc/raw-heap";

export interface GilTask {
  readonly source: MemorySource;
  readonly gilAddress: number;
  readonly counterAddress: number;
  readonly name: string;
  readonly task:
    | { readonly kind: "count"; readonly how: "each" | "checkpoints"; readonly operations: number }
    | { readonly kind: "hold" }
    | { readonly kind: "acquire" };
}

/** What a Worker says. */
export type GilMessage =
  | { readonly kind: "attached"; readonly id: number }
  | { readonly kind: "holding" }
  | { readonly kind: "done" }
  | { readonly kind: "lost"; readonly message: string; readonly threadName: string; readonly reason: string };

/** A Worker, and a way to wait for what it says. */
export class GilWorker {
  readonly worker: Worker;
  private readonly said: GilMessage[] = [];
  private readonly wanted: { kind: string; resolve: (message: GilMessage) => void }[] = [];
  private readonly failure: Promise<never>;

  constructor(task: GilTask) {
    this.worker = new Worker(new URL("gil-worker.ts", import.meta.url), {
      workerData: task,
      execArgv: ["--conditions=@obmalloc/source"],
    });
    this.failure = new Promise((_, reject) => this.worker.once("error", reject));
    this.failure.catch(() => {});
    this.worker.on("message", (message: GilMessage) => {
      this.said.push(message);
      this.deliver();
    });
  }

  /** The first message of a kind, now or later. */
  hears<K extends GilMessage["kind"]>(kind: K): Promise<Extract<GilMessage, { kind: K }>> {
    const heard = new Promise<GilMessage>((resolve) => this.wanted.push({ kind, resolve }));
    this.deliver();
    return Promise.race([heard, this.failure]) as Promise<Extract<GilMessage, { kind: K }>>;
  }

  private deliver(): void {
    for (let i = this.wanted.length - 1; i >= 0; i--) {
      const { kind, resolve } = this.wanted[i]!;
      const found = this.said.find((message) => message.kind === kind);
      if (found === undefined) continue;
      this.wanted.splice(i, 1);
      resolve(found);
    }
  }
}
