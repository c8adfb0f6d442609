// States of an engine one after another, as plain data: what a course, or a program that watches its own allocator, shows.

import type { Field } from "../tape/arena-heap.ts";
import type { HeapGeometry } from "../tape/heap-tape.ts";

/** What bytes are used for. The names are those of the legend. */
export const KINDS = {
  used: "in use",
  free: "free",
  kept: "free, kept whole for its size",
  header: "header",
  mark: "mark of the debug hooks",
  fresh: "never handed out",
} as const;

/** What a stretch of bytes is used for. */
export type Kind = keyof typeof KINDS;

/** A stretch of memory that is one thing. */
export interface Cell {
  readonly address: number;
  readonly sizeBytes: number;
  readonly kind: Kind;
  readonly label: string;
  /** The address that is written in it, as in a free block. */
  readonly link?: number;
  readonly fields?: readonly Field[];
  /** Its first bytes, as they are in memory. */
  readonly bytes?: Uint8Array;
}

/** A piece of memory, drawn in rows. Its cells follow each other. */
export interface Region {
  readonly title: string;
  readonly address: number;
  readonly bytesPerRow: number;
  readonly cells: readonly Cell[];
}

/** What the collector thinks of an object, or what became of it. `root` is a name of a program. */
export type NodeState = "alive" | "root" | "examined" | "unreachable" | "reachable" | "finalized" | "dead";

/** An object, or a name of a program, with its place in the picture. */
export interface GraphNode {
  readonly id: string;
  readonly label: string;
  readonly column: number;
  readonly row: number;
  readonly state: NodeState;
  /** Its reference count; none for a name in a program. */
  readonly count?: number;
  /** What the collector has left of that count. */
  readonly gcRefs?: number | undefined;
  readonly refersTo: readonly string[];
}

/** Of a pool, what an engine's `inspect()` says. */
export interface SnapshotPool {
  readonly address: number;
  readonly state: "used" | "full" | "free" | "uncarved" | "returned";
  readonly szidx: number | null;
  readonly blockBytes: number;
  readonly count: number;
  readonly capacity: number;
  /** Bytes from the pool to the first block that was never handed out. */
  readonly nextoffset: number;
  readonly freeBlocks: readonly number[];
}

/** Of an arena, what an engine's `inspect()` says. */
export interface SnapshotArena {
  readonly base: number;
  readonly pools: readonly SnapshotPool[];
}

/** Arenas as `inspect()` of `@obmalloc/pymalloc` returns them, with what a picture may show beside. */
export interface ArenasFrame {
  readonly geometry: HeapGeometry;
  readonly arenas: readonly SnapshotArena[];
  /** Addresses of the pools that are looked at first; everything, if not said. */
  readonly focus?: readonly number[];
  /** What the text calls some blocks, by address. */
  readonly names?: ReadonlyMap<number, string>;
  /** Who made the blocks, by address; all others come from {@link otherOwner}. */
  readonly owners?: ReadonlyMap<number, string>;
  readonly otherOwner?: string;
  /** Copies of memory. */
  readonly contents?: readonly { readonly address: number; readonly data: Uint8Array }[];
  /** Fields of pool headers, by the pool's address. */
  readonly headers?: ReadonlyMap<number, readonly Field[]>;
}

/** The state after a step. */
export interface Frame {
  /** The step as a call. */
  readonly call: string;
  /** What happened, in a sentence or two. */
  readonly text: string;
  readonly figures?: readonly (readonly [name: string, value: string])[];
  readonly heap?: ArenasFrame;
  readonly regions?: readonly Region[];
  readonly graph?: readonly GraphNode[];
  /** Phases of a collection, and the one that has just ended. */
  readonly phases?: { readonly names: readonly string[]; readonly at: number };
}
