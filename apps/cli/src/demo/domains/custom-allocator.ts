// `obmalloc demo custom-allocator`: get, wrap, set, use, put back, with what each call did.

import {
  createDomains,
  type Domains,
  loggingAllocator,
  logText,
  type PyMemAllocatorEx,
} from "@obmalloc/domains";
import type { DemoContext, DemoStep } from "../demo.ts";

const HEADER_BYTES = 16;

export function* customAllocatorDemo({ profile, look }: DemoContext): Generator<DemoStep> {
  const memory = createDomains({ profile, maxBytes: 64 * 1024 * 1024 });
  const { dim } = look.colors;

  const original = memory.getAllocator("mem");
  yield {
    title: "Get the allocator of a domain",
    text: "An allocator is five pointers: a context, and four functions that are called with it.",
    lines: [
      'const inner = memory.getAllocator("mem");',
      dim(`// ${fieldsOf(original)}; it is ${original.name}`),
    ],
  };

  const calls: string[] = [];
  const tagging = tagged(original, memory);
  memory.setAllocator(
    "mem",
    loggingAllocator(tagging, (call) => calls.push(logText(call))),
  );
  yield {
    title: "Wrap it, and set the wrapper",
    text:
      "This one asks for 16 bytes more and writes a mark in front of each block; around it goes a ready one that logs. " +
      "The last one that is set is called first.",
    lines: [
      'memory.setAllocator("mem", loggingAllocator(tagged(inner), log));',
      dim(`// mem is now: ${memory.getAllocator("mem").name}`),
      dim(`// PYTHONMALLOC has no name for that: ${memory.allocatorName}`),
    ],
  };

  const p = memory.mem.malloc(24);
  const mark = String.fromCharCode(...memory.linear.u8.slice(p - HEADER_BYTES, p - HEADER_BYTES + 4));
  const q = memory.mem.realloc(p, 200);
  memory.mem.free(q);
  const kept = memory.mem.malloc(40);
  yield {
    title: "Use it",
    text: "Nothing in the program changes: it calls the domain, and the domain calls the wrapper.",
    lines: [
      ...calls.splice(0).map((line) => `log: ${line}`),
      dim(`// in front of the first block stood "${mark}"`),
      dim(`// the raw and obj domains were not touched: ${memory.getAllocator("obj").name}`),
    ],
  };

  memory.setAllocator("mem", original);
  yield {
    title: "Put the first one back",
    text: "What lives on is the wrapper's: only it knows that the block begins 16 bytes earlier. check() says so.",
    lines: [
      'memory.setAllocator("mem", inner);',
      dim(`// PYTHONMALLOC calls this ${memory.allocatorName} again`),
      ...memory.check().map(({ rule, message }) => `check(): ${rule}: ${message}`),
      ...errorLines(() => memory.mem.free(kept)),
    ],
  };

  memory.setAllocator("mem", tagging);
  memory.mem.free(kept);
  memory.setAllocator("mem", original);
  yield {
    title: "So free its blocks first, or let it serve to the end",
    text: "With the wrapper set once more the block goes back, and the heap is as it was.",
    lines: [`check(): ${memory.check().length} findings; blocks in use: ${memory.getAllocatedBlocks()}`],
  };
}

/** Asks `inner` for a little more, and writes a mark into it. */
function tagged(inner: PyMemAllocatorEx, { linear }: Domains): PyMemAllocatorEx<PyMemAllocatorEx> {
  const mark = (base: number): number => {
    if (base === 0) return 0;
    linear.u32[base / 4] = 0x656e696d; // "mine"
    return base + HEADER_BYTES;
  };
  return {
    name: "tagging allocator",
    ctx: inner,
    malloc: (ctx, size) => mark(ctx.malloc(ctx.ctx, size + HEADER_BYTES)),
    calloc: (ctx, nelem, elsize) => mark(ctx.calloc(ctx.ctx, 1, nelem * elsize + HEADER_BYTES)),
    realloc: (ctx, ptr, newSize) =>
      mark(ctx.realloc(ctx.ctx, ptr === 0 ? 0 : ptr - HEADER_BYTES, newSize + HEADER_BYTES)),
    free: (ctx, ptr) => ctx.free(ctx.ctx, ptr === 0 ? 0 : ptr - HEADER_BYTES),
  };
}

function fieldsOf(allocator: PyMemAllocatorEx): string {
  return Object.keys(allocator)
    .filter((key) => key !== "name")
    .join(", ");
}

function errorLines(action: () => void): string[] {
  try {
    action();
    return [];
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`.split("\n");
  }
}
