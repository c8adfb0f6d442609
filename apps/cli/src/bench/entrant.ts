// An allocator that the bench knows, before it is known whether it can take part here.

import type { Contender } from "./contender.ts";
import type { HeapSource } from "./heap.ts";
import { HeapContender } from "./heap-contender.ts";
import type { Stream } from "./streams/stream.ts";

/** Where an allocator comes from. */
export type Origin = "ours" | "wasm" | "npm" | "native" | "given";

/** An allocator that can take part. */
export interface Entrant {
  /** Starts it with one stream. */
  open(stream: StreamOnDisk): Promise<Contender>;
  /**
   * Makes its heaps, where they live in the process that asks for them. Each call loads the allocator's code anew, so
   * that the heaps of one source share what V8 learns about it with no others.
   */
  readonly load?: () => Promise<HeapSource>;
}

/** A stream, and for those who live in another process a file with the same. */
export interface StreamOnDisk {
  readonly stream: Stream;
  /** The file, written when it is asked for. */
  file(): string;
}

/** An allocator that may take part. */
export interface Candidate {
  /** As the command line and the tables name it. */
  readonly name: string;
  readonly title: string;
  readonly origin: Origin;
  /** What it walks through to find a place: it gets fewer operations, so that it ends. */
  readonly searches?: "blocks" | "bytes";
  /** It takes part only where it is asked for by name. */
  readonly isOnRequest?: boolean;
  /** Compiles and loads what it needs. @throws {MissingPeerError} when this machine lacks it. */
  prepare(): Promise<Entrant>;
}

/** An entrant whose heaps live in this process. */
export const heapEntrant = (load: () => Promise<HeapSource>): Entrant => ({
  load,
  open: async ({ stream }) => new HeapContender(await load(), stream),
});
