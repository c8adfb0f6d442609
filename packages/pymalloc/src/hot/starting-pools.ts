// malloc when no pool of the class is in use.

import { type BlockAddress, NULL } from "@obmalloc/abi";
import type { PyMallocClass } from "../pymalloc.ts";
import type { HotLayout } from "./hot-layout.ts";

/** Adds `allocateFromNewPool`. @see CPython 3.13 Objects/obmalloc.c, allocate_from_new_pool */
export function defineStartingPools(Base: PyMallocClass, layout: HotLayout): PyMallocClass {
  const { alignmentShift, poolBytes, poolOverheadBytes, high } = layout;
  const { freeblock, nextpool, prevpool, szidx: classOf, nextoffset, maxnextoffset } = layout;

  abstract class StartingPools extends Base {
    protected override allocateFromNewPool(ring: number, szidx: number): BlockAddress {
      const pool = this.arenas.takePool(this.words);
      if (pool === 0) return NULL;
      const words = this.words; // an arena may have grown the memory
      const header = pool >>> 2;
      const anchor = words[ring]!; // the ring is empty: both of its ends
      words[header + nextpool] = anchor;
      words[header + prevpool] = anchor;
      words[ring] = pool;
      words[ring + prevpool - nextpool] = pool;
      words[header] = 1;
      if (words[header + classOf] !== szidx) return this.startPool(header, szidx);
      // Same class as last time: the free list is still good, in the order of the frees.
      const block = words[header + freeblock]!;
      words[header + freeblock] = words[block >>> 2]!;
      return block as BlockAddress;
    }

    /** Sets a pool up for a class: the first block is handed out, the second one is free, the others uncarved. */
    private startPool(header: number, szidx: number): BlockAddress {
      const words = this.words;
      const sizeBytes = (szidx + 1) << alignmentShift;
      const block = ((header << 2) >>> 0) + poolOverheadBytes;
      const second = (block + sizeBytes) >>> 2;
      words[header + classOf] = szidx;
      words[header + nextoffset] = poolOverheadBytes + 2 * sizeBytes;
      words[header + maxnextoffset] = poolBytes - sizeBytes;
      words[header + freeblock] = second << 2;
      words[second + high] = 0;
      words[second] = 0;
      return block as BlockAddress;
    }
  }
  return StartingPools;
}
