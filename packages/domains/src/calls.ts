// What every way to an allocator looks like, and the short ways: straight to the engine, or through hooks of this package.

import { type DataModel, isSize, NULL } from "@obmalloc/abi";
import type { StoredAllocator } from "./allocator.ts";

/** The four calls by C's rules: NULL when it cannot be done. */
export interface Calls<A extends number> {
  malloc(sizeBytes: number): A;
  calloc(nelem: number, elsize: number): A;
  realloc(p: A, sizeBytes: number): A;
  free(p: A): void;
}

/** Calls through an allocator of this package, such as the debug hooks: what it returns needs no second look. */
export class TrustedCalls<A extends number> implements Calls<A> {
  private readonly allocator: StoredAllocator;
  private readonly model: DataModel;

  constructor(allocator: StoredAllocator, model: DataModel) {
    this.allocator = allocator;
    this.model = model;
  }

  malloc(sizeBytes: number): A {
    const { allocator } = this;
    if (!isSize(sizeBytes, this.model)) return NULL as number as A;
    return allocator.malloc(allocator.ctx, sizeBytes) as A;
  }

  calloc(nelem: number, elsize: number): A {
    const { allocator } = this;
    if (!isProduct(nelem, elsize, this.model)) return NULL as number as A;
    return allocator.calloc(allocator.ctx, nelem, elsize) as A;
  }

  realloc(p: A, sizeBytes: number): A {
    const { allocator } = this;
    if (!isSize(sizeBytes, this.model)) return NULL as number as A;
    return allocator.realloc(allocator.ctx, p, sizeBytes) as A;
  }

  free(p: A): void {
    const { allocator } = this;
    allocator.free(allocator.ctx, p);
  }
}

/** C's test: the product of both is no more than PY_SSIZE_T_MAX. An `elsize` of 0 lets any `nelem` pass. */
export function isProduct(nelem: number, elsize: number, model: DataModel): boolean {
  if (elsize === 0) return Number.isInteger(nelem) && nelem >= 0 && nelem < 2 * model.ssizeLimit;
  return Number.isInteger(nelem) && nelem >= 0 && Number.isInteger(elsize) && isSize(nelem * elsize, model);
}
