/*
 * The wrappers around the three domains and the arena allocator.
 *
 * Order of records. An allocation is recorded after it happened, a free before it happens, and a
 * realloc while the lock is held: so that another thread that is given the same raw address is
 * recorded on the right side. An arena that an operation maps is therefore recorded before it. One
 * that it unmaps is recorded after it, always: a realloc holds that record back until it is recorded
 * itself, so that a reader knows what the address it frees was until then.
 *
 * Nesting. pymalloc passes requests of 0 and of more than 512 bytes to the raw domain, whose hook
 * then runs inside the outer one. Such a call is the outer request itself and is not recorded
 * again; pymalloc's own raw requests (the array of arenas, radix tree nodes) are.
 */
#define _GNU_SOURCE
#include "events.h"
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include <sys/syscall.h>

__thread __attribute__((tls_model("initial-exec"))) ThreadState thread;

typedef struct { int domain; } Hook;
static Hook hooks[DOMAIN_COUNT] = {{DOMAIN_RAW}, {DOMAIN_MEM}, {DOMAIN_OBJ}};

/* glibc clears it when the first thread is made; a C library without it is taken as threaded. */
extern char __libc_single_threaded __attribute__((weak));

int several_threads(void) { return &__libc_single_threaded == NULL || !__libc_single_threaded; }

void lock_slow(void)
{
    int spins = 0;
    while (__atomic_exchange_n(&state.lock, 1, __ATOMIC_ACQUIRE)) {
        if (++spins > 100) { sched_yield(); spins = 0; }
    }
    thread.holds_lock = 1;
}

/* 1 when the lock was taken here and unlock() has to follow. */
static inline int lock(void)
{
    if (LIKELY(!several_threads()) || thread.holds_lock) return 0;
    lock_slow();
    return 1;
}

static inline void unlock(int taken)
{
    if (LIKELY(!taken)) return;
    thread.holds_lock = 0;
    __atomic_store_n(&state.lock, 0, __ATOMIC_RELEASE);
}

static COLD void context_changed(void *thread_state)
{
    uint32_t context;
    if (thread.tid == 0) {
        thread.tid = (pid_t)syscall(SYS_gettid);
        vitals_thread_seen(thread.tid);
    }
    state.context_thread_state = thread_state;
    state.context_tid = thread.tid;
    context = tables_context(thread.tid, frames_heap_of(thread_state));
    if (context != state.context_id) {
        state.context_id = context;
        encode_context(context);
    }
    if (thread_state != NULL) {
        marks_listen();
        collector_find(frames_interpreter_of(thread_state));
        state.context_is_settled = state.one_heap && !several_threads();
    }
}

/* Thread and heap of what comes next, and its Python stack. */
static inline uint32_t begin_event(int domain)
{
    void *thread_state;
    if (state.stacks == STACKS_NONE && state.context_is_settled && !several_threads()) return 0;
    thread_state = python.current_thread_state();
    if (UNLIKELY(thread_state != state.context_thread_state || (several_threads() && thread.tid != state.context_tid)))
        context_changed(thread_state);
    if (state.stacks == STACKS_NONE || thread_state == NULL) return 0;
    return frames_capture(thread_state, domain == DOMAIN_RAW);
}

static COLD void notice_now(void)
{
    int taken;
    if (collector_waits() && (*state.finalizing == NULL || state.shutdown_seen)) return;
    taken = lock();
    if (*state.finalizing != NULL && !state.shutdown_seen) mark_shutdown();
    if (state.on && collector_stirs()) collector_look(frames_interpreter_of(python.current_thread_state()));
    unlock(taken);
}

/* The interpreter's main thread has started to shut down, or the collector stirs; the GIL is held in these two domains. */
static inline void notice(int domain)
{
    if (UNLIKELY((*state.finalizing != NULL && !state.shutdown_seen) || collector_stirs()) && domain != DOMAIN_RAW) notice_now();
}

static inline int passes_through(size_t size) { return size - 1 >= SMALL_REQUEST_MAX; }

/* Whether a raw call inside another call is that call's own request, seen a second time. */
static inline int is_outer_request(size_t size)
{
    return size == thread.outer_size && passes_through(size);
}

