// The debug hooks as allocators.

import type { DomainName, StoredAllocator } from "../allocator.ts";
import { allocatorOf, passedOnTo } from "../calls.ts";
import { DebugCalls, type DebugHost, ObjectDebugCalls, RawDebugCalls } from "./debug-calls.ts";

/** The hooks around `inner`, as an allocator of `domain`. Those of mem and obj also want the GIL to be held. */
export function debugAllocator(domain: DomainName, inner: StoredAllocator, host: DebugHost): StoredAllocator {
  const calls = domain === "raw" ? new RawDebugCalls(inner, host) : new ObjectDebugCalls(domain, inner, host);
  return allocatorOf(calls, `debug hooks around ${inner.name}`);
}

/** What the debug hooks are around when `allocator` is such, or undefined. */
export function debuggedInner(allocator: StoredAllocator): StoredAllocator | undefined {
  const calls = passedOnTo(allocator);
  return calls instanceof DebugCalls ? calls.inner : undefined;
}
