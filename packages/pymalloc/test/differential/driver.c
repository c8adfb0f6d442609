/*
 * Runs a seeded sequence of allocations through the pymalloc of a real CPython and writes down every call.
 *
 *   driver LIBPYTHON SEED OPERATIONS MAX_LIVE INITIALISE
 *
 * LIBPYTHON is loaded with dlopen; no header of Python is needed. The object and mem domains are wrapped before anything
 * else happens, so that with INITIALISE = 1, which versions from 3.12 on need, the interpreter's own start-up is in the
 * log too. Arenas come from this program, at bases of all kinds: aligned to the arena, to the pool, to the page only.
 *
 * Standard output is a sequence of records of three 64-bit words, little endian:
 *
 *   tag | size << 8, old address or number of elements, result
 *
 *   1 malloc   size, 0, result            5 arena mapped     size, 0, base
 *   2 calloc   element size, n, result    6 arena unmapped   size, base, 0
 *   3 realloc  size, old, result          7 report           bytes of text, blocks + 1, 0
 *   4 free     0, old, 0
 *
 * A report's text follows it, padded to 8 bytes; its number of blocks is what sys.getallocatedblocks would say, or 0
 * where the library does not tell (3.12 on).
 *
 * An arena's record comes before that of the call that needed it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MALLOC = 1, CALLOC, REALLOC, FREE, ARENA_MAP, ARENA_UNMAP, REPORT };
enum { DOMAIN_MEM = 1, DOMAIN_OBJ = 2 };
enum { PAGE = 4096, MAX_ARENAS = 4096, REPORTS = 4 };

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

static void *(*py_malloc)(size_t);
static void *(*py_calloc)(size_t, size_t);
static void *(*py_realloc)(void *, size_t);
static void (*py_free)(void *);
static void (*get_allocator)(int, Allocator *);
static void (*set_allocator)(int, Allocator *);
static void (*set_arena_allocator)(ArenaAllocator *);
static int (*print_stats)(FILE *);
static intptr_t (*count_blocks)(void);

static void put(uint64_t tag, uint64_t size, const void *old, const void *result) {
    uint64_t record[3] = {tag | size << 8, (uintptr_t)old, (uintptr_t)result};
    fwrite(record, sizeof record, 1, stdout);
}

static void *need(void *library, const char *name) {
    void *symbol = dlsym(library, name);
    if (symbol == NULL) {
        fprintf(stderr, "driver: no symbol %s\n", name);
        exit(3);
    }
    return symbol;
}

/* The same numbers on every machine: xorshift, Marsaglia 2003. */
static uint32_t random_state;
static uint32_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}
static uint32_t below(uint32_t n) { return next_random() % n; }

/* --- the two domains, written down --- */

static Allocator original[3];

static void *log_malloc(void *ctx, size_t size) {
    Allocator *inner = ctx;
    void *result = inner->malloc(inner->ctx, size);
    put(MALLOC, size, NULL, result);
    return result;
}
static void *log_calloc(void *ctx, size_t nelem, size_t elsize) {
    Allocator *inner = ctx;
    void *result = inner->calloc(inner->ctx, nelem, elsize);
    put(CALLOC, elsize, (void *)nelem, result);
    return result;
}
static void *log_realloc(void *ctx, void *ptr, size_t size) {
    Allocator *inner = ctx;
    void *result = inner->realloc(inner->ctx, ptr, size);
    put(REALLOC, size, ptr, result);
    return result;
}
static void log_free(void *ctx, void *ptr) {
    Allocator *inner = ctx;
    inner->free(inner->ctx, ptr);
    put(FREE, 0, ptr, NULL);
}

static void wrap_domains(void) {
    for (int domain = DOMAIN_MEM; domain <= DOMAIN_OBJ; domain++) {
        Allocator wrapped = {&original[domain], log_malloc, log_calloc, log_realloc, log_free};
        set_allocator(domain, &wrapped);
    }
}
static void unwrap_domains(void) {
    for (int domain = DOMAIN_MEM; domain <= DOMAIN_OBJ; domain++) set_allocator(domain, &original[domain]);
}

/* --- arenas at chosen bases --- */

static struct { char *base, *mapping; size_t length; } mapped[MAX_ARENAS];

static void *map_arena(void *ctx, size_t size) {
    (void)ctx;
    static uint32_t turn;
    size_t pages = size / PAGE, length = 2 * size, offset = 0;
    char *mapping = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int slot = 0;
    if (mapping == MAP_FAILED) return NULL;
    turn = turn * 1103515245u + 12345u;
    switch (turn >> 16 & 3) {
        case 0: break;                                                  /* aligned to the arena */
        case 1: offset = (turn >> 18) % (pages / 4) * 4 * PAGE; break;  /* aligned to 16 KiB */
        default: offset = (turn >> 18) % pages * PAGE;                  /* aligned to the page */
    }
    char *base = (char *)(((uintptr_t)mapping + size - 1) / size * size) + offset;
    if (base + size > mapping + length) base -= size;
    if (base < mapping) base = mapping;
    while (slot < MAX_ARENAS && mapped[slot].base != NULL) slot++;
    if (slot == MAX_ARENAS) return NULL;
    mapped[slot].base = base;
    mapped[slot].mapping = mapping;
    mapped[slot].length = length;
    put(ARENA_MAP, size, NULL, base);
    return base;
}
static void unmap_arena(void *ctx, void *base, size_t size) {
    (void)ctx;
    for (int slot = 0; slot < MAX_ARENAS; slot++) {
        if (mapped[slot].base != base) continue;
        munmap(mapped[slot].mapping, mapped[slot].length);
        mapped[slot].base = NULL;
        put(ARENA_UNMAP, size, base, NULL);
        return;
    }
    fprintf(stderr, "driver: an arena was freed that was never mapped\n");
    exit(4);
}

