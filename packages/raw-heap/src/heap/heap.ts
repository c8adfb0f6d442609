// What every heap of this package can do, whatever its policy: C's calls, TypeScript's calls, views, and a look inside.

import {
  type DataModel,
  formatAddress,
  isSize,
  NULL,
  OutOfMemoryError,
  type RawAddress,
  type Violation,
} from "@obmalloc/abi";
import type { LinearMemory } from "../memory/linear-memory.ts";
import type { RawAllocator } from "../raw-allocator.ts";
import {
  type HeapBlock,
  type HeapChunk,
  type HeapSnapshot,
  type HeapStats,
  type PolicyName,
  snapshotOf,
  statsOf,
} from "./heap-snapshot.ts";

/** How a block is to be. */
export interface AllocateOptions {
  /** A power of two. @defaultValue 16 */
  readonly alignmentBytes?: number;
  /** Whether the block is cleared. @defaultValue false */
  readonly zeroed?: boolean;
}

/** The constructor of a typed array over a buffer. */
type ViewConstructor<View> = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): View;
};

/**
 * A heap over a linear memory.
 *
 * Units. Sizes are bytes, addresses are byte addresses in {@link memory}, 0 is NULL; blocks are 16-byte aligned.
 * Errors. C's calls ({@link malloc}, {@link calloc}, {@link realloc}, {@link alignedAlloc}) return NULL when there is no
 * room, or for a size that C could not express (negative, fractional, NaN, above PY_SSIZE_T_MAX); nothing has changed then.
 * TypeScript's calls ({@link allocate}, {@link resize}, the views) throw instead: `RangeError` for such a size,
 * `OutOfMemoryError` when there is no room. Both kinds throw `NotABlockError` for an address that is not a live block,
 * and `DamagedMemoryError` when they meet bytes that somebody wrote over.
 * State. All of it lies in the memory: copy the bytes and you have copied the heap.
 */
export abstract class Heap implements RawAllocator {
  abstract readonly policy: PolicyName;
  abstract readonly memory: LinearMemory;
  /** Sets the size limit. */
  abstract readonly model: DataModel;
  /** Where its own state lies, for a second owner of the same memory. */
  abstract readonly stateAddress: RawAddress;

  /** A block of at least `sizeBytes`, content unspecified. A size of 0 counts as 1. */
  abstract malloc(sizeBytes: number): RawAddress;

  /** Resizes a block, in place when there is room behind it; the smaller of both sizes is kept. `p` NULL allocates. */
  abstract realloc(p: RawAddress, sizeBytes: number): RawAddress;

  /** Gives a block back. NULL is ignored. */
  abstract free(p: RawAddress): void;

  /** A block at a multiple of `alignmentBytes`, a power of two; NULL for any other alignment. */
  abstract alignedAlloc(alignmentBytes: number, sizeBytes: number): RawAddress;

  /** Bytes of a live block that may be written: at least as many as were asked for. 0 for NULL. */
  abstract usableSize(p: RawAddress): number;

  /**
   * Gives free memory at the end of the heap back to the system.
   *
   * @param padBytes that stay free for requests to come.
   * @returns the bytes that were given back.
   */
  abstract mallocTrim(padBytes?: number): number;

  /** The live blocks by address. Ends early on damaged memory; {@link check} says why. */
  abstract blocks(): Generator<HeapBlock>;

  /** Everything that the heap's memory is divided into, by address. Ends early on damaged memory. */
  abstract chunks(): Generator<HeapChunk>;

  /** Verifies every invariant from the bytes and returns what is violated, each with its address. */
  abstract check(): Violation[];

  /** Bytes that the heap holds from the system, its own state included. */
  abstract get footprintBytes(): number;

  /** The largest {@link footprintBytes} so far. */
  abstract get peakBytes(): number;

  /** A block of `nelem * elsize` zero bytes. */
  calloc(nelem: number, elsize: number): RawAddress {
    if (!isSize(nelem, this.model) || !isSize(elsize, this.model)) return NULL;
    const sizeBytes = nelem * elsize;
    const p = this.malloc(sizeBytes); // an overflowing product is no size
    if (p !== 0) this.clear(p, sizeBytes);
    return p;
  }

