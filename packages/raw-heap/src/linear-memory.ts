// One growable range of bytes, addresses 0 to 4 GiB, that everything else lives in.
//
// Its views have a fixed length and are replaced when the memory grows. Views that follow their buffer by
// themselves are slower, and so is any view over a resizable ArrayBuffer, even of fixed length (2 times, on
// Node 20 and 24): hence WebAssembly.Memory first, which needs no compiled module and exists in every host
// that this package is written for, and a resizable ArrayBuffer where it does not.

import { roundUp } from "@obmalloc/abi";

/** The unit in which memory grows, WebAssembly's page: 64 KiB. */
export const GROWTH_UNIT_BYTES = 64 * 1024;

/** The largest memory: every address fits in 32 bits. */
export const MAX_MEMORY_BYTES = 2 ** 32;

export interface LinearMemoryOptions {
  /** Bytes at the start, rounded up to 64 KiB. @defaultValue one unit */
  readonly initialBytes?: number;
  /** Bytes that it may grow to, rounded up to 64 KiB, at most 4 GiB. @defaultValue 4 GiB */
  readonly maxBytes?: number;
  /** What holds the bytes; "resizable" also stands in where the host has no WebAssembly. @defaultValue "wasm" */
  readonly backing?: MemoryBacking;
}

/** `WebAssembly.Memory`, or a resizable `ArrayBuffer`. */
export type MemoryBacking = "wasm" | "resizable";

/** A buffer that can grow in place of the one before it. */
interface Backing {
  readonly buffer: ArrayBuffer;
  grow(toBytes: number): void;
}

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(deltaUnits: number): number;
}

type WasmMemoryConstructor = new (descriptor: { initial: number; maximum: number }) => WasmMemory;

/**
 * Growable byte memory with 32-bit addresses.
 *
 * Growth keeps every address and its content; new bytes are zero. It replaces {@link buffer}, {@link u8} and
 * {@link u32}: read them from the memory each time, or keep copies and refresh them in {@link onGrow}.
 *
 * @example const memory = new LinearMemory({ maxBytes: 16 * 1024 * 1024 });
 */
export class LinearMemory {
  /** Bytes that the memory may grow to. */
  readonly maxBytes: number;
  /** The present buffer. */
  buffer: ArrayBuffer;
  /** All bytes; index = address. */
  u8: Uint8Array<ArrayBuffer>;
  /** All aligned 32-bit words; index = address / 4. */
  u32: Uint32Array<ArrayBuffer>;

  private readonly backing: Backing;
  private readonly listeners = new Set<() => void>();

  /** @throws {RangeError} unless 0 <= initialBytes <= maxBytes <= 4 GiB. */
  constructor(options: LinearMemoryOptions = {}) {
    const wantedBytes = options.initialBytes ?? GROWTH_UNIT_BYTES;
    const initialBytes = roundUp(wantedBytes, GROWTH_UNIT_BYTES);
    const maxBytes = roundUp(options.maxBytes ?? MAX_MEMORY_BYTES, GROWTH_UNIT_BYTES);
    if (!(wantedBytes >= 0 && initialBytes <= maxBytes && maxBytes <= MAX_MEMORY_BYTES)) {
      throw new RangeError(
        `A memory of ${wantedBytes} to ${maxBytes} bytes cannot be made: the limit is 4 GiB.`,
      );
    }
    this.maxBytes = maxBytes;
    this.backing = makeBacking(options.backing, initialBytes, maxBytes);
    this.buffer = this.backing.buffer;
    this.u8 = new Uint8Array(this.buffer, 0, this.buffer.byteLength);
    this.u32 = new Uint32Array(this.buffer, 0, this.buffer.byteLength / 4);
  }

  /** A memory that starts as a copy of `bytes`: the machine that lived in them lives in it too. */
  static from(bytes: Uint8Array, options: LinearMemoryOptions = {}): LinearMemory {
    const memory = new LinearMemory({ ...options, initialBytes: bytes.byteLength });
    memory.u8.set(bytes);
    return memory;
  }

  /** Bytes at present. */
  get byteLength(): number {
    return this.buffer.byteLength;
  }

  /**
   * Makes the memory at least `bytes` long; grows by a quarter at a time so that growth stays rare.
   *
   * @returns false, with nothing changed, when that is above {@link maxBytes} or the host has no room.
   */
  ensure(bytes: number): boolean {
    const present = this.byteLength;
    if (bytes <= present) return true;
    const needed = roundUp(bytes, GROWTH_UNIT_BYTES);
    if (!(needed <= this.maxBytes)) return false;
    const generous = roundUp(present + present / 4, GROWTH_UNIT_BYTES);
    return this.tryGrow(Math.min(Math.max(needed, generous), this.maxBytes)) || this.tryGrow(needed);
  }

  /**
   * Calls `listener` after each growth, when the views are new.
   *
   * @returns a function that ends the subscription.
   */
  onGrow(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  private tryGrow(toBytes: number): boolean {
    try {
      this.backing.grow(toBytes);
    } catch {
      return false; // hosts refuse with a RangeError and leave the memory as it was
    }
    this.buffer = this.backing.buffer;
    this.u8 = new Uint8Array(this.buffer, 0, this.buffer.byteLength);
    this.u32 = new Uint32Array(this.buffer, 0, this.buffer.byteLength / 4);
    for (const listener of this.listeners) listener();
    return true;
  }
}

function makeBacking(kind: MemoryBacking | undefined, initialBytes: number, maxBytes: number): Backing {
  const wasm = (globalThis as { WebAssembly?: { Memory?: WasmMemoryConstructor } }).WebAssembly?.Memory;
  if (kind === "resizable" || wasm === undefined) {
    const buffer = new ArrayBuffer(initialBytes, { maxByteLength: maxBytes });
    return { buffer, grow: (toBytes) => buffer.resize(toBytes) };
  }
  const memory = new wasm({
    initial: initialBytes / GROWTH_UNIT_BYTES,
    maximum: maxBytes / GROWTH_UNIT_BYTES,
  });
  return {
    get buffer() {
      return memory.buffer;
    },
    grow: (toBytes) => {
      memory.grow((toBytes - memory.buffer.byteLength) / GROWTH_UNIT_BYTES);
    },
  };
}
