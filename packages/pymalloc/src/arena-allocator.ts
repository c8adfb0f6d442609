import { pageAddress } from "@obmalloc/abi";
import type { PageMapper } from "@obmalloc/raw-heap";

/**
 * Where arenas come from: CPython's `PyObjectArenaAllocator`.
 *
 * @see CPython 3.13 Include/cpython/objimpl.h
 */
export interface ArenaAllocator<Context = unknown> {
  /** Handed to both functions; the engine does not look at it. */
  readonly ctx: Context;
  /** The address of `sizeBytes` bytes that nobody else uses, at least pointer-aligned; 0 when there are none. */
  alloc(ctx: Context, sizeBytes: number): number;
  /** Takes an arena back. */
  free(ctx: Context, address: number, sizeBytes: number): void;
}

/**
 * Arenas as mappings of their own.
 *
 * @param alignment of an arena's base, in bytes. CPython's own arenas come from mmap and are aligned to 4096 only;
 * a base that is not aligned to the pool size costs one pool.
 */
export function mappedArenas(mapper: PageMapper, alignment: number): ArenaAllocator<PageMapper> {
  return {
    ctx: mapper,
    alloc: (ctx, sizeBytes) => ctx.mmap(sizeBytes, alignment),
    free: (ctx, address, sizeBytes) => ctx.munmap(pageAddress(address), sizeBytes),
  };
}
