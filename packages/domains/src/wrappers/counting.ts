// Counts the calls that go through it.

import type { PyMemAllocatorEx } from "../allocator.ts";

/** How often each function of an allocator was called. */
export interface CallCounts {
  malloc: number;
  calloc: number;
  realloc: number;
  free: number;
  /** Allocating calls that returned NULL. */
  failures: number;
  /** Bytes that were asked for, by all allocating calls that did not fail. */
  requestedBytes: number;
}

/** An allocator that passes everything on to `inner`, and counts. */
export interface CountingAllocator extends PyMemAllocatorEx<CountingContext> {
  readonly counts: CallCounts;
}

interface CountingContext {
  readonly inner: PyMemAllocatorEx;
  readonly counts: CallCounts;
}

/** @example const counting = countingAllocator(memory.getAllocator("mem")); memory.setAllocator("mem", counting); */
export function countingAllocator(inner: PyMemAllocatorEx): CountingAllocator {
  const counts: CallCounts = { malloc: 0, calloc: 0, realloc: 0, free: 0, failures: 0, requestedBytes: 0 };
  return {
    name: `counting around ${inner.name ?? "an allocator"}`,
    counts,
    ctx: { inner, counts },
    malloc(ctx, size) {
      ctx.counts.malloc++;
      return counted(ctx, ctx.inner.malloc(ctx.inner.ctx, size), size);
    },
    calloc(ctx, nelem, elsize) {
      ctx.counts.calloc++;
      return counted(ctx, ctx.inner.calloc(ctx.inner.ctx, nelem, elsize), nelem * elsize);
    },
    realloc(ctx, ptr, newSize) {
      ctx.counts.realloc++;
      return counted(ctx, ctx.inner.realloc(ctx.inner.ctx, ptr, newSize), newSize);
    },
    free(ctx, ptr) {
      ctx.counts.free++;
      ctx.inner.free(ctx.inner.ctx, ptr);
    },
  };
}

function counted({ counts }: CountingContext, p: number, sizeBytes: number): number {
  if (p === 0) counts.failures++;
  else counts.requestedBytes += sizeBytes;
  return p;
}
