// The hooks that tracemalloc puts around the allocators of the three domains.

import type { DataModel } from "@obmalloc/abi";
import { isSize } from "@obmalloc/abi";
import type { DomainName, StoredAllocator } from "../allocator.ts";
import { allocatorOf, type Calls, callsOf, isProduct, passedOnTo } from "../calls.ts";
import type { Tracemalloc } from "./tracemalloc.ts";

/**
 * Calls around other calls, each of which is written down with its stack.
 *
 * Pymalloc passes large requests on to the raw domain: `isInside` keeps such a block from being traced twice. The stack is
 * captured first, so that a provider that throws leaves everything as it was.
 * @see CPython 3.13 Python/tracemalloc.c, tracemalloc_alloc_gil, tracemalloc_realloc_gil, tracemalloc_free
 */
class TracedCalls implements Calls<number> {
  readonly inner: StoredAllocator;
  protected readonly tracer: Tracemalloc;
  private readonly calls: Calls<number>;
  private readonly model: DataModel;

  constructor(inner: StoredAllocator, tracer: Tracemalloc, model: DataModel) {
    this.inner = inner;
    this.calls = callsOf(inner);
    this.tracer = tracer;
    this.model = model;
  }

  malloc(sizeBytes: number): number {
    const { tracer, calls } = this;
    if (tracer.isInside) return calls.malloc(sizeBytes);
    if (!isSize(sizeBytes, this.model)) return 0;
    tracer.isInside = true;
    try {
      const traceback = tracer.capture();
      const p = calls.malloc(sizeBytes);
      if (p !== 0) tracer.record(p, sizeBytes, traceback);
      return p;
    } finally {
      tracer.isInside = false;
    }
  }

  calloc(nelem: number, elsize: number): number {
    const { tracer, calls } = this;
    if (tracer.isInside) return calls.calloc(nelem, elsize);
    if (!isProduct(nelem, elsize, this.model)) return 0;
    tracer.isInside = true;
    try {
      const traceback = tracer.capture();
      const p = calls.calloc(nelem, elsize);
      if (p !== 0) tracer.record(p, nelem * elsize, traceback);
      return p;
    } finally {
      tracer.isInside = false;
    }
  }

  realloc(old: number, sizeBytes: number): number {
    const { tracer, calls } = this;
    if (tracer.isInside) {
      const p = calls.realloc(old, sizeBytes);
      if (p !== 0 && old !== 0) tracer.forget(old);
      return p;
    }
    if (!isSize(sizeBytes, this.model)) return 0;
    tracer.isInside = true;
    try {
      const traceback = tracer.capture();
      const p = calls.realloc(old, sizeBytes);
      if (p === 0) return 0;
      if (old !== 0 && p !== old) tracer.forget(old);
      tracer.record(p, sizeBytes, traceback);
      return p;
    } finally {
      tracer.isInside = false;
    }
  }

  free(p: number): void {
    if (p === 0) return;
    this.calls.free(p);
    this.tracer.forget(p);
  }
}

/** Those of the raw domain take the GIL, which its callers need not hold. */
class RawTracedCalls extends TracedCalls {
  override malloc(sizeBytes: number): number {
    if (this.canGoOn) return super.malloc(sizeBytes);
    return this.tracer.gil.run(() => super.malloc(sizeBytes));
  }

  override calloc(nelem: number, elsize: number): number {
    if (this.canGoOn) return super.calloc(nelem, elsize);
    return this.tracer.gil.run(() => super.calloc(nelem, elsize));
  }

  override realloc(old: number, sizeBytes: number): number {
    if (this.canGoOn) return super.realloc(old, sizeBytes);
    return this.tracer.gil.run(() => super.realloc(old, sizeBytes));
  }

  private get canGoOn(): boolean {
    return this.tracer.isInside || this.tracer.gil.isHeld;
  }
}

/** tracemalloc's hooks around `inner`, as an allocator of `domain`. */
export function tracedAllocator(
  domain: DomainName,
  inner: StoredAllocator,
  tracer: Tracemalloc,
  model: DataModel,
): StoredAllocator {
  const Hooks = domain === "raw" ? RawTracedCalls : TracedCalls;
  return allocatorOf(new Hooks(inner, tracer, model), `tracemalloc around ${inner.name}`);
}

/** What tracemalloc is around when `allocator` is its hooks, or undefined. */
export function tracedInner(allocator: StoredAllocator): StoredAllocator | undefined {
  const calls = passedOnTo(allocator);
  return calls instanceof TracedCalls ? calls.inner : undefined;
}
