// The four calls by C's rules, as objects: engines, and hooks of this package around them. An allocator whose functions only
// pass on to such an object is called past its functions.

import { type DataModel, isSize } from "@obmalloc/abi";
import { type PyMemAllocatorEx, StoredAllocator } from "./allocator.ts";

/** The four calls by C's rules: NULL when it cannot be done, or when a size is none. */
export interface Calls<A extends number> {
  malloc(sizeBytes: number): A;
  calloc(nelem: number, elsize: number): A;
  realloc(p: A, sizeBytes: number): A;
  free(p: A): void;
}

const passMalloc = (calls: Calls<number>, size: number) => calls.malloc(size);
const passCalloc = (calls: Calls<number>, nelem: number, elsize: number) => calls.calloc(nelem, elsize);
const passRealloc = (calls: Calls<number>, ptr: number, newSize: number) => calls.realloc(ptr, newSize);
const passFree = (calls: Calls<number>, ptr: number) => calls.free(ptr);

/** The allocator that `calls` is. */
export function allocatorOf<A extends number>(calls: Calls<A>, name: string): StoredAllocator {
  return StoredAllocator.of({
    name,
    ctx: calls,
    malloc: passMalloc,
    calloc: passCalloc,
    realloc: passRealloc,
    free: passFree,
  } as PyMemAllocatorEx);
}

/** The object that an allocator passes on to; undefined for one that does more than that. */
export function passedOnTo(allocator: StoredAllocator): Calls<number> | undefined {
  const passes =
    allocator.malloc === passMalloc &&
    allocator.calloc === passCalloc &&
    allocator.realloc === passRealloc &&
    allocator.free === passFree;
  return passes ? (allocator.ctx as Calls<number>) : undefined;
}

/** The shortest way to an allocator. */
export function callsOf(allocator: StoredAllocator): Calls<number> {
  return passedOnTo(allocator) ?? new AllocatorCalls(allocator);
}

/** Calls through an allocator's functions. */
class AllocatorCalls implements Calls<number> {
  private readonly allocator: StoredAllocator;

  constructor(allocator: StoredAllocator) {
    this.allocator = allocator;
  }

  malloc(sizeBytes: number): number {
    return this.allocator.malloc(this.allocator.ctx, sizeBytes);
  }

  calloc(nelem: number, elsize: number): number {
    return this.allocator.calloc(this.allocator.ctx, nelem, elsize);
  }

  realloc(p: number, sizeBytes: number): number {
    return this.allocator.realloc(this.allocator.ctx, p, sizeBytes);
  }

  free(p: number): void {
    this.allocator.free(this.allocator.ctx, p);
  }
}

/** C's test: the product of both is no more than PY_SSIZE_T_MAX. An `elsize` of 0 lets any `nelem` pass. */
export function isProduct(nelem: number, elsize: number, model: DataModel): boolean {
  if (elsize === 0) return Number.isInteger(nelem) && nelem >= 0 && nelem < 2 * model.ssizeLimit;
  return Number.isInteger(nelem) && nelem >= 0 && Number.isInteger(elsize) && isSize(nelem * elsize, model);
}
