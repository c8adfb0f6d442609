// malloc's fast path, with the numbers of a profile as constants of the compiled code: this way V8 folds them, where
// fields of the instance would be loaded for each block (decisions/ has the figures).

import type { BlockAddress } from "@obmalloc/abi";
import type { PyMallocClass } from "../pymalloc.ts";
import type { HotLayout } from "./hot-layout.ts";

/** Adds `malloc` and `allocateSmall`. @see CPython 3.13 Objects/obmalloc.c, pymalloc_alloc, pymalloc_pool_extend */
export function defineAllocating(Base: PyMallocClass, layout: HotLayout): PyMallocClass {
  const { threshold, alignmentShift, pairShift, anchor, high } = layout;
  const { freeblock, nextpool, prevpool, nextoffset, maxnextoffset } = layout;

  abstract class Allocating extends Base {
    override malloc(sizeBytes: number): BlockAddress {
      if (sizeBytes > 0 && sizeBytes <= threshold && (sizeBytes | 0) === sizeBytes) {
        const block = this.allocateSmall(sizeBytes);
        if (block !== 0) return block;
      }
      return this.mallocRaw(sizeBytes);
    }

    override allocateSmall(sizeBytes: number): BlockAddress {
      const words = this.words;
      const szidx = (sizeBytes - 1) >>> alignmentShift;
      const ring = (this.usedpools + (szidx << pairShift)) | 0;
      const header = words[ring]! >>> 2;
      // The unsigned shift keeps the result a word where the call is not inlined.
      if (header === ring - anchor) return (this.allocateFromNewPool(ring, szidx) >>> 0) as BlockAddress;

      const block = words[header + freeblock]!;
      const next = words[block >>> 2]!; // the first word of a free block is its link
      words[header]!++;
      words[header + freeblock] = next;
      if (next === 0) this.extendPool(header, ring, szidx);
      return (block >>> 0) as BlockAddress; // 0 where the views' bytes were taken away: nothing was read or written
    }

    /** The free list has run dry: carves one more block, or takes the full pool, its ring's first, out of it. */
    private extendPool(header: number, ring: number, szidx: number): void {
      const words = this.words;
      const offset = words[header + nextoffset]!;
      if (offset <= words[header + maxnextoffset]!) {
        const carved = (header << 2) + offset;
        words[header + freeblock] = carved;
        words[header + nextoffset] = offset + ((szidx + 1) << alignmentShift);
        words[(carved >>> 2) + high] = 0;
        words[carved >>> 2] = 0;
      } else {
        const following = words[header + nextpool]!;
        words[ring] = following;
        words[(following >>> 2) + prevpool] = (ring - anchor) << 2;
      }
    }
  }
  return Allocating;
}
