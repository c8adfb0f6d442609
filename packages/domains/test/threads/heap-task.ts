// What a test wants of a Worker that joins domains, and how it starts one.

import type { DomainName, DomainsHandle } from "@obmalloc/domains";
import { TalkingWorker } from "../talking-worker.ts";

export interface HeapTask {
  readonly handle: DomainsHandle;
  readonly name: string;
  readonly task:
    | {
        readonly kind: "exchange";
        /** Addresses that all Workers exchange, 0 for none. */
        readonly table: SharedArrayBuffer;
        /** One word: the Workers that have still to come before all begin. */
        readonly meeting: SharedArrayBuffer;
        readonly domains: readonly DomainName[];
        readonly operations: number;
        readonly seed: number;
      }
    | { readonly kind: "without-gil"; readonly domain: DomainName }
    | { readonly kind: "die-inside" }
    | { readonly kind: "allocate" };
}

/** What a Worker says. */
export type HeapMessage =
  | { readonly kind: "done"; readonly operations: number; readonly moved: number; readonly foreign: number }
  | { readonly kind: "inside" }
  | {
      readonly kind: "threw";
      readonly name: string;
      readonly message: string;
      readonly text?: string;
      readonly threadName?: string;
    };

export class HeapWorker extends TalkingWorker<HeapMessage> {
  constructor(task: HeapTask) {
    super(new URL("heap-worker.ts", import.meta.url), task);
  }
}
