// What can hold the bytes of a linear memory, behind one small face: its buffer at the moment, and how to grow it.

/** The part of `WebAssembly.Memory` that is used, so that no DOM types are needed. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** Grows by units of 64 KiB. */
  grow(deltaUnits: number): number;
  /** Gives pages back to the host, where the host can do that (the memory-control proposal). */
  discard?(address: number, sizeBytes: number): void;
}

/** Anything that a linear memory can stand on. */
export type MemorySource = WasmMemory | ArrayBuffer | SharedArrayBuffer;

/** `WebAssembly.Memory`, or an array buffer. */
export type MemoryBacking = "wasm" | "array";

export interface NewSourceOptions {
  readonly backing: MemoryBacking | undefined;
  readonly shared: boolean;
  readonly initialBytes: number;
  readonly maxBytes: number;
}

/** The unit in which memory grows, WebAssembly's page: 64 KiB. */
export const GROWTH_UNIT_BYTES = 64 * 1024;

/** The largest memory: every address fits in 32 bits. */
export const MAX_MEMORY_BYTES = 2 ** 32;

type WasmMemoryConstructor = new (descriptor: {
  initial: number;
  maximum: number;
  shared?: boolean;
}) => WasmMemory;

const hostWasm = (): { Memory?: WasmMemoryConstructor } | undefined =>
  (globalThis as { WebAssembly?: { Memory?: WasmMemoryConstructor } }).WebAssembly;

/** A source of its own for one memory; sizes in bytes, whole growth units. */
export function newSource({ backing, shared, initialBytes, maxBytes }: NewSourceOptions): MemorySource {
  const Memory = hostWasm()?.Memory;
  if (backing !== "array" && Memory !== undefined) {
    const initial = initialBytes / GROWTH_UNIT_BYTES;
    return new Memory({ initial, maximum: maxBytes / GROWTH_UNIT_BYTES, shared });
  }
  // A buffer that cannot grow has faster views (see linear-memory.ts).
  const options = initialBytes === maxBytes ? undefined : { maxByteLength: maxBytes };
  return shared ? new SharedArrayBuffer(initialBytes, options) : new ArrayBuffer(initialBytes, options);
}

/** Whether `source` is an array buffer of either kind. */
export function isBuffer(source: MemorySource): source is ArrayBuffer | SharedArrayBuffer {
  return source instanceof ArrayBuffer || isShared(source);
}

/** The buffer at the moment. WebAssembly makes a new one at each growth. */
export function bufferOf(source: MemorySource): ArrayBuffer | SharedArrayBuffer {
  return isBuffer(source) ? source : source.buffer;
}

/** Whether several Workers can see the same bytes. */
export function isShared(source: MemorySource | ArrayBufferLike): source is SharedArrayBuffer {
  return typeof SharedArrayBuffer !== "undefined" && source instanceof SharedArrayBuffer;
}

/** How long `source` may become, in bytes, as far as it can be told: a WebAssembly memory does not say its maximum. */
export function limitOf(source: MemorySource): number {
  if (!isBuffer(source)) return MAX_MEMORY_BYTES;
  return Math.min(source.maxByteLength ?? source.byteLength, MAX_MEMORY_BYTES);
}

/** @throws {Error} of the host's own kind when it has no room; the source is as it was then. */
export function growSource(source: MemorySource, toBytes: number): void {
  if (source instanceof ArrayBuffer) source.resize(toBytes);
  else if (isBuffer(source)) source.grow(toBytes);
  else source.grow((toBytes - source.buffer.byteLength) / GROWTH_UNIT_BYTES);
}
