// A heap of arenas at one moment, as the picture reads it; a tape and an engine's snapshots both give it.

import type { HeapGeometry } from "./heap-tape.ts";

/** What a pool is, as numbers that fit a typed array. */
export const PoolKind = { absent: 0, uncarved: 1, free: 2, used: 3, full: 4 } as const;
export type PoolKind = (typeof PoolKind)[keyof typeof PoolKind];

/** What a place for a block is. */
export const BlockKind = { live: 0, free: 1, fresh: 2 } as const;
export type BlockKind = (typeof BlockKind)[keyof typeof BlockKind];

/** A field of a structure, with what stands there. */
export interface Field {
  readonly name: string;
  /** Bytes from the beginning of the structure. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly value: string;
}

/** A live block's life so far. */
export interface BlockLife {
  readonly address: number;
  /** Requested bytes; 0 where only the class is known. */
  readonly sizeBytes: number;
  /** The event that made it, as text of the heap's own time: `event 12,345`, `step 3`. */
  readonly born: string;
  /** The event at which it will die; undefined when it does not, or nobody knows. */
  readonly died: string | undefined;
  /** Innermost call first; empty where no stack is known. */
  readonly stack: readonly string[];
  /** What the text around the picture calls it. */
  readonly name?: string;
}

/** The heap at the moment that was sought last. Pools are numbered row by row. */
export interface ArenaHeap {
  readonly geometry: HeapGeometry;
  readonly rows: number;
  readonly poolsPerArena: number;
  /** The time of the moment, in events of the heap. */
  readonly event: number;
  /** Changes whenever pools may have changed. */
  readonly version: number;
  /** By pool: a {@link PoolKind}. */
  readonly kinds: Uint8Array;
  /** By pool: its size class, or ABSENT. */
  readonly classes: Uint8Array;
  readonly liveBlocks: Uint16Array;
  /** By pool: requested bytes of live blocks, or their blocks' bytes where no more is known. */
  readonly liveBytes: Uint32Array;
  /** By pool: the {@link version} in which its blocks changed last. */
  readonly stamps: Uint32Array;
  /** Whether single blocks are known at this moment. */
  readonly hasBlocks: boolean;

  /** Address of the arena of a row. */
  baseOf(row: number): number;
  poolAddress(pool: number): number;
  /**
   * By block of the pool: a {@link BlockKind}. The array is the next call's, too.
   *
   * @param tellsFresh whether blocks that were never handed out have to be told from free ones, which takes longer.
   */
  blockKinds(pool: number, tellsFresh: boolean): Uint8Array;
  /** The life in a place, or undefined. `block` counts from the pool's first. */
  life(pool: number, block: number): BlockLife | undefined;
  /** By block of the pool: events since its birth, -1 where nothing lives. The array is the next call's, too. */
  blockAges(pool: number): Int32Array;
  /** By block of the pool: an index of {@link lines}, -1 where none is known. The array is the next call's, too. */
  blockLines(pool: number): Int32Array;
  /** Blocks of the pool in the order of its free list; undefined where it is not known. */
  freeList(pool: number): readonly number[] | undefined;
  /** The pool's header; fields that are not known are left out. */
  header(pool: number): readonly Field[];
  /** Bytes in memory; undefined where contents are not known. */
  bytes(address: number, length: number): Uint8Array | undefined;
  /** Lines of source, those that hold most first. */
  readonly lines: readonly string[];
  /** Whether blocks may come from none of them. */
  readonly hasUnknownLines: boolean;
}
