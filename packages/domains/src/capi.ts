// The C API by its own names, in C's argument order: what CPython's documentation calls Memory Management, whole.
//
// In C these are functions of the one runtime; here they are functions of one `Domains`. NULL is 0, also where the
// TypeScript face throws. What C fills by address is a plain object here, and so is a type: the number of its bytes.

import { type BlockAddress, blockAddress, rawAddress } from "@obmalloc/abi";
import type { ArenaAllocator } from "@obmalloc/pymalloc";
import { domainNames, type PyMemAllocatorEx, PyMemDomain } from "./allocator.ts";
import { isFreedPointer } from "./debug/freed-pointer.ts";
import type { Domains } from "./domains.ts";

/** Fields that may be missing or null, for a function to fill. */
type Filled<T> = { -readonly [Field in keyof T]?: T[Field] | null };

/** `PyMemAllocatorEx` as `PyMem_GetAllocator` fills it: all null for a domain that does not exist. */
export type FilledAllocator = Filled<
  Pick<PyMemAllocatorEx, "ctx" | "malloc" | "calloc" | "realloc" | "free">
>;
/** `PyObjectArenaAllocator` as `PyObject_GetArenaAllocator` fills it. */
export type FilledArenaAllocator = Filled<ArenaAllocator>;

/** What `PyTraceMalloc_Track` and `PyTraceMalloc_Untrack` return when tracemalloc does not trace. */
const NOT_TRACING = -2;

/** The C API of `memory`. */
export type CApi = ReturnType<typeof bindCApi>;

/**
 * The functions of `Include/pymem.h`, `Include/objimpl.h` and their `cpython` headers, bound to `memory`.
 *
 * @example const { PyMem_RawMalloc, PyMem_RawFree } = bindCApi(memory); PyMem_RawFree(PyMem_RawMalloc(64));
 */
export function bindCApi(memory: Domains) {
  return Object.freeze({
    ...rawFunctions(memory),
    ...memFunctions(memory),
    ...objectFunctions(memory),
    ...allocatorFunctions(memory),
    /** Blocks in use: `sys.getallocatedblocks()`. */
    Py_GetAllocatedBlocks: (): number => memory.getAllocatedBlocks(),
    /** 0, or -2 when tracemalloc does not trace. The GIL is taken. */
    PyTraceMalloc_Track: (domain: number, ptr: number, size: number): number =>
      memory.tracemalloc.track(domain, ptr, size) ? 0 : NOT_TRACING,
    /** 0, or -2 when tracemalloc does not trace. */
    PyTraceMalloc_Untrack: (domain: number, ptr: number): number =>
      memory.tracemalloc.untrack(domain, ptr) ? 0 : NOT_TRACING,
    /** 1 when a pointer's value is NULL, or a pattern that the debug hooks fill memory with. */
    _PyMem_IsPtrFreed: (ptr: number | bigint): 0 | 1 =>
      isFreedPointer(ptr, memory.profile.model.pointerBytes) ? 1 : 0,
  });
}

function rawFunctions(memory: Domains) {
  const raw = memory.raw.c;
  return {
    PyMem_RawMalloc: (size: number) => raw.malloc(size),
    PyMem_RawCalloc: (nelem: number, elsize: number) => raw.calloc(nelem, elsize),
    PyMem_RawRealloc: (ptr: number, new_size: number) => raw.realloc(rawAddress(ptr), new_size),
    PyMem_RawFree: (ptr: number): void => raw.free(rawAddress(ptr)),
  };
}

function memFunctions(memory: Domains) {
  const mem = memory.mem.c;
  /** `n * typeSize` is refused by the domain when it is no size. */
  const PyMem_New = (typeSize: number, n: number): BlockAddress => mem.malloc(n * typeSize);
  const PyMem_Resize = (p: number, typeSize: number, n: number): BlockAddress =>
    mem.realloc(blockAddress(p), n * typeSize);
  const PyMem_Free = (ptr: number): void => mem.free(blockAddress(ptr));
  return {
    PyMem_Malloc: (size: number) => mem.malloc(size),
    PyMem_Calloc: (nelem: number, elsize: number) => mem.calloc(nelem, elsize),
    PyMem_Realloc: (ptr: number, new_size: number) => mem.realloc(blockAddress(ptr), new_size),
    PyMem_Free,
    PyMem_New,
    /** The new address; in C the macro assigns it to `p`. */
    PyMem_Resize,
    PyMem_Del: PyMem_Free,
  };
}

function objectFunctions(memory: Domains) {
  const obj = memory.obj.c;
  return {
    PyObject_Malloc: (size: number) => obj.malloc(size),
    PyObject_Calloc: (nelem: number, elsize: number) => obj.calloc(nelem, elsize),
    PyObject_Realloc: (ptr: number, new_size: number) => obj.realloc(blockAddress(ptr), new_size),
    PyObject_Free: (ptr: number): void => obj.free(blockAddress(ptr)),
  };
}

function allocatorFunctions(memory: Domains) {
  return {
    PYMEM_DOMAIN_RAW: PyMemDomain.raw,
    PYMEM_DOMAIN_MEM: PyMemDomain.mem,
    PYMEM_DOMAIN_OBJ: PyMemDomain.obj,
    PyMem_GetAllocator(domain: number, allocator: FilledAllocator): void {
      const name = domainNames[domain];
      const found = name === undefined ? NO_ALLOCATOR : memory.getAllocator(name);
      const { ctx, malloc, calloc, realloc, free } = found;
      Object.assign(allocator, { ctx, malloc, calloc, realloc, free });
    },
    /** Ignores a domain that does not exist. */
    PyMem_SetAllocator(domain: number, allocator: PyMemAllocatorEx): void {
      const name = domainNames[domain];
      if (name !== undefined) memory.setAllocator(name, allocator);
    },
    PyMem_SetupDebugHooks: (): void => memory.setupDebugHooks(),
    PyObject_GetArenaAllocator(allocator: FilledArenaAllocator): void {
      const { ctx, alloc, free } = memory.getArenaAllocator();
      Object.assign(allocator, { ctx, alloc, free });
    },
    PyObject_SetArenaAllocator: (allocator: ArenaAllocator): void => memory.setArenaAllocator(allocator),
  };
}

const NO_ALLOCATOR = { ctx: null, malloc: null, calloc: null, realloc: null, free: null } as const;