static inline void enter_outer(size_t size, void *pointer)
{
    thread.depth = 1;
    thread.outer_size = size;
    thread.outer_pointer = pointer;
}

static inline void record_alloc(int op, int domain, size_t size, void *p)
{
    int taken = lock();
    if (LIKELY(state.on)) encode_alloc(op, domain, begin_event(domain), size, (uintptr_t)p);
    unlock(taken);
}

static void unmapped(uint32_t arena, uintptr_t base, size_t size)
{
    encode_arena(RECORD_ARENA_UNMAP, arena);
    encoder_arena_changed(base, size, 1);
}

static void *on_malloc(void *ctx, size_t size)
{
    int domain = ((Hook *)ctx)->domain;
    Allocator *original = &state.original[domain];
    void *p;
    if (UNLIKELY(thread.depth)) {
        p = original->malloc(original->ctx, size);
        if (domain == DOMAIN_RAW && !is_outer_request(size)) record_alloc(OP_MALLOC, domain, size, p);
        return p;
    }
    if (UNLIKELY(!state.on)) return original->malloc(original->ctx, size);
    notice(domain);
    enter_outer(size, NULL);
    p = original->malloc(original->ctx, size);
    thread.depth = 0;
    record_alloc(OP_MALLOC, domain, size, p);
    return p;
}

static void *on_calloc(void *ctx, size_t nelem, size_t elsize)
{
    int domain = ((Hook *)ctx)->domain;
    Allocator *original = &state.original[domain];
    size_t size = nelem * elsize; /* the domain has refused what overflows */
    void *p;
    if (UNLIKELY(thread.depth)) {
        p = original->calloc(original->ctx, nelem, elsize);
        if (domain == DOMAIN_RAW && !is_outer_request(size)) record_alloc(OP_CALLOC, domain, size, p);
        return p;
    }
    if (UNLIKELY(!state.on)) return original->calloc(original->ctx, nelem, elsize);
    notice(domain);
    enter_outer(size, NULL);
    p = original->calloc(original->ctx, nelem, elsize);
    thread.depth = 0;
    record_alloc(OP_CALLOC, domain, size, p);
    return p;
}

static void *on_realloc(void *ctx, void *old, size_t size)
{
    int domain = ((Hook *)ctx)->domain, nested = thread.depth, taken;
    Allocator *original = &state.original[domain];
    void *p;
    if (nested && (domain != DOMAIN_RAW || (old == thread.outer_pointer && old != NULL))) return original->realloc(original->ctx, old, size);
    if (UNLIKELY(!state.on)) return original->realloc(original->ctx, old, size);
    taken = lock();
    if (!nested) {
        notice(domain);
        enter_outer(size, old);
        thread.holds_unmaps = 1;
    }
    p = original->realloc(original->ctx, old, size);
    if (!nested) thread.depth = thread.holds_unmaps = 0;
    if (LIKELY(state.on)) {
        encode_realloc(domain, begin_event(domain), size, (uintptr_t)p, (uintptr_t)old);
        if (UNLIKELY(thread.unmapped)) {
            unmapped(thread.unmapped, thread.unmapped_base, thread.unmapped_size);
            thread.unmapped = 0;
        }
    }
    unlock(taken);
    return p;
}

static void on_free(void *ctx, void *p)
{
    int domain = ((Hook *)ctx)->domain, nested = thread.depth;
    Allocator *original = &state.original[domain];
    if (UNLIKELY(p == NULL || !state.on || (nested && (domain != DOMAIN_RAW || p == thread.outer_pointer)))) {
        original->free(original->ctx, p);
        return;
    }
    if (!nested) notice(domain);
    {
        int taken = lock();
        if (LIKELY(state.on)) {
            if (UNLIKELY(maybe_code(p))) tables_code_freed(p);
            encode_free(domain, begin_event(domain), (uintptr_t)p);
        }
        unlock(taken);
    }
    if (!nested) enter_outer(0, p);
    original->free(original->ctx, p);
    if (!nested) thread.depth = 0;
}

