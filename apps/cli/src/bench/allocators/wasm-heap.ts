// A WebAssembly module that exports malloc, realloc, free and its memory, as a heap.

import { readFileSync } from "node:fs";
import type { Heap, HeapCalls, HeapSource } from "../heap.ts";

/** As much of the host's WebAssembly as is used here; Node's types have none of it. */
interface WasmHost {
  readonly Module: {
    new (bytes: Uint8Array): WasmModule;
    imports(module: WasmModule): { readonly module: string; readonly name: string }[];
  };
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: unknown };
}
interface WasmModule {
  readonly wasmModule: unique symbol;
}
const { WebAssembly: host } = globalThis as unknown as { WebAssembly: WasmHost };

type AllocatorExports = {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Of reactors, to be called first. */
  readonly _initialize?: () => void;
} & Readonly<Record<string, (...values: number[]) => number>>;

/**
 * @param file the module; it may import functions, none of which an allocator needs an answer of.
 * @param prefix of the names that it exports its allocator by.
 */
export function wasmSource(name: string, file: string, prefix = ""): HeapSource {
  const module = new host.Module(readFileSync(file));
  return { name, create: () => createHeap(module, prefix) };
}

function createHeap(module: WasmModule, prefix: string): Heap {
  const imports: Record<string, Record<string, () => number>> = {};
  for (const { module: from, name } of host.Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] = () => 0;
  }
  const exports = new host.Instance(module, imports).exports as AllocatorExports;
  const { memory } = exports;
  exports._initialize?.();
  const calls: HeapCalls = {
    malloc: exports[`${prefix}malloc`]!,
    realloc: exports[`${prefix}realloc`]!,
    free: exports[`${prefix}free`]!,
  };
  return {
    calls,
    words: () => new Uint32Array(memory.buffer),
    footprintBytes: () => memory.buffer.byteLength,
  };
}
