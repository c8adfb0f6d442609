// An owner that looks before it frees: what C would not notice becomes an error.

import { type BlockAddress, NotABlockError } from "@obmalloc/abi";
import { findBlock } from "../find-block.ts";
import type { PyMallocClass } from "../pymalloc.ts";

/** Makes `free` and `realloc` verify their block. */
export function defineChecking(Base: PyMallocClass): PyMallocClass {
  const { free } = Base.prototype;

  abstract class Checking extends Base {
    override free(p: BlockAddress): void {
      this.verify("free", p);
      free.call(this, p);
    }

    override realloc(p: BlockAddress, sizeBytes: number): BlockAddress {
      this.verify("realloc", p);
      return super.realloc(p, sizeBytes);
    }

    private verify(operation: string, p: BlockAddress): void {
      if (!this.isCarved(p)) return; // the raw allocator looks for itself
      const found = findBlock(this, p);
      if (found.state !== "live") throw new NotABlockError(operation, p, { details: [found.description] });
    }
  }
  return Checking;
}
