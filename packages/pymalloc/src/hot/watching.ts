// An owner of bytes that others can grow without our views noticing: they stay as short as they are.

import type { BlockAddress } from "@obmalloc/abi";
import type { PyMallocClass } from "../pymalloc.ts";

/** Makes each call look at the memory's length first. */
export function defineWatching(Base: PyMallocClass): PyMallocClass {
  const { allocateSmall, freeSmall, free } = Base.prototype;

  abstract class Watching extends Base {
    override allocateSmall(sizeBytes: number): BlockAddress {
      this.memory.refresh();
      return allocateSmall.call(this, sizeBytes);
    }

    override freeSmall(p: BlockAddress): void {
      this.memory.refresh();
      freeSmall.call(this, p);
    }

    override free(p: BlockAddress): void {
      this.memory.refresh();
      free.call(this, p);
    }

    protected override hasNewViews(): boolean {
      return this.memory.refresh();
    }
  }
  return Watching;
}
