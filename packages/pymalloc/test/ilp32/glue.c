/*
 * What Objects/obmalloc.c of a CPython needs around it to run alone as a WebAssembly module of 32 bits: arenas from outside,
 * the report on standard error, and, from 3.12 on, an interpreter to belong to.
 */
#include "Python.h"
#include <stdarg.h>
#include <stdio.h>

#if PY_VERSION_HEX >= 0x030c0000
#include "pycore_interp.h"
#include "pycore_pymem.h"
#include "pycore_pystate.h"
#include "pycore_runtime.h"
#include "pycore_pymem_init.h"
_PyRuntimeState _PyRuntime = {
    .allocators = {.standard = _pymem_allocators_standard_INIT(_PyRuntime),
                   .obj_arena = _pymem_allocators_obj_arena_INIT},
};
static PyInterpreterState interpreter;
static PyThreadState thread;
_Py_thread_local PyThreadState *_Py_tss_tstate = &thread;

static void prepare(void) {
    _PyRuntime.interpreters.main = &interpreter;
    thread.interp = &interpreter;
    _PyMem_init_obmalloc(&interpreter);
}
intptr_t count_blocks(void) { return _PyInterpreterState_GetAllocatedBlocks(&interpreter); }
#else
Py_ssize_t _Py_GetAllocatedBlocks(void);
static void prepare(void) {}
intptr_t count_blocks(void) { return _Py_GetAllocatedBlocks(); }
#endif

int PyOS_snprintf(char *text, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return length;
}

__attribute__((import_module("host"), import_name("map_arena"))) void *map_arena(size_t size);
__attribute__((import_module("host"), import_name("unmap_arena"))) void unmap_arena(void *base, size_t size);

static void *alloc(void *ctx, size_t size) {
    (void)ctx;
    return map_arena(size);
}
static void release(void *ctx, void *base, size_t size) {
    (void)ctx;
    unmap_arena(base, size);
}

void set_up(void) {
    PyObjectArenaAllocator arenas = {NULL, alloc, release};
    prepare();
    PyObject_SetArenaAllocator(&arenas);
}

void report(void) {
    _PyObject_DebugMallocStats(stderr);
    fflush(stderr);
}
