// What a test wants of a Worker, and how it starts one.

import type { MemorySource } from "@obmalloc/raw-heap";
import { TalkingWorker } from "../talking-worker.ts";

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

export class GilWorker extends TalkingWorker<GilMessage> {
  constructor(task: GilTask) {
    super(new URL("gil-worker.ts", import.meta.url), task);
  }
}
