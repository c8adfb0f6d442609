// free's fast path, and what realloc asks of a block. The numbers of the profile are constants, as for malloc.

import type { BlockAddress } from "@obmalloc/abi";
import type { PyMallocClass } from "../pymalloc.ts";
import type { HotLayout } from "./hot-layout.ts";

/** Adds `free` and `freeSmall`. @see CPython 3.13 Objects/obmalloc.c, pymalloc_free, insert_to_usedpool */
export function defineFreeing(Base: PyMallocClass, layout: HotLayout): PyMallocClass {
  const { poolMask, poolShift, mapShift, pairShift, anchor, high, alignmentShift } = layout;
  const { freeblock, nextpool, prevpool, szidx: classOf } = layout;

  abstract class Freeing extends Base {
    override free(p: BlockAddress): void {
      if (this.inPool(p)) this.freeSmall(p);
      else this.freeElsewhere(p);
    }

    override freeSmall(p: BlockAddress): void {
      const words = this.words;
      const header = (p & poolMask) >>> 2;
      const next = words[header + freeblock]!;
      const count = words[header]! - 1;
      if (next !== 0 && count > 0) {
        words[(p >>> 2) + high] = 0;
        words[p >>> 2] = next; // after the high half: where pointers are one word, both are the same word
        words[header + freeblock] = p;
        words[header] = count;
      } else {
        this.freeFirstOrLast(p, header, next, count);
      }
    }

    protected override inPool(p: number): boolean {
      return ((this.words[(this.carvedMap + (p >>> mapShift)) | 0]! >>> (p >>> poolShift)) & 1) === 1;
    }

    override blockSizeBytes(p: BlockAddress): number {
      this.hasNewViews();
      return (this.words[((p & poolMask) >>> 2) + classOf]! + 1) << alignmentShift;
    }

    /** The pool was full, and becomes the first of its ring; or its last block is freed, and it goes to its arena. */
    private freeFirstOrLast(p: BlockAddress, header: number, next: number, count: number): void {
      if (count < 0) this.refuseFree(p);
      const words = this.words;
      words[(p >>> 2) + high] = 0;
      words[p >>> 2] = next;
      words[header + freeblock] = p;
      words[header] = count;
      if (next === 0) {
        const pool = header << 2;
        const ring = (this.usedpools + (words[header + classOf]! << pairShift)) | 0;
        const first = words[ring]!;
        words[header + nextpool] = first;
        words[header + prevpool] = (ring - anchor) << 2;
        words[(first >>> 2) + prevpool] = pool;
        words[ring] = pool;
      } else {
        const after = words[header + nextpool]!;
        const before = words[header + prevpool]!;
        words[(after >>> 2) + prevpool] = before;
        words[(before >>> 2) + nextpool] = after;
        this.arenas.putPool(words, header);
      }
    }
  }
  return Freeing;
}
