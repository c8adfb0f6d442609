// The C names: all of them, in C's argument order.
import { ilp32, profileFor } from "@obmalloc/abi";
import { bindCApi, createDomains, type FilledAllocator, type FilledArenaAllocator } from "@obmalloc/domains";
import { describe, expect, it } from "vitest";

const make = (options = {}) => createDomains({ maxBytes: 64 * 1024 * 1024, ...options });

describe("the C API", () => {
  it("is whole: what the C API documentation calls Memory Management", () => {
    expect(Object.keys(bindCApi(make())).sort()).toEqual(
      [
        ...["PyMem_RawMalloc", "PyMem_RawCalloc", "PyMem_RawRealloc", "PyMem_RawFree"],
        ...["PyMem_Malloc", "PyMem_Calloc", "PyMem_Realloc", "PyMem_Free"],
        ...["PyMem_New", "PyMem_Resize", "PyMem_Del"],
        ...["PyObject_Malloc", "PyObject_Calloc", "PyObject_Realloc", "PyObject_Free"],
        ...["PyMem_GetAllocator", "PyMem_SetAllocator", "PyMem_SetupDebugHooks"],
        ...["PyObject_GetArenaAllocator", "PyObject_SetArenaAllocator"],
        ...["PYMEM_DOMAIN_RAW", "PYMEM_DOMAIN_MEM", "PYMEM_DOMAIN_OBJ"],
        ...["PyTraceMalloc_Track", "PyTraceMalloc_Untrack"],
        ...["Py_GetAllocatedBlocks", "_PyMem_IsPtrFreed"],
      ].sort(),
    );
  });

  it("makes arrays of a type, and refuses those that C could not", () => {
    const memory = make();
    const { PyMem_New, PyMem_Resize, PyMem_Del, Py_GetAllocatedBlocks } = bindCApi(memory);
    const p = PyMem_New(24, 10);
    expect(memory.pymalloc.blockSizeBytes(p)).toBe(240);
    const q = PyMem_Resize(p, 24, 20);
    expect(memory.pymalloc.blockSizeBytes(q)).toBe(480);
    expect(PyMem_New(24, 2 ** 60)).toBe(0);
    expect(PyMem_New(24, -1)).toBe(0);
    expect(PyMem_Resize(q, 24, 2 ** 60)).toBe(0);
    expect(Py_GetAllocatedBlocks()).toBe(1);
    PyMem_Del(q);
    PyMem_Del(0);
    expect(Py_GetAllocatedBlocks()).toBe(0);
  });

  it("fills and takes allocators by the number of their domain", () => {
    const memory = make();
    const api = bindCApi(memory);
    const allocator: FilledAllocator = {};
    api.PyMem_GetAllocator(api.PYMEM_DOMAIN_OBJ, allocator);
    const { malloc } = allocator;
    let calls = 0;
    const mine = {
      ...memory.getAllocator("obj"),
      ctx: allocator.ctx,
      malloc: (ctx: unknown, size: number) => {
        calls++;
        return malloc!(ctx, size);
      },
    };
    api.PyMem_SetAllocator(api.PYMEM_DOMAIN_OBJ, mine);
    api.PyObject_Free(api.PyObject_Malloc(8));
    api.PyMem_Malloc(8);
    expect(calls).toBe(1);
  });

  it("fills NULL for a domain that does not exist, and ignores setting it", () => {
    const memory = make();
    const api = bindCApi(memory);
    const allocator: FilledAllocator = { ctx: 1 };
    api.PyMem_GetAllocator(3, allocator);
    expect(allocator).toEqual({ ctx: null, malloc: null, calloc: null, realloc: null, free: null });
    api.PyMem_SetAllocator(-1, memory.getAllocator("raw"));
    expect(memory.allocatorName).toBe("pymalloc");
  });

  it("fills and takes the arena allocator", () => {
    const memory = make();
    const api = bindCApi(memory);
    const arenas: FilledArenaAllocator = {};
    api.PyObject_GetArenaAllocator(arenas);
    const { ctx, alloc, free } = arenas;
    const sizes: number[] = [];
    api.PyObject_SetArenaAllocator({
      ctx,
      alloc: (context, size) => {
        sizes.push(size);
        return alloc!(context, size);
      },
      free: free!,
    });
    api.PyObject_Malloc(8);
    expect(sizes).toEqual([1024 * 1024]);
  });

  it("installs the debug hooks", () => {
    const memory = make();
    bindCApi(memory).PyMem_SetupDebugHooks();
    expect(memory.allocatorName).toBe("pymalloc_debug");
  });

  it("knows the patterns of memory that is not to be read", () => {
    const wide = bindCApi(make())._PyMem_IsPtrFreed;
    expect([0, 0xcdcdcdcdcdcdcdcdn, 0xddddddddddddddddn, 0xfdfdfdfdfdfdfdfdn].map(wide)).toEqual([
      1, 1, 1, 1,
    ]);
    expect([1, 0xcdcdcdcd, 0xddddddddddddddden].map(wide)).toEqual([0, 0, 0]);
    const narrow = bindCApi(make({ profile: profileFor("3.12", ilp32) }))._PyMem_IsPtrFreed;
    expect([0, 0xcdcdcdcd, 0xdddddddd, 0xfdfdfdfd, 0xbdbdbdbd].map(narrow)).toEqual([1, 1, 1, 1, 0]);
  });
});
