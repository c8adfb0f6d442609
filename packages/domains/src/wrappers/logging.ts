// Tells of each call that goes through it, with what came of it.

import { formatAddress } from "@obmalloc/abi";
import type { AllocatorCall, PyMemAllocatorEx } from "../allocator.ts";

/** One call. */
export interface LoggedCall {
  readonly call: AllocatorCall;
  /** As they were given, the address first. */
  readonly args: readonly number[];
  /** The address that came back; undefined for free. */
  readonly result: number | undefined;
}

interface LoggingContext {
  readonly inner: PyMemAllocatorEx;
  readonly log: (call: LoggedCall) => void;
}

/**
 * An allocator that passes everything on to `inner`, and tells `log` of each call after it. A call that throws is not told.
 *
 * @example memory.setAllocator("mem", loggingAllocator(memory.getAllocator("mem"), (call) => console.log(logText(call))));
 */
export function loggingAllocator(
  inner: PyMemAllocatorEx,
  log: (call: LoggedCall) => void,
): PyMemAllocatorEx<LoggingContext> {
  return {
    name: `logging around ${inner.name ?? "an allocator"}`,
    ctx: { inner, log },
    malloc(ctx, size) {
      const result = ctx.inner.malloc(ctx.inner.ctx, size);
      ctx.log({ call: "malloc", args: [size], result });
      return result;
    },
    calloc(ctx, nelem, elsize) {
      const result = ctx.inner.calloc(ctx.inner.ctx, nelem, elsize);
      ctx.log({ call: "calloc", args: [nelem, elsize], result });
      return result;
    },
    realloc(ctx, ptr, newSize) {
      const result = ctx.inner.realloc(ctx.inner.ctx, ptr, newSize);
      ctx.log({ call: "realloc", args: [ptr, newSize], result });
      return result;
    },
    free(ctx, ptr) {
      ctx.inner.free(ctx.inner.ctx, ptr);
      ctx.log({ call: "free", args: [ptr], result: undefined });
    },
  };
}

/** `realloc(0x1010, 32) -> 0x2020`. */
export function logText({ call, args, result }: LoggedCall): string {
  const isResize = call === "realloc" || call === "free";
  const shown = args.map((arg, index) => (isResize && index === 0 ? pointerText(arg) : String(arg)));
  return `${call}(${shown.join(", ")})${result === undefined ? "" : ` -> ${pointerText(result)}`}`;
}

function pointerText(p: number): string {
  return p === 0 ? "NULL" : formatAddress(p);
}
