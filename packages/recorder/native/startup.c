/*
 * Before main(): is this the CPython process to be recorded? Then find what is needed in it, open
 * the trace, and wrap its allocators.
 *
 * The command line passes, in the environment:
 *   OBMALLOC_TRACE    path of the trace to write
 *   OBMALLOC_CLAIM    path of a file that does not exist: who creates it is the one to be recorded,
 *                     and leaves there what became of it ("recording", "refused: why")
 *   OBMALLOC_STACKS   none, innermost or full
 *   OBMALLOC_FOLLOW   1: children and later images of the process are recorded too
 *   OBMALLOC_PRELOAD  what LD_PRELOAD was before
 * They are removed from the environment of the recorded program, and so is the preload itself,
 * unless children are to be followed.
 */
#define _GNU_SOURCE
#include "recorder.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

Interpreter python;
State state;

static void *find(const char *name) { return dlsym(RTLD_DEFAULT, name); }

static void *find_first(const char *a, const char *b)
{
    void *p = find(a);
    return p ? p : find(b);
}

static int find_interpreter(void)
{
    *(void **)&python.get_allocator = find("PyMem_GetAllocator");
    *(void **)&python.set_allocator = find("PyMem_SetAllocator");
    *(void **)&python.get_arena_allocator = find("PyObject_GetArenaAllocator");
    *(void **)&python.set_arena_allocator = find("PyObject_SetArenaAllocator");
    *(void **)&python.setup_debug_hooks = find("PyMem_SetupDebugHooks");
    *(void **)&python.current_allocator_name = find_first("_PyMem_GetCurrentAllocatorName", "_PyMem_GetAllocatorsName");
    *(void **)&python.get_version = find("Py_GetVersion");
    *(void **)&python.get_build_info = find("Py_GetBuildInfo");
    *(void **)&python.get_compiler = find("Py_GetCompiler");
    *(void **)&python.get_platform = find("Py_GetPlatform");
    *(void **)&python.is_initialized = find("Py_IsInitialized");
    *(void **)&python.is_finalizing = find_first("Py_IsFinalizing", "_Py_IsFinalizing");
    *(void **)&python.current_thread_state = find_first("PyThreadState_GetUnchecked", "_PyThreadState_UncheckedGet");
    *(void **)&python.own_thread_state = find("PyGILState_GetThisThreadState");
    *(void **)&python.debug_malloc_stats = find("_PyObject_DebugMallocStats");
    *(void **)&python.add_audit_hook = find("PySys_AddAuditHook");
    *(void **)&python.tuple_get_item = find("PyTuple_GetItem");
    *(void **)&python.unicode_as_utf8 = find("PyUnicode_AsUTF8");
    *(void **)&python.error_clear = find("PyErr_Clear");
    python.runtime = find("_PyRuntime");
    python.code_type = find("PyCode_Type");
    python.module_type = find("PyModule_Type");
    return python.get_allocator && python.set_allocator && python.get_arena_allocator && python.set_arena_allocator
        && python.setup_debug_hooks && python.get_version && python.is_initialized && python.current_thread_state && python.code_type
        && sscanf(python.get_version(), "%d.%d", &python.major, &python.minor) == 2;
}

/* Why this interpreter is not recorded, or NULL. */
static const char *refusal(void)
{
    static char text[160];
    if (python.major != 3 || python.minor < 7) {
        snprintf(text, sizeof text, "CPython %d.%d is older than 3.7", python.major, python.minor);
        return text;
    }
    if (python.runtime && memcmp(python.runtime, "xdebugpy", 8) == 0 && ((const uint64_t *)python.runtime)[2] != 0)
        return "a free-threaded build: it has no pymalloc, its allocator is mimalloc";
    if (hooks_are_debug_build()) return "a debug build (Py_DEBUG): pymalloc runs under debug hooks from the start";
    return NULL;
}

static void claim_says(int claim, const char *what, const char *detail)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%s%s%s\n", what, *detail ? ": " : "", detail);
    if (claim >= 0 && write(claim, line, (size_t)length) < 0) return;
}

static void clean_environment(void)
{
    const char *before = getenv("OBMALLOC_PRELOAD");
    if (state.follow_forks) return;
    if (before && *before) setenv("LD_PRELOAD", before, 1);
    else unsetenv("LD_PRELOAD");
    unsetenv("OBMALLOC_TRACE");
    unsetenv("OBMALLOC_CLAIM");
    unsetenv("OBMALLOC_STACKS");
    unsetenv("OBMALLOC_FOLLOW");
    unsetenv("OBMALLOC_PRELOAD");
}

static StackMode stack_mode(const char *name)
{
    if (name && strcmp(name, "none") == 0) return STACKS_NONE;
    return name && strcmp(name, "innermost") == 0 ? STACKS_INNERMOST : STACKS_FULL;
}

/* The first image has the path it was given; a later one of the same process or a child, one of its own. */
static int choose_path(char *path, size_t room, const char *given, int is_first)
{
    int i;
    if (is_first) return snprintf(path, room, "%s", given) < (int)room;
    for (i = 0; i < 1000; i++) {
        int length = i == 0 ? snprintf(path, room, "%s.%d", given, (int)getpid()) : snprintf(path, room, "%s.%d.%d", given, (int)getpid(), i);
        if (length >= (int)room) return 0;
        if (access(path, F_OK) != 0) return 1;
    }
    return 0;
}

static void start(const char *path, int claim)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    state.start_ns = (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
    state.pid = getpid();
    if (!frames_prepare()) {
        state.stacks = STACKS_NONE;
        state.stacks_note = "the frame layout of this version is not known";
    }
    if (!chunks_open(path)) { claim_says(claim, "refused", strerror(errno)); return; }
    state.on = 1;
    tables_prepare();
    if (!state.on) { claim_says(claim, "refused", "no memory for the tables"); return; }
    claim_says(claim, "recording", path);
    process_prepare(path);
    marks_begin();
    hooks_install();
}

__attribute__((constructor)) static void begin(void)
{
    char path[PATH_MAX];
    const char *trace = getenv("OBMALLOC_TRACE"), *claim_path = getenv("OBMALLOC_CLAIM"), *follow = getenv("OBMALLOC_FOLLOW"), *why;
    int claim, is_first;
    if (trace == NULL || claim_path == NULL || !find_interpreter()) return;
    state.follow_forks = follow && *follow == '1';
    state.stacks = stack_mode(getenv("OBMALLOC_STACKS"));
    claim = open(claim_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    is_first = claim >= 0;
    if (!is_first && !state.follow_forks) { clean_environment(); return; }
    if (!choose_path(path, sizeof path, trace, is_first)) claim_says(claim, "refused", "the path of the trace is too long");
    else if ((why = refusal()) != NULL) claim_says(claim, "refused", why);
    else start(path, claim);
    if (claim >= 0) close(claim);
    clean_environment();
}
