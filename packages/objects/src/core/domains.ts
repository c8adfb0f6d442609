// The allocators that objects take their memory from.

/** An allocator of one of CPython's domains. NULL (0) says that there is no room. */
export interface DomainAllocator {
  malloc(sizeBytes: number): number;
  calloc(nelem: number, elsize: number): number;
  realloc(address: number, sizeBytes: number): number;
  free(address: number): void;
}

/** The allocators of the three domains. All addresses are in one linear memory. */
export interface Domains {
  readonly raw: DomainAllocator;
  readonly mem: DomainAllocator;
  readonly object: DomainAllocator;
}
