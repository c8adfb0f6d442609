// One growable range of bytes, addresses 0 to 4 GiB, that everything else lives in.
//
// Its views have a fixed length and are replaced when the memory grows. Views that follow their buffer by
// themselves are slower, and so is any view over a resizable ArrayBuffer, even of fixed length (2 times, on
// Node 20 and 24): hence WebAssembly.Memory first, which needs no compiled module and exists in every host
// that this package is written for.

import { ObmallocError, roundUp } from "@obmalloc/abi";
import {
  bufferOf,
  GROWTH_UNIT_BYTES,
  growSource,
  isBuffer,
  isShared,
  limitOf,
  MAX_MEMORY_BYTES,
  type MemoryBacking,
  type MemorySource,
  newSource,
} from "./memory-source.ts";

/** How large a memory is, and where its bytes come from. */
export interface LinearMemoryOptions {
  /** Bytes at the start, rounded up to 64 KiB. @defaultValue one unit */
  readonly initialBytes?: number;
  /**
   * The end of the addresses that may be used, at most 4 GiB, rounded up to 64 KiB where the source is made here.
   * @defaultValue 4 GiB, or as far as the given source can grow
   */
  readonly maxBytes?: number;
  /** What holds the bytes; "array" also stands in where the host has no WebAssembly. @defaultValue "wasm" */
  readonly backing?: MemoryBacking;
  /** Whether Workers can share it: the bytes are a `SharedArrayBuffer` then. @defaultValue false */
  readonly shared?: boolean;
  /**
   * Bytes that exist: a `WebAssembly.Memory` with a module's own data in front, any array buffer, or the
   * {@link LinearMemory.source} of a shared memory that another Worker made. `initialBytes`, `backing` and `shared`
   * say nothing then.
   */
  readonly source?: MemorySource;
  /** The first byte address that may be used; what is in front of it belongs to somebody else. @defaultValue 0 */
  readonly startAddress?: number;
}

/** A memory was taken away: its buffer was transferred to another thread. */
export class DetachedMemoryError extends ObmallocError {
  override readonly name = "DetachedMemoryError";

  constructor() {
    super("The memory's buffer is detached.", {
      details: [
        "It was transferred to another thread. Share it (shared: true), or send a copy of the bytes.",
      ],
    });
  }
}

/**
 * Byte memory with 32-bit addresses: an address is the index of a byte in {@link buffer}.
 *
 * Growth keeps every address and its content; new bytes are zero. It replaces {@link buffer}, {@link u8} and
 * {@link u32}: read them from the memory each time, or keep copies and refresh them in {@link onGrow}. Where somebody
 * else can grow the same bytes (another Worker, a WebAssembly module), {@link refresh} notices.
 *
 * @example const memory = new LinearMemory({ maxBytes: 16 * 1024 * 1024 });
 */
export class LinearMemory {
  /** What holds the bytes. A Worker gets it by `postMessage` and makes its own `LinearMemory({ source })`. */
  readonly source: MemorySource;
  /** Whether the bytes can be shared between Workers. */
  readonly shared: boolean;
  /** Whether the source came from outside, so that its owner may grow it too. */
  readonly foreign: boolean;
  /** The first byte address that may be used. */
  readonly startAddress: number;
  /** The end of the addresses that may be used, present or to come. */
  readonly maxBytes: number;
  /** The present buffer. */
  buffer: ArrayBufferLike;
  /** All bytes; index = address. */
  u8: Uint8Array;
  /** All aligned 32-bit words; index = address / 4. */
  u32: Uint32Array;

  /** Bytes of the buffer when it was last looked at. */
  private presentBytes: number;
  private readonly listeners = new Set<() => void>();

  /**
   * @throws {RangeError} unless 0 <= startAddress, initialBytes <= maxBytes <= 4 GiB, in whole numbers, and
   * `startAddress` lies inside a given source.
   */
  constructor(options: LinearMemoryOptions = {}) {
    this.foreign = options.source !== undefined;
    this.startAddress = options.startAddress ?? 0;
    this.maxBytes = endOf(options);
    this.source = options.source ?? makeSource(options, this.maxBytes);
    this.buffer = bufferOf(this.source);
    this.presentBytes = this.buffer.byteLength;
    this.shared = isShared(this.buffer);
    this.u8 = new Uint8Array(this.buffer, 0, this.buffer.byteLength);
    this.u32 = new Uint32Array(this.buffer, 0, Math.floor(this.buffer.byteLength / 4));
    const end = Math.min(this.maxBytes, this.buffer.byteLength);
    if (!Number.isInteger(this.startAddress) || this.startAddress < 0 || this.startAddress > end) {
      throw new RangeError(`A memory of ${end} bytes cannot be used from address ${this.startAddress} on.`);
    }
  }