/* From 3.11 the arena allocator serves the chunks of Python's data stack too: outside of any request. */
static void *on_arena_alloc(void *ctx, size_t size)
{
    void *base;
    (void)ctx;
    thread.maps_arena = 1;
    base = state.original_arena.alloc(state.original_arena.ctx, size);
    thread.maps_arena = 0;
    if (state.on && base != NULL) {
        int taken = lock();
        if (state.on) {
            if (thread.depth) {
                begin_event(DOMAIN_RAW);
                encode_arena(RECORD_ARENA_MAP, tables_arena_mapped((uintptr_t)base, size));
                encoder_arena_changed((uintptr_t)base, size, 0);
            } else tables_region(1, (uintptr_t)base, size);
        }
        unlock(taken);
    }
    return base;
}

static void on_arena_free(void *ctx, void *base, size_t size)
{
    (void)ctx;
    if (state.on) {
        int taken = lock();
        if (state.on) {
            uint32_t arena = tables_arena_unmapped((uintptr_t)base, size, encoder_next_event() + (uint64_t)thread.holds_unmaps);
            if (arena && thread.holds_unmaps) {
                thread.unmapped = arena;
                thread.unmapped_base = (uintptr_t)base;
                thread.unmapped_size = size;
            } else if (arena) {
                begin_event(DOMAIN_RAW);
                unmapped(arena, (uintptr_t)base, size);
            } else tables_region(0, (uintptr_t)base, size);
        }
        unlock(taken);
    }
    thread.maps_arena = 1;
    state.original_arena.free(state.original_arena.ctx, base, size);
    thread.maps_arena = 0;
}

static void wrap(int domain)
{
    Allocator wrapper = {&hooks[domain], on_malloc, on_calloc, on_realloc, on_free};
    python.set_allocator(domain, &wrapper);
}

/*
 * Before main() the interpreter can't be asked for the allocator's name (3.12 crashes), but its
 * tables tell: only debug hooks have a context, and only without pymalloc are two domains alike.
 */
int hooks_are_debug_build(void)
{
    Allocator object;
    python.get_allocator(DOMAIN_OBJ, &object);
    return object.ctx != NULL;
}

void hooks_install(void)
{
    ArenaAllocator arena_wrapper = {NULL, on_arena_alloc, on_arena_free};
    int domain;
    for (domain = 0; domain < DOMAIN_COUNT; domain++) {
        python.get_allocator(domain, &state.original[domain]);
        wrap(domain);
    }
    state.allocator_name = state.original[DOMAIN_OBJ].malloc == state.original[DOMAIN_RAW].malloc ? "malloc" : "pymalloc";
    python.get_arena_allocator(&state.original_arena);
    python.set_arena_allocator(&arena_wrapper);
}

/*
 * PYTHONMALLOC and -X dev make the interpreter set its allocators anew while it starts. Where that
 * happened, wrap what it chose. Debug hooks stay outermost: the plain allocators are wrapped and the
 * interpreter puts its hooks around them, so that the trace shows what pymalloc itself was asked.
 */
void hooks_reinstall_if_replaced(void)
{
    Allocator now[DOMAIN_COUNT], first_raw = state.original[DOMAIN_RAW];
    const char *name;
    int domain;
    python.get_allocator(DOMAIN_OBJ, &now[DOMAIN_OBJ]);
    if (now[DOMAIN_OBJ].malloc == on_malloc || state.debug_hooks) return;
    name = python.current_allocator_name ? python.current_allocator_name() : NULL;
    state.allocator_name = name ? name : "unknown";
    state.debug_hooks = strstr(state.allocator_name, "debug") != NULL;
    if (state.debug_hooks && strstr(state.allocator_name, "mimalloc") == NULL) {
        if (strncmp(state.allocator_name, "malloc", 6) == 0)
            state.original[DOMAIN_MEM] = state.original[DOMAIN_OBJ] = first_raw;
        for (domain = 0; domain < DOMAIN_COUNT; domain++) wrap(domain);
        python.setup_debug_hooks();
        python.get_allocator(DOMAIN_OBJ, &now[DOMAIN_OBJ]);
        state.under_debug_hooks = (Allocator *)((char *)now[DOMAIN_OBJ].ctx + sizeof(void *));
        return;
    }
    for (domain = 0; domain < DOMAIN_COUNT; domain++) {
        python.get_allocator(domain, &now[domain]);
        if (now[domain].malloc == on_malloc) continue;
        state.original[domain] = now[domain];
        wrap(domain);
    }
}
