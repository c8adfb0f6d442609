// Where pymalloc's arenas come from at the moment: CPython's `_PyObject_Arena`, which a program can replace.

import { formatAddress } from "@obmalloc/abi";
import type { ArenaAllocator } from "@obmalloc/pymalloc";
import type { LinearMemory } from "@obmalloc/raw-heap";
import { BadAllocatorError } from "./errors.ts";

export interface ArenaSourceOptions {
  readonly linear: LinearMemory;
  readonly allocator: ArenaAllocator;
  /** Arenas have to be aligned to a pointer at least. */
  readonly pointerBytes: number;
}

/** Passes pymalloc's requests on to the arena allocator that is set, and looks at what comes back. */
export class ArenaSource {
  /** The allocator at present. */
  allocator: ArenaAllocator;
  /** Called before each new arena: what `PYTHONMALLOCSTATS` prints. */
  onNewArena: (() => void) | undefined = undefined;
  private readonly linear: LinearMemory;
  private readonly pointerBytes: number;

  constructor({ linear, allocator, pointerBytes }: ArenaSourceOptions) {
    this.linear = linear;
    this.allocator = allocator;
    this.pointerBytes = pointerBytes;
  }

  /** What pymalloc holds on to. */
  asAllocator(): ArenaAllocator<ArenaSource> {
    return {
      ctx: this,
      alloc: (source, sizeBytes) => source.alloc(sizeBytes),
      free: (source, address, sizeBytes) => source.free(address, sizeBytes),
    };
  }

  private alloc(sizeBytes: number): number {
    this.onNewArena?.();
    const { allocator } = this;
    let base: number;
    try {
      base = allocator.alloc(allocator.ctx, sizeBytes);
    } catch (error) {
      throw this.bad("alloc", [sizeBytes], "threw", `it threw: ${messageOf(error)}`, 0, error);
    }
    if (base !== 0) this.check(base, sizeBytes);
    return base;
  }

  private free(address: number, sizeBytes: number): void {
    const { allocator } = this;
    try {
      allocator.free(allocator.ctx, address, sizeBytes);
    } catch (error) {
      const args = [formatAddress(address), sizeBytes];
      throw this.bad("free", args, "threw", `it threw: ${messageOf(error)}`, address, error);
    }
  }

  private check(base: number, sizeBytes: number): void {
    const { linear } = this;
    if (!Number.isInteger(base) || base < 0) {
      throw this.bad(
        "alloc",
        [sizeBytes],
        "not-an-address",
        `it returned ${String(base)}, which is no address.`,
        0,
      );
    }
    const where = formatAddress(base);
    if (base % this.pointerBytes !== 0) {
      const wanted = `addresses have to be multiples of ${this.pointerBytes}`;
      throw this.bad("alloc", [sizeBytes], "misaligned", `it returned ${where}; ${wanted}.`, base);
    }
    const fits = () => base >= linear.startAddress && base + sizeBytes <= linear.byteLength;
    if (!fits() && !(linear.refresh() && fits())) {
      const what = `it returned ${where}, from where ${sizeBytes} bytes do not lie in the memory.`;
      throw this.bad("alloc", [sizeBytes], "foreign", what, base);
    }
  }

  private bad(
    call: "alloc" | "free",
    args: readonly (number | string)[],
    fault: "threw" | "not-an-address" | "misaligned" | "foreign",
    what: string,
    address: number,
    cause?: unknown,
  ): BadAllocatorError {
    const text = `The arena allocator's ${call}(${args.join(", ")})`;
    return new BadAllocatorError({ domain: "arena", call, text }, fault, what, address, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
