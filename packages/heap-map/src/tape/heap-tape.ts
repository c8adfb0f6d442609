// A heap over time as plain columns: what a recording, or an engine that was watched, leaves behind to be drawn.

/** Sizes of the heap's parts, in bytes. */
export interface HeapGeometry {
  /** Such as `CPython 3.13`. */
  readonly name: string;
  readonly arenaBytes: number;
  readonly poolBytes: number;
  /** In front of the first block of a pool. */
  readonly headerBytes: number;
  /** Size classes lie so far apart. */
  readonly alignmentBytes: number;
  /** The fields of a pool's header. */
  readonly header: readonly { readonly name: string; readonly offset: number; readonly sizeBytes: number }[];
}

/** In {@link BlockLives.died} of a block that lives to the end. */
export const NEVER = 0xffff_ffff;
/** Fill of a pool that is in no mapped arena; a class or line that there is not. */
export const ABSENT = 255;
/** Fill of a pool whose bytes are all requested ones. */
export const FULL = 200;

/**
 * Where arenas lie in the picture: one row for each base that an arena ever had, ascending. A row's pools begin at the first
 * multiple of the pool size.
 */
export interface ArenaRows {
  /** Recorded bases by row. */
  readonly bases: Float64Array;
  /** Mappings: the row, the event that brought the arena, and the one that took it ({@link NEVER} if none did). */
  readonly row: Uint32Array;
  readonly mapped: Uint32Array;
  readonly unmapped: Uint32Array;
}

/**
 * Lives of blocks in the order of their births. A life is there after its event `born` and until its event `died`.
 *
 * `place` is the block's address: `(row * poolsPerArena * poolBytes + offset from the row's first pool) / alignmentBytes`.
 * A life of 0 bytes was never seen alive: it stands for a block that lay in its pool's free list when the tape began.
 */
export interface BlockLives {
  readonly place: Uint32Array;
  /** Requested bytes. */
  readonly sizeBytes: Uint16Array;
  /** Size class of the block: larger than the request's after a realloc that shrank it in place. */
  readonly classes: Uint8Array;
  readonly born: Uint32Array;
  readonly died: Uint32Array;
  /** A node of {@link StackTree}. */
  readonly stack: Uint32Array;
  /** Lives that end, in the order in which they do. */
  readonly deaths: Uint32Array;
}

/** Stacks as a tree: node 0 is the empty stack. */
export interface StackTree {
  readonly parent: Uint32Array;
  /** An index of `lines`. */
  readonly line: Uint32Array;
  /** Such as `app.py:24 work`. */
  readonly lines: readonly string[];
}

/** Pools at moments for which not every block is kept. */
export interface PoolFilm {
  readonly moments: readonly {
    readonly event: number;
    /** Whether the lives of the tape are all that lived at this moment. */
    readonly hasBlocks: boolean;
    /** By row and pool: requested live bytes from 0 to {@link FULL}, or {@link ABSENT}. */
    readonly fill: Uint8Array;
    /** Size class of each pool that has live blocks, else {@link ABSENT}. */
    readonly classes: Uint8Array;
  }[];
}

/**
 * Without a {@link film} every event from `firstEvent` to `lastEvent` is a moment that can be shown, and free lists are known.
 * With one, its moments are all there is.
 */
export interface HeapTape {
  readonly geometry: HeapGeometry;
  readonly firstEvent: number;
  readonly lastEvent: number;
  readonly arenas: ArenaRows;
  readonly lives: BlockLives;
  readonly stacks: StackTree;
  readonly marks: readonly { readonly event: number; readonly label: string }[];
  readonly film?: PoolFilm;
}

export const poolsPerArena = ({ arenaBytes, poolBytes }: HeapGeometry): number =>
  Math.ceil(arenaBytes / poolBytes);

/** Where the pools of an arena at `base` begin. */
export const firstPool = (base: number, { poolBytes }: HeapGeometry): number =>
  Math.ceil(base / poolBytes) * poolBytes;

/** Pools that fit into an arena at `base`. */
export const poolsAt = (base: number, geometry: HeapGeometry): number =>
  Math.floor((base + geometry.arenaBytes - firstPool(base, geometry)) / geometry.poolBytes);

export const classBytes = (szidx: number, { alignmentBytes }: HeapGeometry): number =>
  (szidx + 1) * alignmentBytes;

/** Blocks that fit in a pool. */
export const capacityOf = (blockBytes: number, { poolBytes, headerBytes }: HeapGeometry): number =>
  blockBytes === 0 ? 0 : Math.floor((poolBytes - headerBytes) / blockBytes);

/** The calls of a stack, innermost first. */
export function stackLines({ parent, line, lines }: StackTree, stack: number): string[] {
  const found: string[] = [];
  for (let node = stack; node !== 0; node = parent[node]!) found.push(lines[line[node]!]!);
  return found;
}