  /** A memory that starts as a copy of `bytes`: the machine that lived in them lives in it too. */
  static from(bytes: Uint8Array, options: LinearMemoryOptions = {}): LinearMemory {
    const memory = new LinearMemory({ ...options, initialBytes: bytes.byteLength });
    memory.u8.set(bytes);
    return memory;
  }

  /** Bytes at present that may be addressed. */
  get byteLength(): number {
    return Math.min(this.u8.length, this.maxBytes);
  }

  /**
   * Makes the memory at least `bytes` long; grows by a hundred-and-twenty-eighth at a time so that growth stays rare and little
   * is held for nothing.
   *
   * @returns false, with nothing changed, when that is above {@link maxBytes} or the host has no room.
   */
  ensure(bytes: number): boolean {
    this.refresh();
    const present = this.byteLength;
    if (bytes <= present) return true;
    if (!(bytes <= this.maxBytes)) return false;
    const limit = isBuffer(this.source) ? limitOf(this.source) : roundUp(this.maxBytes, GROWTH_UNIT_BYTES);
    const needed = Math.min(roundUp(bytes, GROWTH_UNIT_BYTES), limit);
    const generous = Math.min(roundUp(present + present / 128, GROWTH_UNIT_BYTES), limit);
    return this.tryGrow(Math.max(needed, generous)) || this.tryGrow(needed);
  }

  /**
   * Looks whether somebody else has grown the memory, and replaces the views if so.
   *
   * @returns whether the views are new.
   * @throws {DetachedMemoryError} when the buffer is gone, or has been cut short.
   */
  refresh(): boolean {
    const buffer = bufferOf(this.source);
    if (buffer === this.buffer && buffer.byteLength === this.presentBytes) return false;
    if (buffer.byteLength < this.presentBytes) throw new DetachedMemoryError();
    this.replaceViews(buffer);
    return true;
  }

  /**
   * {@link refresh} for an address that came from another Worker: what that one has grown may not have come here by itself.
   *
   * @returns whether the views are new.
   */
  reach(address: number): boolean {
    const replaced = this.refresh();
    if (!(address >= this.byteLength && address < this.maxBytes) || !this.shared || isBuffer(this.source)) {
      return replaced;
    }
    try {
      this.source.grow(0); // hosts look at the memory itself then, and not at what they were told of it
    } catch {
      return replaced;
    }
    return this.refresh() || replaced;
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

  /** Whether {@link discard} can do something here. */
  get canDiscard(): boolean {
    return !isBuffer(this.source) && typeof this.source.discard === "function";
  }

  /**
   * Gives the host memory back behind a range of whole pages that nobody needs, where it can take it; they read as 0.
   *
   * @returns whether it could.
   */
  discard(address: number, sizeBytes: number): boolean {
    const { source } = this;
    if (isBuffer(source) || typeof source.discard !== "function") return false;
    source.discard(address, sizeBytes);
    return true;
  }

  private tryGrow(toBytes: number): boolean {
    try {
      growSource(this.source, toBytes);
    } catch {
      return false; // hosts refuse with an error of their own and leave the memory as it was
    }
    this.replaceViews(bufferOf(this.source));
    return true;
  }

  private replaceViews(buffer: ArrayBufferLike): void {
    this.buffer = buffer;
    this.presentBytes = buffer.byteLength;
    this.u8 = new Uint8Array(buffer, 0, buffer.byteLength);
    this.u32 = new Uint32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
    for (const listener of this.listeners) listener();
  }
}

function endOf({ source, maxBytes }: LinearMemoryOptions): number {
  const end =
    source === undefined
      ? roundUp(maxBytes ?? MAX_MEMORY_BYTES, GROWTH_UNIT_BYTES)
      : Math.min(maxBytes ?? MAX_MEMORY_BYTES, limitOf(source));
  if (Number.isInteger(end) && end >= 0 && end <= MAX_MEMORY_BYTES) return end;
  throw new RangeError(`A memory cannot end at ${maxBytes} bytes: the limit is 4 GiB.`);
}

function makeSource(options: LinearMemoryOptions, maxBytes: number): MemorySource {
  const wantedBytes = options.initialBytes ?? GROWTH_UNIT_BYTES;
  const initialBytes = roundUp(wantedBytes, GROWTH_UNIT_BYTES);
  if (!(wantedBytes >= 0 && initialBytes <= maxBytes)) {
    throw new RangeError(`A memory of ${maxBytes} bytes at most cannot start with ${wantedBytes}.`);
  }
  return newSource({ backing: options.backing, shared: options.shared === true, initialBytes, maxBytes });
}
