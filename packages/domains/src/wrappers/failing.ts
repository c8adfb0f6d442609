// Fails when it is told to, to see what a program does when there is no memory. CPython's own tests do this with
// `_testcapi.set_nomemory(start, stop)`.

import type { PyMemAllocatorEx } from "../allocator.ts";

/**
 * Which allocating calls fail: those after the first `start`, up to number `stop`; 0 for `stop`: all of them from then on.
 * Allocators that share a plan share the count.
 */
export interface FailurePlan {
  readonly start: number;
  readonly stop: number;
  /** Calls of malloc, calloc and realloc so far. */
  count: number;
}

/** A plan as `_testcapi.set_nomemory(start, stop)` makes it. */
export function failurePlan(start: number, stop = 0): FailurePlan {
  return { start, stop, count: 0 };
}

/** A plan by which one call fails: the n-th, from 1. */
export function failNthCall(n: number): FailurePlan {
  return failurePlan(n - 1, n);
}

interface FailingContext {
  readonly inner: PyMemAllocatorEx;
  readonly plan: FailurePlan;
}

/** An allocator that returns NULL for the calls of `plan`, and passes the others on. */
export function failingAllocator(
  inner: PyMemAllocatorEx,
  plan: FailurePlan,
): PyMemAllocatorEx<FailingContext> {
  return {
    name: `failing on plan around ${inner.name ?? "an allocator"}`,
    ctx: { inner, plan },
    malloc: (ctx, size) => (fails(ctx.plan) ? 0 : ctx.inner.malloc(ctx.inner.ctx, size)),
    calloc: (ctx, nelem, elsize) => (fails(ctx.plan) ? 0 : ctx.inner.calloc(ctx.inner.ctx, nelem, elsize)),
    realloc: (ctx, ptr, newSize) => (fails(ctx.plan) ? 0 : ctx.inner.realloc(ctx.inner.ctx, ptr, newSize)),
    free: (ctx, ptr) => ctx.inner.free(ctx.inner.ctx, ptr),
  };
}

function fails(plan: FailurePlan): boolean {
  plan.count++;
  return plan.count > plan.start && (plan.stop <= 0 || plan.count <= plan.stop);
}
