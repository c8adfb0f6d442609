import type { RawAddress } from "@obmalloc/abi";

/**
 * The raw domain as the layers above see it: CPython's `PyMem_RawMalloc` and its family.
 *
 * The rules are C's. A call that cannot be served, for lack of room or because of a size that C could not
 * express, returns NULL (0) and changes nothing. A size of 0 counts as 1, so that it gives an address of its own.
 * Blocks are 16-byte aligned.
 * @see CPython 3.13 Objects/obmalloc.c, _PyMem_RawMalloc, _PyMem_RawCalloc, _PyMem_RawRealloc, _PyMem_RawFree
 */
export interface RawAllocator {
  /** A block of at least `sizeBytes`, content unspecified. */
  malloc(sizeBytes: number): RawAddress;
  /** A block of `nelem * elsize` zero bytes. */
  calloc(nelem: number, elsize: number): RawAddress;
  /** Resizes a block, moving it when needed; the smaller of both sizes is kept. `p` NULL allocates. */
  realloc(p: RawAddress, sizeBytes: number): RawAddress;
  /** Gives a block back. NULL is ignored. */
  free(p: RawAddress): void;
}
