// An owner that counts its calls, so that the history of arenas can say when.

import type { BlockAddress } from "@obmalloc/abi";
import type { PyMallocClass, PyMallocParts } from "../pymalloc.ts";

/** Makes each call of the four be counted in the memory. */
export function defineCounting(Base: PyMallocClass): PyMallocClass {
  const { malloc, free } = Base.prototype;

  abstract class Counting extends Base {
    private readonly countCall: () => void;

    constructor(parts: PyMallocParts) {
      super(parts);
      this.countCall = () => parts.history?.countCall();
    }

    override malloc(sizeBytes: number): BlockAddress {
      this.countCall();
      return malloc.call(this, sizeBytes);
    }

    override calloc(nelem: number, elsize: number): BlockAddress {
      this.countCall();
      return super.calloc(nelem, elsize);
    }

    override realloc(p: BlockAddress, sizeBytes: number): BlockAddress {
      this.countCall();
      return super.realloc(p, sizeBytes);
    }

    override free(p: BlockAddress): void {
      this.countCall();
      free.call(this, p);
    }
  }
  return Counting;
}
