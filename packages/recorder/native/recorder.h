/*
 * The recorder: a library that is preloaded into a CPython process, wraps its three allocator
 * domains and its arena allocator from before main(), and writes every operation as a trace.
 *
 * Reading order: startup.c (who is recorded, which hooks), hooks.c (what each hook does), events.h
 * (how an event becomes bytes), frames.c (which Python line asked), tables.c (definitions the events
 * refer to), chunks.c (how bytes reach the file), process.c (fork, exec, exit), marks.c (markers,
 * samples, the start of shutdown), collector.c (collections), vitals.c and mappings.c (what else holds memory). The file format is described in packages/trace/FORMAT.md.
 *
 * Rules that hold everywhere: nothing here allocates through the traced allocators; memory comes
 * from mmap; while several threads run, `state.lock` is held whenever the encoder or a table is
 * touched; a recording that cannot go on stops quietly and lets the program run.
 */
#ifndef OBMALLOC_RECORDER_H
#define OBMALLOC_RECORDER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define HIDDEN __attribute__((visibility("hidden")))
#define EXPORTED __attribute__((visibility("default")))
#define COLD __attribute__((noinline, cold))

/* ---- CPython's public allocator structures (Include/cpython/pymem.h, objimpl.h) ---- */

typedef struct {
    void *ctx;
    void *(*malloc)(void *ctx, size_t size);
    void *(*calloc)(void *ctx, size_t nelem, size_t elsize);
    void *(*realloc)(void *ctx, void *ptr, size_t new_size);
    void (*free)(void *ctx, void *ptr);
} Allocator;

typedef struct {
    void *ctx;
    void *(*alloc)(void *ctx, size_t size);
    void (*free)(void *ctx, void *ptr, size_t size);
} ArenaAllocator;

enum { DOMAIN_RAW = 0, DOMAIN_MEM = 1, DOMAIN_OBJ = 2, DOMAIN_COUNT = 3 };

/* What is called in the interpreter; found by dlsym, absent entries are NULL. */
typedef struct {
    void (*get_allocator)(int domain, Allocator *allocator);
    void (*set_allocator)(int domain, Allocator *allocator);
    void (*get_arena_allocator)(ArenaAllocator *allocator);
    void (*set_arena_allocator)(ArenaAllocator *allocator);
    void (*setup_debug_hooks)(void);
    const char *(*current_allocator_name)(void);
    const char *(*get_version)(void);
    const char *(*get_build_info)(void);
    const char *(*get_compiler)(void);
    const char *(*get_platform)(void);
    int (*is_initialized)(void);
    int (*is_finalizing)(void);
    void *(*current_thread_state)(void);
    void *(*own_thread_state)(void);
    int (*debug_malloc_stats)(FILE *out);
    int (*add_audit_hook)(int (*hook)(const char *, void *, void *), void *data);
    void *(*tuple_get_item)(void *tuple, ssize_t index);
    const char *(*unicode_as_utf8)(void *text);
    void (*error_clear)(void);
    char *runtime;        /* &_PyRuntime */
    void *code_type;      /* &PyCode_Type */
    void *module_type;    /* &PyModule_Type */
    int major, minor;
} Interpreter;

extern HIDDEN Interpreter python;

/* ---- events.h: the encoder ---- */

#define EVENT_BUFFER_BYTES (256u * 1024u)
#define EVENT_SLACK_BYTES 128u           /* room for the longest run of records of one event */
#define SOFT_STEP_BYTES (4u * 1024u)     /* how often the slow path looks at the clock */
#define MAX_SLOTS 1024u
#define KNOWN_PAGES 1024u
#define SYMBOL_BITS 11
#define CLASSES 32u
#define FREED_KEPT 64u                   /* freed blocks of a class that are remembered */
#define FREED_SEARCHED 8u

typedef struct { uint32_t symbol, stack; } Symbol;

/* What was allocated and freed in one size class, to predict addresses from. */
typedef struct {
    uintptr_t allocated, allocated_step, freed_last, freed_step;
    uint32_t freed_count;
    uintptr_t freed[FREED_KEPT];
} ClassHistory;