  /**
   * {@link malloc} for TypeScript.
   *
   * @throws {RangeError} when the size or the alignment is none.
   * @throws {OutOfMemoryError} when there is no room.
   */
  allocate(sizeBytes: number, options: AllocateOptions = {}): RawAddress {
    this.requireSize(sizeBytes);
    const { alignmentBytes, zeroed } = options;
    if (alignmentBytes !== undefined && !isAlignment(alignmentBytes)) {
      throw new RangeError(`An alignment of ${alignmentBytes} bytes is not a power of two.`);
    }
    const p =
      alignmentBytes === undefined ? this.malloc(sizeBytes) : this.alignedAlloc(alignmentBytes, sizeBytes);
    if (p === 0) throw this.outOfMemory(sizeBytes);
    if (zeroed === true) this.clear(p, sizeBytes);
    return p;
  }

  /**
   * {@link realloc} for TypeScript.
   *
   * @throws {RangeError} when the size is none.
   * @throws {OutOfMemoryError} when there is no room; the block is as it was then.
   */
  resize(p: RawAddress, sizeBytes: number): RawAddress {
    this.requireSize(sizeBytes);
    const moved = this.realloc(p, sizeBytes);
    if (moved === 0) throw this.outOfMemory(sizeBytes);
    return moved;
  }

  /** What is held and for what, in the terms of glibc's mallinfo2. O(chunks). */
  stats(): HeapStats {
    return statsOf(this);
  }

  /** Everything at this moment as plain frozen data. O(chunks). */
  inspect(): HeapSnapshot {
    return snapshotOf(this);
  }

  // Views over `length` elements from `address` on. They are good until the memory grows: make them anew after a call
  // that allocates. All throw a RangeError for an address that is not a multiple of the element, or beyond the memory.

  u8(address: number, length: number): Uint8Array {
    return this.view(Uint8Array, address, length);
  }

  i8(address: number, length: number): Int8Array {
    return this.view(Int8Array, address, length);
  }

  u16(address: number, length: number): Uint16Array {
    return this.view(Uint16Array, address, length);
  }

  i16(address: number, length: number): Int16Array {
    return this.view(Int16Array, address, length);
  }

  u32(address: number, length: number): Uint32Array {
    return this.view(Uint32Array, address, length);
  }

  i32(address: number, length: number): Int32Array {
    return this.view(Int32Array, address, length);
  }

  u64(address: number, length: number): BigUint64Array {
    return this.view(BigUint64Array, address, length);
  }

  i64(address: number, length: number): BigInt64Array {
    return this.view(BigInt64Array, address, length);
  }

  f32(address: number, length: number): Float32Array {
    return this.view(Float32Array, address, length);
  }

  f64(address: number, length: number): Float64Array {
    return this.view(Float64Array, address, length);
  }

  private view<View>(View: ViewConstructor<View>, address: number, length: number): View {
    const elementBytes = View.BYTES_PER_ELEMENT;
    const end = address + length * elementBytes;
    this.memory.reach(end - 1);
    if (
      !Number.isInteger(length) ||
      length < 0 ||
      !Number.isInteger(address / elementBytes) ||
      address < this.memory.startAddress ||
      end > this.memory.byteLength
    ) {
      throw new RangeError(
        `No view of ${length} elements of ${elementBytes} bytes can be made at ${formatAddress(address)}: ` +
          `the memory ends at ${formatAddress(this.memory.byteLength)}.`,
      );
    }
    return new View(this.memory.buffer, address, length);
  }

  /** Sets the first bytes of a block to 0. A call of `fill` costs more than a few words do. */
  protected clear(p: RawAddress, sizeBytes: number): void {
    const { memory } = this;
    if (sizeBytes > 256) {
      memory.u8.fill(0, p, p + sizeBytes);
      return;
    }
    const words = memory.u32;
    const end = (p + sizeBytes + 3) >>> 2; // a block is whole words long
    for (let word = p >>> 2; word < end; word++) words[word] = 0;
  }

  private requireSize(sizeBytes: number): void {
    if (isSize(sizeBytes, this.model)) return;
    throw new RangeError(
      `A block cannot have ${sizeBytes} bytes: a whole number from 0 to PY_SSIZE_T_MAX is needed.`,
    );
  }

  private outOfMemory(sizeBytes: number): OutOfMemoryError {
    return new OutOfMemoryError("a block", sizeBytes, {
      details: [
        `The heap holds ${this.footprintBytes} bytes, and its memory ends at ${this.memory.maxBytes}.`,
      ],
    });
  }
}

/** Whether `n` is a power of two that fits an address. */
export function isAlignment(n: number): boolean {
  return n >= 1 && n <= 2 ** 31 && Number.isInteger(Math.log2(n));
}