/* The interpreter prints its report only while its own functions stand behind the object domain. */
static void report(void) {
    char *text = NULL;
    size_t length = 0;
    static const char padding[8];
    FILE *out = open_memstream(&text, &length);
    unwrap_domains();
    print_stats(out);
    wrap_domains();
    fclose(out);
    put(REPORT, length, (void *)(count_blocks == NULL ? 0 : count_blocks() + 1), NULL);
    fwrite(text, 1, length, stdout);
    fwrite(padding, 1, -length & 7, stdout);
    free(text);
}

/* --- the sequence --- */

static struct { char *block; size_t size; } *live;
static uint32_t live_count, max_live;
static size_t favourite;

static size_t pick_size(void) {
    switch (below(8)) {
        case 0: return below(701);
        case 1: case 2: case 3: return favourite;
        default: return 1 + below(1 + below(512));
    }
}

static void keep(char *block, size_t size) {
    if (block == NULL) exit(5);
    memset(block, 0xa5, size);
    live[live_count].block = block;
    live[live_count++].size = size;
}

static void allocate(void) {
    size_t size = pick_size();
    if (below(5) == 0) {
        size_t nelem = below(9);
        size_t elsize = nelem == 0 ? size : size / nelem;
        keep(py_calloc(nelem, elsize), nelem * elsize);
    } else {
        keep(py_malloc(size), size);
    }
}

static void release(uint32_t index) {
    py_free(live[index].block);
    live[index] = live[--live_count];
}

static void resize(uint32_t index) {
    size_t old = live[index].size;
    size_t size = below(3) == 0 ? below(701) : old / 2 + below(old + 2);
    char *block = py_realloc(live[index].block, size);
    if (block == NULL) exit(5);
    if (size > old) memset(block + old, 0xa5, size - old);
    live[index].block = block;
    live[index].size = size;
}

/* Phases of growth, decay and steady exchange; sometimes everything goes, oldest first or newest first. */
static void run(uint32_t operations) {
    uint32_t allocations = 0, frees = 0, phase_length = max_live / 5 + 1, phase_left = 0;
    for (uint32_t i = 0; i < operations; i++) {
        if (phase_left-- == 0) {
            phase_left = phase_length;
            static const uint8_t shares[4][2] = {{85, 5}, {10, 80}, {42, 42}, {70, 20}};
            uint32_t phase = below(4);
            allocations = shares[phase][0];
            frees = shares[phase][1];
            favourite = 1 + below(512);
            if (below(6) == 0) {
                uint32_t newest_first = below(2);
                while (live_count > 0) {
                    release(newest_first ? live_count - 1 : 0);
                    i++;
                }
            }
        }
        uint32_t choice = below(100);
        if (live_count == 0 || (choice < allocations && live_count < max_live)) allocate();
        else if (choice < allocations + frees) release(below(4) == 0 ? live_count - 1 : below(live_count));
        else resize(below(live_count));
        if (operations > REPORTS && i % (operations / REPORTS) == 0) report();
    }
    report();
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: driver LIBPYTHON SEED OPERATIONS MAX_LIVE INITIALISE\n");
        return 2;
    }
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
    if (library == NULL) {
        fprintf(stderr, "driver: %s\n", dlerror());
        return 3;
    }
    py_malloc = need(library, "PyObject_Malloc");
    py_calloc = need(library, "PyObject_Calloc");
    py_realloc = need(library, "PyObject_Realloc");
    py_free = need(library, "PyObject_Free");
    get_allocator = need(library, "PyMem_GetAllocator");
    set_allocator = need(library, "PyMem_SetAllocator");
    set_arena_allocator = need(library, "PyObject_SetArenaAllocator");
    print_stats = need(library, "_PyObject_DebugMallocStats");
    count_blocks = dlsym(library, "_Py_GetAllocatedBlocks"); /* 3.7 to 3.11 */
    random_state = strtoul(argv[2], NULL, 10) | 1;
    max_live = strtoul(argv[4], NULL, 10);
    live = calloc(max_live + 1, sizeof *live);
    setvbuf(stdout, NULL, _IOFBF, 1 << 20);

    ArenaAllocator arenas = {NULL, map_arena, unmap_arena};
    set_arena_allocator(&arenas);
    for (int domain = DOMAIN_MEM; domain <= DOMAIN_OBJ; domain++) get_allocator(domain, &original[domain]);
    wrap_domains();
    if (strcmp(argv[5], "1") == 0) {
        void (*initialise)(int) = need(library, "Py_InitializeEx");
        initialise(0);
    }
    run(strtoul(argv[3], NULL, 10));
    fflush(stdout);
    _exit(0); /* the interpreter's end is not part of the sequence */
}