typedef struct {
    uint8_t *at;              /* where the next record goes */
    uint8_t *soft_end;        /* beyond this, call housekeeping() */
    uint8_t *run;             /* the last count of predicted events; extended while it is the last byte */
    uint32_t event_count;     /* in this chunk */
    uint32_t history;         /* of the last three symbols */
    uint32_t stack;           /* of the last event */
    uint32_t offset_bits, offset_mask, slot_mask, page_shift;
    uint8_t *buffer;
    uint64_t first_event;     /* number of this chunk's first event */
    Symbol symbols[1 << SYMBOL_BITS];
    ClassHistory classes[CLASSES];
    uintptr_t pages[MAX_SLOTS];
    uintptr_t known_pages[KNOWN_PAGES];  /* page * 2 + whether it lies in an arena; no part of the format */
} Encoder;

extern HIDDEN Encoder encoder;

static inline uint64_t encoder_next_event(void) { return encoder.first_event + encoder.event_count; }

/* ---- what is going on ---- */

typedef enum { STACKS_NONE = 0, STACKS_INNERMOST = 1, STACKS_FULL = 2 } StackMode;

typedef struct {
    int on;                        /* hooks record while this is 1 */
    int shutdown_seen;
    void *const volatile *finalizing; /* set by the interpreter when shutdown starts; NULL if unknown */
    void *context_thread_state;    /* thread state and thread of the last CONTEXT record */
    pid_t context_tid;
    uint32_t context_id;           /* 0: none yet */
    int one_heap;                  /* all interpreters share one pymalloc state */
    int context_is_settled;        /* it stays as it is while there is one thread */
    StackMode stacks;
    int follow_forks;
    pid_t pid;
    uint64_t start_ns;             /* CLOCK_MONOTONIC at the start of the recording */
    Allocator original[DOMAIN_COUNT];
    ArenaAllocator original_arena;
    const char *allocator_name;
    const char *stacks_note;       /* why there are no stacks, or NULL */
    int debug_hooks;
    Allocator *under_debug_hooks;  /* `alloc` of the obj domain's debug_alloc_api_t (Objects/obmalloc.c), or NULL */
    int lock;
} State;

extern HIDDEN State state;

/* Set on a thread while it is inside a wrapped allocator, so that nested calls are understood. */
typedef struct {
    int depth;
    int holds_lock;
    int holds_unmaps;      /* inside a realloc: an unmapped arena is recorded after it */
    uint32_t unmapped;     /* and is this one; one call frees at most one block, so at most one arena */
    uintptr_t unmapped_base;
    size_t unmapped_size;
    size_t outer_size;
    void *outer_pointer;
    pid_t tid;
    int maps_arena;        /* the arena allocator is at work: its mappings are recorded as arenas */
} ThreadState;

extern HIDDEN __thread __attribute__((tls_model("initial-exec"))) ThreadState thread;

/* hooks.c */
HIDDEN int hooks_are_debug_build(void);
HIDDEN void hooks_install(void);
HIDDEN void hooks_reinstall_if_replaced(void);
HIDDEN void lock_slow(void);
HIDDEN int several_threads(void);

/* frames.c */
HIDDEN int frames_prepare(void);
HIDDEN uint32_t frames_capture(void *thread_state, int only_own_thread);
HIDDEN void frames_forget_shadow(void);
HIDDEN uint32_t frames_heap_of(void *thread_state);
HIDDEN void *frames_interpreter_of(void *thread_state);

/* tables.c */
HIDDEN void tables_prepare(void);
HIDDEN uint32_t tables_node(uint32_t parent, uint32_t code, uint32_t instruction_offset);
HIDDEN uint32_t tables_code(void *code_object);
HIDDEN void tables_code_freed(void *address);
HIDDEN uint32_t tables_context(pid_t tid, uint32_t heap);
HIDDEN uint32_t tables_arena_mapped(uintptr_t base, size_t size);
HIDDEN uint32_t tables_arena_unmapped(uintptr_t base, size_t size, uint64_t event);
HIDDEN int tables_is_arena_page(uintptr_t page);
HIDDEN void tables_each_arena(void (*visit)(uintptr_t base, size_t bytes, uint32_t id));
HIDDEN void tables_each_region(void (*visit)(uintptr_t base, size_t bytes));
HIDDEN void tables_region(int mapped, uintptr_t base, size_t size);
HIDDEN void tables_sample(uint64_t event, uint64_t elapsed_ns, uint64_t rss_pages, uint64_t size_pages, uint64_t shared_pages);
HIDDEN void tables_mark(int kind, uint64_t elapsed_ns, uint64_t rss_pages, const char *label, size_t label_bytes, const char *evidence, size_t evidence_bytes);
enum { NOTE_ACCOUNT = 1, NOTE_ARENA_RESIDENCY = 2, NOTE_MAPPING = 3, NOTE_MAPPING_GONE = 4, NOTE_MAPPING_RESIDENCY = 5, NOTE_COLLECTION = 6, NOTE_CLOCK = 7 };
HIDDEN void tables_note(int kind, uint64_t event, const uint8_t *payload, size_t length);
/* One bit for each hash of a known code object's address: nearly every free is told apart here. */
#define CODE_FILTER_BITS 17
extern HIDDEN uint8_t code_filter[1 << (CODE_FILTER_BITS - 3)];
static inline uint32_t code_filter_bit(void *address)
{
    return (uint32_t)((uintptr_t)address >> 4) * 2654435761u >> (32 - CODE_FILTER_BITS);
}
static inline int maybe_code(void *address)
{
    uint32_t bit = code_filter_bit(address);
    return code_filter[bit >> 3] >> (bit & 7) & 1;
}

