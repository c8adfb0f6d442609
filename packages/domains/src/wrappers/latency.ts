// Measures how long calls take, and makes them longer when it is told to.

import type { AllocatorCall, PyMemAllocatorEx } from "../allocator.ts";

/** The clock of a {@link latencyAllocator}, and what it adds. */
export interface LatencyOptions {
  /** A clock in milliseconds: `() => performance.now()`. The package has none of its own. */
  readonly now: () => number;
  /** How much longer each call shall take, in milliseconds. @defaultValue 0 */
  readonly addedMs?: number;
}

/** How long the calls of one kind took. */
export interface LatencyFigures {
  readonly calls: number;
  readonly totalMs: number;
  readonly maxMs: number;
  /** The time that a share of the calls took at most, such as 0.99; to the next power of two. 0 without calls. */
  quantileMs(share: number): number;
}

/** An allocator that passes everything on to `inner`, and times it. */
export interface LatencyAllocator extends PyMemAllocatorEx<LatencyContext> {
  readonly latency: Readonly<Record<AllocatorCall, LatencyFigures>>;
}

interface LatencyContext {
  readonly inner: PyMemAllocatorEx;
  readonly clock: LatencyOptions;
  readonly times: Readonly<Record<AllocatorCall, CallTimes>>;
}

/** The first class of times ends here. */
const SHORTEST_MS = 2 ** -20;
const CLASSES = 40;

class CallTimes implements LatencyFigures {
  calls = 0;
  totalMs = 0;
  maxMs = 0;
  /** Calls by the power of two that their time is below. */
  private readonly classes = new Float64Array(CLASSES);

  add(elapsedMs: number): void {
    this.calls++;
    this.totalMs += elapsedMs;
    this.maxMs = Math.max(this.maxMs, elapsedMs);
    const index = Math.ceil(Math.log2(Math.max(elapsedMs, SHORTEST_MS) / SHORTEST_MS));
    this.classes[Math.min(index, CLASSES - 1)]!++;
  }

  quantileMs(share: number): number {
    let left = share * this.calls;
    if (left === 0) return 0;
    const index = this.classes.findIndex((count) => {
      left -= count;
      return left <= 0;
    });
    return Math.min(SHORTEST_MS * 2 ** index, this.maxMs);
  }
}

/**
 * Measures how long each call of `inner` takes, and makes it take longer if asked to.
 *
 * @param inner the allocator that does the work.
 * @param clock where the time comes from, in milliseconds.
 */
export function latencyAllocator(inner: PyMemAllocatorEx, clock: LatencyOptions): LatencyAllocator {
  const times = {
    malloc: new CallTimes(),
    calloc: new CallTimes(),
    realloc: new CallTimes(),
    free: new CallTimes(),
  };
  return {
    name: `latency around ${inner.name ?? "an allocator"}`,
    latency: times,
    ctx: { inner, clock, times },
    malloc: (ctx, size) => timed(ctx, "malloc", () => ctx.inner.malloc(ctx.inner.ctx, size)),
    calloc: (ctx, nelem, elsize) =>
      timed(ctx, "calloc", () => ctx.inner.calloc(ctx.inner.ctx, nelem, elsize)),
    realloc: (ctx, ptr, newSize) =>
      timed(ctx, "realloc", () => ctx.inner.realloc(ctx.inner.ctx, ptr, newSize)),
    free: (ctx, ptr) => timed(ctx, "free", () => ctx.inner.free(ctx.inner.ctx, ptr)),
  };
}

function timed<T>({ clock, times }: LatencyContext, call: AllocatorCall, action: () => T): T {
  const { now, addedMs = 0 } = clock;
  const startedAt = now();
  try {
    return action();
  } finally {
    while (now() - startedAt < addedMs); // an allocator cannot give the thread away
    times[call].add(now() - startedAt);
  }
}
