// One pymalloc state of the recorded process: from 3.12 on, sub-interpreters may have their own.

import type { Profile } from "@obmalloc/abi";
import { createPyMalloc, deriveStats, type PyMalloc, type PyMallocStats } from "@obmalloc/pymalloc";
import { type LinearMemory, type PageMapper, RawHeap } from "@obmalloc/raw-heap";
import { ArenaMapCount } from "./arena-map-count.ts";
import type { PendingArenas, RecordedArenas } from "./recorded-arenas.ts";

/** An engine, its arenas, and what only the real addresses tell. */
export class Heap {
  readonly engine: PyMalloc;
  readonly arenas: RecordedArenas;
  readonly pending: PendingArenas = { offered: [], returned: [] };
  readonly arenaMap: ArenaMapCount;

  constructor(memory: LinearMemory, mapper: PageMapper, profile: Profile, arenas: RecordedArenas) {
    this.arenas = arenas;
    this.arenaMap = new ArenaMapCount(profile.pymalloc);
    const raw = RawHeap.create(mapper, { model: profile.model });
    this.engine = createPyMalloc({ memory, profile, raw, arenas: arenas.allocator(this.pending) });
  }

  /** The engine's statistics, with the radix tree that the recorded addresses make. */
  stats(objectMallocCalls?: number): PyMallocStats {
    const counted = this.engine.collectStats();
    const arenaMap = { midNodes: this.arenaMap.midNodes, leafNodes: this.arenaMap.leafNodes };
    const calls = objectMallocCalls === undefined ? {} : { objectMallocCalls };
    return deriveStats(this.engine.profile, { ...counted, arenaMap, ...calls });
  }
}
