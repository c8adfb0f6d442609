// The allocators that tracemalloc puts around those of the three domains.

import { type DomainName, StoredAllocator } from "../allocator.ts";
import type { Tracemalloc } from "./tracemalloc.ts";

/** `tracemalloc`'s hooks around the allocator of one domain. */
class TracedDomain {
  readonly inner: StoredAllocator;
  readonly tracer: Tracemalloc;

  constructor(inner: StoredAllocator, tracer: Tracemalloc) {
    this.inner = inner;
    this.tracer = tracer;
  }
}

/** The hooks around `inner`; those of the raw domain take the GIL, which its callers need not hold. */
export function tracedAllocator(
  domain: DomainName,
  inner: StoredAllocator,
  tracer: Tracemalloc,
): StoredAllocator {
  const functions =
    domain === "raw"
      ? { malloc: tracedRawMalloc, calloc: tracedRawCalloc, realloc: tracedRawRealloc, free: tracedFree }
      : { malloc: tracedMalloc, calloc: tracedCalloc, realloc: tracedRealloc, free: tracedFree };
  const name = `tracemalloc around ${inner.name}`;
  return StoredAllocator.of({ name, ctx: new TracedDomain(inner, tracer), ...functions });
}

/** What tracemalloc was put around, or undefined when `allocator` is something else. */
export function tracedInner(allocator: StoredAllocator): StoredAllocator | undefined {
  return allocator.ctx instanceof TracedDomain ? allocator.ctx.inner : undefined;
}

// Pymalloc passes large requests on to the raw domain: `isInside` keeps such a block from being traced twice. The stack is
// captured first, so that a provider that throws leaves everything as it was.

function tracedMalloc({ inner, tracer }: TracedDomain, sizeBytes: number): number {
  if (tracer.isInside) return inner.malloc(inner.ctx, sizeBytes);
  tracer.isInside = true;
  try {
    const traceback = tracer.capture();
    const p = inner.malloc(inner.ctx, sizeBytes);
    if (p !== 0) tracer.record(p, sizeBytes, traceback);
    return p;
  } finally {
    tracer.isInside = false;
  }
}

function tracedCalloc({ inner, tracer }: TracedDomain, nelem: number, elsize: number): number {
  if (tracer.isInside) return inner.calloc(inner.ctx, nelem, elsize);
  tracer.isInside = true;
  try {
    const traceback = tracer.capture();
    const p = inner.calloc(inner.ctx, nelem, elsize);
    if (p !== 0) tracer.record(p, nelem * elsize, traceback);
    return p;
  } finally {
    tracer.isInside = false;
  }
}

function tracedRealloc({ inner, tracer }: TracedDomain, old: number, sizeBytes: number): number {
  if (tracer.isInside) {
    const p = inner.realloc(inner.ctx, old, sizeBytes);
    if (p !== 0 && old !== 0) tracer.forget(old);
    return p;
  }
  tracer.isInside = true;
  try {
    const traceback = tracer.capture();
    const p = inner.realloc(inner.ctx, old, sizeBytes);
    if (p === 0) return 0;
    if (old !== 0 && p !== old) tracer.forget(old);
    tracer.record(p, sizeBytes, traceback);
    return p;
  } finally {
    tracer.isInside = false;
  }
}

function tracedFree({ inner, tracer }: TracedDomain, p: number): void {
  if (p === 0) return;
  inner.free(inner.ctx, p);
  tracer.forget(p);
}

function tracedRawMalloc(domain: TracedDomain, sizeBytes: number): number {
  if (domain.tracer.isInside || domain.tracer.gil.isHeld) return tracedMalloc(domain, sizeBytes);
  return domain.tracer.gil.run(() => tracedMalloc(domain, sizeBytes));
}

function tracedRawCalloc(domain: TracedDomain, nelem: number, elsize: number): number {
  if (domain.tracer.isInside || domain.tracer.gil.isHeld) return tracedCalloc(domain, nelem, elsize);
  return domain.tracer.gil.run(() => tracedCalloc(domain, nelem, elsize));
}

function tracedRawRealloc(domain: TracedDomain, old: number, sizeBytes: number): number {
  if (domain.tracer.isInside || domain.tracer.gil.isHeld) return tracedRealloc(domain, old, sizeBytes);
  return domain.tracer.gil.run(() => tracedRealloc(domain, old, sizeBytes));
}
