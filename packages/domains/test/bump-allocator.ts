// An allocator that shares nothing with the package's own: it cuts one large raw block into pieces.

import type { Domains, PyMemAllocatorEx } from "@obmalloc/domains";

const ARENA_BYTES = 1 << 16;

export function makeBump(memory: Domains): { allocator: PyMemAllocatorEx; freed: number[] } {
  const base = memory.raw.malloc(ARENA_BYTES) + 16; // not a block of the raw heap
  const sizes = new Map<number, number>();
  const freed: number[] = [];
  let top = base;
  const malloc = (_: unknown, size: number): number => {
    const p = top;
    const end = top + Math.ceil(Math.max(size, 1) / 16) * 16;
    if (end > base + ARENA_BYTES - 16) return 0;
    top = end;
    sizes.set(p, size);
    return p;
  };
  const allocator: PyMemAllocatorEx = {
    name: "bump",
    ctx: null,
    malloc,
    calloc(ctx, nelem, elsize) {
      const p = malloc(ctx, nelem * elsize);
      if (p !== 0) memory.linear.u8.fill(0, p, p + nelem * elsize);
      return p;
    },
    realloc(ctx, ptr, newSize) {
      const p = malloc(ctx, newSize);
      if (p !== 0 && ptr !== 0) {
        memory.linear.u8.copyWithin(p, ptr, ptr + Math.min(sizes.get(ptr) ?? 0, newSize));
      }
      return p;
    },
    free(_, ptr) {
      if (ptr !== 0) freed.push(ptr);
    },
  };
  return { allocator, freed };
}