/* How a code object is laid out in this interpreter; filled by frames.c, read by tables.c. */
typedef struct {
    int filename, name, first_line, line_table, instructions;
    int line_table_kind;
    int ascii_data, compact_data;
} CodeLayout;
extern HIDDEN CodeLayout code_layout;

/* chunks.c */
enum { CHUNK_INFO = 1, CHUNK_TABLES = 2, CHUNK_EVENTS = 3, CHUNK_END = 4, CHUNK_INDEX = 5 };
HIDDEN int chunks_open(const char *path);
HIDDEN void chunks_events_flush(void);
HIDDEN void chunks_finish(const char *reason, const char *detail);
HIDDEN int chunks_continue_in(const char *path);
HIDDEN void chunks_close_in_child(void);
HIDDEN void tables_take(const uint8_t **bytes, size_t *length);
HIDDEN void tables_taken(void);
HIDDEN int tables_are_large(void);
HIDDEN void encoder_restart(void);
HIDDEN void encoder_arena_changed(uintptr_t base, size_t size, int unmapped);

/* marks.c */
enum { MARK_USER = 1, MARK_SHUTDOWN = 2, MARK_EXEC = 3, MARK_FORK = 4 };
HIDDEN void housekeeping(int announced);
HIDDEN void marks_begin(void);
HIDDEN void mark_shutdown(void);
HIDDEN void mark_plain(int kind, const char *label);
HIDDEN void marks_listen(void);
HIDDEN uint64_t elapsed_ns(void);

/* collector.c: what each hook looks at; `count` of the youngest generation, and whether a collection goes on. */
typedef struct {
    const volatile int *count, *collecting;
    int limit;             /* from this count on a collection is near; INT_MAX while it is switched off */
    int seen;              /* the collection that goes on was noted */
    int watch;             /* the next hook has to look */
} Collector;
extern HIDDEN Collector collector;
HIDDEN void collector_find(void *of_interpreter);
HIDDEN void collector_look(void *of_interpreter);
HIDDEN void collector_housekeeping(void);
HIDDEN int collector_waits(void);
static inline int collector_stirs(void)
{
    return (*collector.collecting != collector.seen) | (*collector.count >= collector.limit) | collector.watch;
}

/* vitals.c */
HIDDEN void vitals_prepare(void);
HIDDEN uint64_t vitals_take(uint64_t now, uint64_t event);
HIDDEN void vitals_clock(uint64_t now, uint64_t event);
HIDDEN void vitals_thread_seen(pid_t tid);

/* mappings.c */
HIDDEN void mappings_begin(size_t (*resident)(uintptr_t base, size_t bytes));
HIDDEN void mappings_resident(uintptr_t start, uintptr_t end, uint64_t rss);
HIDDEN void mappings_note_residency(uint64_t event);

/* process.c */
HIDDEN void process_prepare(const char *path);

/* info.c */
HIDDEN size_t info_json(char *out, size_t room);
HIDDEN size_t json_string(char *out, size_t room, const char *text, size_t length);

/* memory.c */
HIDDEN void *pages_alloc(size_t bytes);
HIDDEN void *pages_grow(void *old, size_t old_bytes, size_t new_bytes);
HIDDEN void pages_free(void *pages, size_t bytes);
HIDDEN void pages_each(void (*visit)(uintptr_t base, size_t bytes));

#endif
