// The domains as TypeScript programs use them: errors instead of NULL. Two classes for the reason that ports.ts gives.

import { type BlockAddress, type DataModel, isSize, type RawAddress } from "@obmalloc/abi";
import type { AllocatorCall, DomainName } from "./allocator.ts";
import type { Calls } from "./calls.ts";
import { NoMemoryError } from "./errors.ts";
import type { ObjectPort, RawPort } from "./ports.ts";

/**
 * What both kinds of domains share.
 *
 * Errors. {@link NoMemoryError} when the domain's allocator returned NULL; a `RangeError` for a size that is not a whole number
 * from 0 to PY_SSIZE_T_MAX; `BadAllocatorError` when an allocator breaks its contract, `FatalMemoryError` when the debug hooks
 * find damage. After the first three a block that was to be resized is as it was.
 */
abstract class DomainFace {
  private readonly name: DomainName;
  private readonly model: DataModel;

  constructor(name: DomainName, model: DataModel) {
    this.name = name;
    this.model = model;
  }

  protected noMalloc(sizeBytes: number): never {
    throw this.failure("malloc", [sizeBytes], sizeBytes);
  }

  protected noCalloc(nelem: number, elsize: number): never {
    throw this.failure("calloc", [nelem, elsize], nelem * elsize);
  }

  protected noRealloc(p: number, sizeBytes: number): never {
    throw this.failure("realloc", [p, sizeBytes], sizeBytes);
  }

  private failure(call: AllocatorCall, args: readonly number[], sizeBytes: number): Error {
    const { name } = this;
    if (isSize(sizeBytes, this.model)) return new NoMemoryError({ domain: name, call, args }, sizeBytes);
    const limit = `2^${Math.log2(this.model.ssizeLimit)} - 1`;
    return new RangeError(`${name}.${call}: a size is a whole number from 0 to ${limit}, not ${sizeBytes}.`);
  }
}

/**
 * The raw domain: `PyMem_RawMalloc` and its family. May be called without the GIL.
 *
 * @example const p = memory.raw.malloc(64); memory.raw.free(p);
 */
export class RawDomain extends DomainFace {
  /** The same by C's rules: NULL where this throws. */
  readonly c: RawPort;

  /** What serves the domain; set by its `Domain`. */
  calls: Calls<RawAddress>;

  constructor(name: DomainName, port: RawPort, model: DataModel) {
    super(name, model);
    this.c = port;
    this.calls = port.calls;
  }

  /** A block of at least `sizeBytes`, content unspecified. A size of 0 gives an address of its own too. */
  malloc(sizeBytes: number): RawAddress {
    const p = this.calls.malloc(sizeBytes);
    return p === 0 ? this.noMalloc(sizeBytes) : p;
  }

  /** A block of `nelem * elsize` zero bytes. */
  calloc(nelem: number, elsize: number): RawAddress {
    const p = this.calls.calloc(nelem, elsize);
    return p === 0 ? this.noCalloc(nelem, elsize) : p;
  }

  /** Resizes a block, moving it when needed; the smaller of both sizes is kept. `p` 0 allocates. */
  realloc(p: RawAddress, sizeBytes: number): RawAddress {
    const moved = this.calls.realloc(p, sizeBytes);
    return moved === 0 ? this.noRealloc(p, sizeBytes) : moved;
  }

  /** Gives a block back. 0 is ignored. */
  free(p: RawAddress): void {
    this.calls.free(p);
  }
}

/** The mem domain (`PyMem_Malloc` and its family), or the obj domain (`PyObject_Malloc` and its family). */
export class ObjectDomain extends DomainFace {
  /** The same by C's rules: NULL where this throws. */
  readonly c: ObjectPort;

  /** What serves the domain; set by its `Domain`. */
  calls: Calls<BlockAddress>;

  constructor(name: DomainName, port: ObjectPort, model: DataModel) {
    super(name, model);
    this.c = port;
    this.calls = port.calls;
  }

  /** A block of at least `sizeBytes`, content unspecified. A size of 0 gives an address of its own too. */
  malloc(sizeBytes: number): BlockAddress {
    const p = this.calls.malloc(sizeBytes);
    return p === 0 ? this.noMalloc(sizeBytes) : p;
  }

  /** A block of `nelem * elsize` zero bytes. */
  calloc(nelem: number, elsize: number): BlockAddress {
    const p = this.calls.calloc(nelem, elsize);
    return p === 0 ? this.noCalloc(nelem, elsize) : p;
  }

  /** Resizes a block, moving it when needed; the smaller of both sizes is kept. `p` 0 allocates. */
  realloc(p: BlockAddress, sizeBytes: number): BlockAddress {
    const moved = this.calls.realloc(p, sizeBytes);
    return moved === 0 ? this.noRealloc(p, sizeBytes) : moved;
  }

  /** Gives a block back. 0 is ignored. */
  free(p: BlockAddress): void {
    this.calls.free(p);
  }
}
