// The C names of this layer, total and in C's argument order. Each allocator has a table of its own, where C has one
// state per process (to 3.11) or per interpreter (from 3.12 on).

import { blockAddress, isSize, NULL } from "@obmalloc/abi";
import type { ArenaAllocator } from "./arena-allocator.ts";
import type { PyMalloc } from "./pymalloc.ts";
import { formatDebugMallocStats } from "./stats-text.ts";

/** What stands for a `FILE *`: whatever takes text. */
export interface CFile {
  write(text: string): unknown;
}

/** `PyObjectArenaAllocator`: a struct that C code fills in and passes by pointer. */
export type PyObjectArenaAllocator = { -readonly [Field in keyof ArenaAllocator]: ArenaAllocator[Field] };

/** `PyMem_*` and `PyObject_*`: in a release build, without anything installed, both are pymalloc and share its state. */
interface DomainFunctions {
  PyMem_Malloc(size: number): number;
  PyMem_Calloc(nelem: number, elsize: number): number;
  PyMem_Realloc(ptr: number, newSize: number): number;
  PyMem_Free(ptr: number): void;
  PyObject_Malloc(size: number): number;
  PyObject_Calloc(nelem: number, elsize: number): number;
  PyObject_Realloc(ptr: number, newSize: number): number;
  PyObject_Free(ptr: number): void;
}

/**
 * The functions of `Objects/obmalloc.c` that belong to pymalloc. Addresses and sizes are numbers, NULL is 0.
 *
 * Allocators to replace, and debug hooks, are those of `@obmalloc/domains`. `ctx` is ignored, as in C. Sizes that no `size_t` up to `PY_SSIZE_T_MAX` can express give NULL. A pointer that is no
 * live block is undefined behaviour in C; here the `NotABlockError` of {@link PyMalloc} is thrown where it is noticed.
 */
export interface PyMallocCApi extends DomainFunctions {
  _PyObject_Malloc(ctx: unknown, nbytes: number): number;
  _PyObject_Calloc(ctx: unknown, nelem: number, elsize: number): number;
  _PyObject_Realloc(ctx: unknown, ptr: number, nbytes: number): number;
  _PyObject_Free(ctx: unknown, p: number): void;
  /** The arena allocator that there was first. */
  _PyMem_ArenaAlloc(ctx: unknown, size: number): number;
  _PyMem_ArenaFree(ctx: unknown, ptr: number, size: number): void;
  /** Fills the struct in. */
  PyObject_GetArenaAllocator(allocator: PyObjectArenaAllocator): void;
  /** Copies the struct. Arenas that are there go back through the new allocator. */
  PyObject_SetArenaAllocator(allocator: Readonly<PyObjectArenaAllocator>): void;
  /** Memory from the arena allocator that is set at present, for others than pymalloc. */
  _PyObject_VirtualAlloc(size: number): number;
  _PyObject_VirtualFree(obj: number, size: number): void;
  /** Up to 3.11. */
  _Py_GetAllocatedBlocks(): number;
  /** From 3.12 on: of one interpreter, which is the one that the table belongs to. */
  _PyInterpreterState_GetAllocatedBlocks(interp: unknown): number;
  /** From 3.12 on: of all interpreters; the table knows of one. */
  _Py_GetGlobalAllocatedBlocks(): number;
  /** Writes the report; 1, as pymalloc is there. */
  _PyObject_DebugMallocStats(out: CFile): 1;
}

/** The C functions over `pymalloc`. */
export function pymallocCApi(pymalloc: PyMalloc): PyMallocCApi {
  const first = pymalloc.arenaAllocator;
  const { model } = pymalloc.profile;
  return Object.freeze<PyMallocCApi>({
    ...domainFunctions(pymalloc),
    _PyObject_Malloc: (_ctx, nbytes) => pymalloc.malloc(nbytes),
    _PyObject_Calloc: (_ctx, nelem, elsize) => pymalloc.calloc(nelem, elsize),
    _PyObject_Realloc: (_ctx, ptr, nbytes) => pymalloc.realloc(blockAddress(ptr), nbytes),
    _PyObject_Free: (_ctx, p) => pymalloc.free(blockAddress(p)),
    _PyMem_ArenaAlloc: (_ctx, size) => (isSize(size, model) ? first.alloc(first.ctx, size) : NULL),
    _PyMem_ArenaFree: (_ctx, ptr, size) => {
      if (ptr !== 0) first.free(first.ctx, ptr, size);
    },
    PyObject_GetArenaAllocator: (allocator) => {
      const { ctx, alloc, free } = pymalloc.arenaAllocator;
      Object.assign(allocator, { ctx, alloc, free });
    },
    PyObject_SetArenaAllocator: ({ ctx, alloc, free }) => {
      pymalloc.arenaAllocator = { ctx, alloc, free };
    },
    _PyObject_VirtualAlloc: (size) => {
      const { arenaAllocator } = pymalloc;
      return isSize(size, model) ? arenaAllocator.alloc(arenaAllocator.ctx, size) : NULL;
    },
    _PyObject_VirtualFree: (obj, size) => {
      const { arenaAllocator } = pymalloc;
      if (obj !== 0) arenaAllocator.free(arenaAllocator.ctx, obj, size);
    },
    _Py_GetAllocatedBlocks: () => pymalloc.getAllocatedBlocks(),
    _PyInterpreterState_GetAllocatedBlocks: () => pymalloc.getAllocatedBlocks(),
    _Py_GetGlobalAllocatedBlocks: () => pymalloc.getAllocatedBlocks(),
    _PyObject_DebugMallocStats: (out) => {
      out.write(formatDebugMallocStats(pymalloc.profile, pymalloc.collectStats()));
      return 1;
    },
  });
}

function domainFunctions(pymalloc: PyMalloc): DomainFunctions {
  const malloc = (size: number) => pymalloc.malloc(size);
  const calloc = (nelem: number, elsize: number) => pymalloc.calloc(nelem, elsize);
  const realloc = (ptr: number, newSize: number) => pymalloc.realloc(blockAddress(ptr), newSize);
  const free = (ptr: number) => pymalloc.free(blockAddress(ptr));
  return {
    ...{ PyMem_Malloc: malloc, PyMem_Calloc: calloc, PyMem_Realloc: realloc, PyMem_Free: free },
    ...{ PyObject_Malloc: malloc, PyObject_Calloc: calloc, PyObject_Realloc: realloc, PyObject_Free: free },
  };
}
