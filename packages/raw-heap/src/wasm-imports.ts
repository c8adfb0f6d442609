// C's calls of a heap as imports of a WebAssembly module, over a heap that lies in the module's own memory.

import { rawAddress } from "@obmalloc/abi";
import type { Heap } from "./heap/heap.ts";

/**
 * What a module imports as `malloc` and its family. Arguments are i32 as JavaScript sees them, above 2 GiB negative; results
 * are unsigned, and WebAssembly makes i32 of them.
 */
export interface WasmImports {
  // An index signature, as `WebAssembly.Instance` wants one.
  readonly [name: string]: (...args: number[]) => number | undefined;
  readonly malloc: (sizeBytes: number) => number;
  readonly calloc: (nelem: number, elsize: number) => number;
  readonly realloc: (p: number, sizeBytes: number) => number;
  readonly free: (p: number) => undefined;
}

/**
 * The imports `malloc`, `calloc`, `realloc` and `free` of a module, served by a heap.
 *
 * A module that imports its memory gets the heap itself. One that exports its memory has none before it is instantiated: give a
 * function, which is called at the first use. Sizes are `size_t` of wasm32, 0 to 2^32 - 1; what the heap cannot serve gives 0. A bad
 * address ends the module's call with the heap's error, `NotABlockError`.
 *
 * @param heap over a `LinearMemory` with the module's memory as its `source`, from behind the module's data on
 * (`__heap_base`, where clang made it).
 * @example
 * let heap: RawHeap | undefined;
 * const { exports } = new WebAssembly.Instance(module, { env: wasmImports(() => heap!) });
 * heap = RawHeap.create(new LinearMemory({ source: exports.memory, startAddress: exports.__heap_base.value }));
 */
export function wasmImports(heap: Heap | (() => Heap)): WasmImports {
  let found = typeof heap === "function" ? undefined : heap;
  const served = (): Heap => {
    if (found === undefined) found = (heap as () => Heap)();
    if (found === undefined) {
      throw new TypeError(
        "The module allocates, but its heap is not made yet: make it before the first call of an export.",
      );
    }
    return found;
  };
  return Object.freeze({
    malloc: (sizeBytes: number) => served().malloc(sizeBytes >>> 0),
    calloc: (nelem: number, elsize: number) => served().calloc(nelem >>> 0, elsize >>> 0),
    realloc: (p: number, sizeBytes: number) => served().realloc(rawAddress(p >>> 0), sizeBytes >>> 0),
    free: (p: number) => {
      served().free(rawAddress(p >>> 0));
      return undefined;
    },
  });
}
