// The one seam of CPython's memory manager: a domain is five pointers, and whoever replaces them replaces the allocator.

/** The three domains, by the names that this package gives them. */
export type DomainName = "raw" | "mem" | "obj";

/** In the order of their numbers. */
export const domainNames: readonly DomainName[] = Object.freeze(["raw", "mem", "obj"]);

/** `PyMemAllocatorDomain`. */
export const PyMemDomain = { raw: 0, mem: 1, obj: 2 } as const satisfies Record<DomainName, number>;
export type PyMemDomain = (typeof PyMemDomain)[DomainName];

/** The letter that the debug hooks write into the blocks of each domain. */
export const apiLetter: Readonly<Record<DomainName, string>> = Object.freeze({
  raw: "r",
  mem: "m",
  obj: "o",
});

/** The functions of a domain. */
export type AllocatorCall = "malloc" | "calloc" | "realloc" | "free";

/**
 * What serves a domain: CPython's `PyMemAllocatorEx`.
 *
 * Addresses are byte addresses in the domains' linear memory, 0 is NULL, sizes are bytes. The functions are called with
 * `ctx` and without `this`. Sizes arrive checked: whole numbers from 0 to PY_SSIZE_T_MAX, and so is the product that
 * `calloc` stands for. 0 arrives as 0; an allocator has to give it an address of its own, as malloc(1) would.
 * They return NULL when there is no room; `realloc` then leaves the block as it was.
 * @see CPython 3.13 Include/cpython/pymem.h
 */
export interface PyMemAllocatorEx<Context = unknown> {
  /** Handed to each function; nobody else looks at it. */
  readonly ctx: Context;
  malloc(this: void, ctx: Context, size: number): number;
  calloc(this: void, ctx: Context, nelem: number, elsize: number): number;
  realloc(this: void, ctx: Context, ptr: number, newSize: number): number;
  free(this: void, ctx: Context, ptr: number): void;
  /** What messages call it. C has no such field. @defaultValue "an allocator without a name" */
  readonly name?: string | undefined;
}

/**
 * An allocator as a domain keeps it: a copy, as C copies the struct, frozen and of one shape, so that a call through it
 * costs the same whoever wrote it.
 */
export class StoredAllocator implements PyMemAllocatorEx {
  readonly ctx: unknown;
  readonly malloc: PyMemAllocatorEx["malloc"];
  readonly calloc: PyMemAllocatorEx["calloc"];
  readonly realloc: PyMemAllocatorEx["realloc"];
  readonly free: PyMemAllocatorEx["free"];
  readonly name: string;

  private constructor(allocator: PyMemAllocatorEx) {
    this.ctx = allocator.ctx;
    this.malloc = allocator.malloc;
    this.calloc = allocator.calloc;
    this.realloc = allocator.realloc;
    this.free = allocator.free;
    this.name = allocator.name ?? "an allocator without a name";
    Object.freeze(this);
  }

  /**
   * The copy of `allocator`; of a copy, itself.
   *
   * @throws {TypeError} when one of the four is no function.
   */
  static of(allocator: PyMemAllocatorEx): StoredAllocator {
    if (allocator instanceof StoredAllocator) return allocator;
    for (const call of ["malloc", "calloc", "realloc", "free"] as const) {
      const given: unknown = (allocator as PyMemAllocatorEx | null | undefined)?.[call];
      if (typeof given !== "function") {
        throw new TypeError(
          `An allocator needs malloc, calloc, realloc and free; ${call} is ${typeof given}.`,
        );
      }
    }
    return new StoredAllocator(allocator);
  }

  /** Whether both are the same five pointers. */
  equals(other: PyMemAllocatorEx): boolean {
    return (
      this.ctx === other.ctx &&
      this.malloc === other.malloc &&
      this.calloc === other.calloc &&
      this.realloc === other.realloc &&
      this.free === other.free
    );
  }
}
