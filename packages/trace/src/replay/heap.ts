// One pymalloc state of the recorded process: from 3.12 on, sub-interpreters may have their own.

import type { Profile } from "@obmalloc/abi";
import {
  createPyMalloc,
  deriveStats,
  type PoolState,
  type PyMalloc,
  type PyMallocStats,
} from "@obmalloc/pymalloc";
import { type LinearMemory, type PageMapper, RawHeap } from "@obmalloc/raw-heap";
import { ArenaMapCount } from "./arena-map-count.ts";
import { DerivedPools } from "./derived-pools.ts";
import type { PendingArenas, RecordedArenas } from "./recorded-arenas.ts";

/** What a machine drives: an allocator, or pools that are told where their blocks lie. */
export type PoolDriver = Pick<PyMalloc, "allocateSmall" | "freeSmall" | "reallocKeeps" | "countRawBlocks">;

/** One arena as it stands; addresses are linear. */
export interface HeapArena {
  readonly base: number;
  /** Index in `arenas[]`; of derived pools, the arena's id in the trace. */
  readonly slot: number;
  readonly nfreepools: number;
  readonly ntotalpools: number;
  readonly pools: readonly {
    readonly address: number;
    readonly state: PoolState;
    readonly szidx: number | null;
    readonly blockBytes: number;
    readonly count: number;
    readonly capacity: number;
  }[];
}

/** An engine, its arenas, and what only the real addresses tell. */
export class Heap {
  readonly engine: PyMalloc;
  /** Stands in for the engine where the trace was made of another tool's capture: nothing is allocated from that then. */
  readonly derived: DerivedPools | undefined;
  readonly driver: PoolDriver;
  readonly arenas: RecordedArenas;
  readonly pending: PendingArenas = { offered: [], returned: [] };
  readonly arenaMap: ArenaMapCount;

  constructor(
    memory: LinearMemory,
    mapper: PageMapper,
    profile: Profile,
    arenas: RecordedArenas,
    isDerived: boolean,
  ) {
    this.arenas = arenas;
    this.arenaMap = new ArenaMapCount(profile.pymalloc);
    const raw = RawHeap.create(mapper, { model: profile.model });
    this.engine = createPyMalloc({ memory, profile, raw, arenas: arenas.allocator(this.pending) });
    this.derived = isDerived ? new DerivedPools(profile, arenas) : undefined;
    this.driver = this.derived ?? this.engine;
  }

  get arenaCount(): number {
    return (this.derived ?? this.engine).arenaCount;
  }

  get arenasAllocatedTotal(): number {
    return (this.derived ?? this.engine).arenasAllocatedTotal;
  }

  /** Every arena with its pools. O(blocks). */
  inspectArenas(): readonly HeapArena[] {
    const { derived } = this;
    if (derived === undefined) return this.engine.inspect().arenas;
    return [...this.arenas.all()].map((arena) => {
      const pools = [...derived.pools(arena)];
      const free = pools.filter((pool) => pool.count === 0).length;
      return { base: arena.linear, slot: arena.id, nfreepools: free, ntotalpools: pools.length, pools };
    });
  }

  /** The engine's statistics, with the radix tree that the recorded addresses make. */
  stats(objectMallocCalls?: number): PyMallocStats {
    if (this.derived !== undefined) return this.derived.collectStats();
    const counted = this.engine.collectStats();
    const arenaMap = { midNodes: this.arenaMap.midNodes, leafNodes: this.arenaMap.leafNodes };
    const calls = objectMallocCalls === undefined ? {} : { objectMallocCalls };
    return deriveStats(this.engine.profile, { ...counted, arenaMap, ...calls });
  }
}
