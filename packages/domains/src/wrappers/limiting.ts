// Gives no more than a budget: beyond it, requests get NULL, which a domain's TypeScript face throws as MemoryError.

import type { PyMemAllocatorEx } from "../allocator.ts";

/** An allocator with a budget, over another one. */
export interface LimitingAllocator extends PyMemAllocatorEx<Budget> {
  /** Changes as blocks come and go. */
  readonly budget: Budget;
}

/** Bytes that may be in use through one limited allocator, and how many are. */
export class Budget {
  /** The most bytes that may be in use; may be changed at any time. */
  limitBytes: number;
  /** Bytes in use, as they were asked for. */
  usedBytes = 0;
  /** Requests that were refused because of the limit. */
  refusals = 0;
  readonly inner: PyMemAllocatorEx;
  /** By address. Blocks that are older than the budget are not in it: they count as nothing. */
  private readonly sizes = new Map<number, number>();

  constructor(inner: PyMemAllocatorEx, limitBytes: number) {
    this.inner = inner;
    this.limitBytes = limitBytes;
  }

  /** Whether `moreBytes` can be given; counts a refusal if not. */
  allows(moreBytes: number): boolean {
    if (this.usedBytes + moreBytes <= this.limitBytes) return true;
    this.refusals++;
    return false;
  }

  sizeOf(p: number): number {
    return this.sizes.get(p) ?? 0;
  }

  give(p: number, sizeBytes: number): number {
    if (p === 0) return p;
    this.sizes.set(p, sizeBytes);
    this.usedBytes += sizeBytes;
    return p;
  }

  takeBack(p: number): void {
    this.usedBytes -= this.sizeOf(p);
    this.sizes.delete(p);
  }
}

/**
 * Fails calls of `inner` that would put more bytes in use than allowed, as a machine without memory would.
 *
 * @param limitBytes the most that may be in use at one time, in bytes as asked for.
 */
export function limitingAllocator(inner: PyMemAllocatorEx, limitBytes: number): LimitingAllocator {
  const budget = new Budget(inner, limitBytes);
  return {
    name: `limit of ${limitBytes} bytes around ${inner.name ?? "an allocator"}`,
    budget,
    ctx: budget,
    malloc(ctx, size) {
      return ctx.allows(size) ? ctx.give(ctx.inner.malloc(ctx.inner.ctx, size), size) : 0;
    },
    calloc(ctx, nelem, elsize) {
      const size = nelem * elsize;
      return ctx.allows(size) ? ctx.give(ctx.inner.calloc(ctx.inner.ctx, nelem, elsize), size) : 0;
    },
    realloc(ctx, ptr, newSize) {
      if (!ctx.allows(newSize - ctx.sizeOf(ptr))) return 0;
      const moved = ctx.inner.realloc(ctx.inner.ctx, ptr, newSize);
      if (moved === 0) return 0;
      ctx.takeBack(ptr);
      return ctx.give(moved, newSize);
    },
    free(ctx, ptr) {
      ctx.inner.free(ctx.inner.ctx, ptr);
      ctx.takeBack(ptr);
    },
  };
}
