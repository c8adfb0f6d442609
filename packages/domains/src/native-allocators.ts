// The allocators that CPython brings, as PyMemAllocatorEx: MALLOC_ALLOC and PYMALLOC_ALLOC.

import { type BlockAddress, blockAddress, rawAddress } from "@obmalloc/abi";
import type { RawAllocator } from "@obmalloc/raw-heap";
import { type PyMemAllocatorEx, StoredAllocator } from "./allocator.ts";
import type { Calls } from "./calls.ts";

/** The C library's malloc: `_PyMem_RawMalloc` and its family, straight to the raw heap. */
export function mallocAllocator(raw: RawAllocator): StoredAllocator {
  return StoredAllocator.of({
    name: "malloc",
    ctx: raw,
    malloc: (ctx, size) => ctx.malloc(size),
    calloc: (ctx, nelem, elsize) => ctx.calloc(nelem, elsize),
    realloc: (ctx, ptr, newSize) => ctx.realloc(rawAddress(ptr), newSize),
    free: (ctx, ptr) => ctx.free(rawAddress(ptr)),
  } satisfies PyMemAllocatorEx<RawAllocator>);
}

/** pymalloc, or what takes its place: `_PyObject_Malloc` and its family. */
export function objectAllocator(engine: Calls<BlockAddress>, name: string): StoredAllocator {
  return StoredAllocator.of({
    name,
    ctx: engine,
    malloc: (ctx, size) => ctx.malloc(size),
    calloc: (ctx, nelem, elsize) => ctx.calloc(nelem, elsize),
    realloc: (ctx, ptr, newSize) => ctx.realloc(blockAddress(ptr), newSize),
    free: (ctx, ptr) => ctx.free(blockAddress(ptr)),
  } satisfies PyMemAllocatorEx<Calls<BlockAddress>>);
}
