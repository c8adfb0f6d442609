/*
 * Runs an operation stream through an allocator of the C world: glibc's, or the object domain of a libpython.
 *
 *   bench-driver STREAM malloc
 *   bench-driver STREAM pymalloc LIBPYTHON INITIALISE
 *
 * STREAM is a file: four 32-bit words (operations, those of the setup, slots, one for others), then sizes and slots as
 * 32-bit words, then one byte for each operation: 0 malloc, 1 free, 2 realloc, 3 replace (free, malloc), 4 pair (malloc,
 * free). Commands come as letters on standard input, each answered by a line:
 *
 *   s  run it, and sample the memory held: "bytes at the end, most bytes at any sample"; exit code 3 when a block that
 *      stays alive does not hold what was written to it
 *   r  run it, timed: "ns of CPU time, ns of wall time, checksum", of the operations after the setup
 *   v  run it, with every byte of each block filled, and compared before it is freed or after it moved: "ok", or what
 *      is wrong
 *
 * Where there is no room for a block it ends with exit code 4. After each command the heap is empty again. The driver's
 * own tables are mapped, so that they are not part of any heap. With INITIALISE = 1 an interpreter is started first, which
 * libpython 3.12 and later need.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MALLOC, FREE, REALLOC, REPLACE, PAIR };
enum { SAMPLES = 64 };

typedef struct {
    void *ctx;
    void *(*alloc)(void *ctx, size_t size);
    void (*free)(void *ctx, void *ptr, size_t size);
} ArenaAllocator;

static void *(*do_malloc)(size_t) = malloc;
static void *(*do_realloc)(void *, size_t) = realloc;
static void (*do_free)(void *) = free;

static uint32_t length, setup, slot_count;
static const uint32_t *sizes, *slots;
static const uint8_t *ops;
static char **blocks;

static void fail(const char *what, const char *detail) {
    fprintf(stderr, "bench-driver: %s: %s\n", what, detail);
    exit(3);
}

static void no_room(uint32_t size, uint32_t operation) {
    fprintf(stderr, "no room for %u bytes, at operation %u\n", size, operation);
    exit(4);
}

static void *map_zeroed(size_t bytes) {
    void *base =
        mmap(NULL, bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (base == MAP_FAILED) fail("mmap", "no room");
    return base;
}

static void load_stream(const char *path) {
    struct stat status;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status) != 0) fail("cannot read", path);
    const uint32_t *words = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (words == MAP_FAILED) fail("cannot map", path);
    close(file);
    length = words[0];
    setup = words[1];
    slot_count = words[2];
    if ((size_t)status.st_size != 16 + 9 * (size_t)length) fail("not a stream", path);
    sizes = words + 4;
    slots = sizes + length;
    ops = (const uint8_t *)(slots + length);
    blocks = map_zeroed(slot_count * sizeof *blocks);
}

/* --- memory held --- */

static size_t arena_bytes;

static void *map_arena(void *ctx, size_t size) {
    (void)ctx;
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return NULL;
    arena_bytes += size;
    return base;
}
static void unmap_arena(void *ctx, void *base, size_t size) {
    (void)ctx;
    munmap(base, size);
    arena_bytes -= size;
}

static size_t held_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return arena_bytes + info.arena + info.hblkhd;
}

/* --- the operations --- */

/* The first and the last whole word of each block are written, as every driver of this bench does. */
static uintptr_t run(uint32_t from, uint32_t to) {
    uintptr_t checksum = 0;
    for (uint32_t i = from; i < to; i++) {
        uint32_t op = ops[i], slot = slots[i];
        if (op == FREE || op == REPLACE) {
            do_free(blocks[slot]);
            if (op == FREE) continue;
        }
        uint32_t size = sizes[i];
        char *p = op == REALLOC ? do_realloc(blocks[slot], size) : do_malloc(size);
        if (p == NULL) no_room(size, i);
        checksum += (uintptr_t)p;
        if (size >= 4) {
            *(uint32_t *)p = i;
            *(uint32_t *)(p + ((size - 4) & ~3u)) = i;
        } else {
            *p = i;
        }
        if (op == PAIR) do_free(p);
        else blocks[slot] = p;
    }
    return checksum;
}

static void mark_alive(uint8_t *alive) {
    for (uint32_t i = 0; i < length; i++) alive[slots[i]] = ops[i] != FREE && ops[i] != PAIR;
}

/* Blocks that the stream leaves alive are freed, in the order of their slots. */
static void drain(void) {
    uint8_t *alive = map_zeroed(slot_count);
    mark_alive(alive);
    for (uint32_t slot = 0; slot < slot_count; slot++)
        if (alive[slot]) do_free(blocks[slot]);
    munmap(alive, slot_count + 1);
}

/* Whether each block that the stream leaves alive holds what run() wrote last. */
static void check_live(void) {
    uint32_t *writer = map_zeroed(slot_count * sizeof *writer);
    uint8_t *alive = map_zeroed(slot_count);
    mark_alive(alive);
    for (uint32_t i = 0; i < length; i++)
        if (ops[i] != FREE && ops[i] != PAIR) writer[slots[i]] = i;
    for (uint32_t slot = 0; slot < slot_count; slot++) {
        uint32_t i = writer[slot], size = sizes[i];
        const char *p = blocks[slot];
        if (!alive[slot]) continue;
        if (size < 4 ? *(const uint8_t *)p != (uint8_t)i
                     : *(const uint32_t *)p != i || *(const uint32_t *)(p + ((size - 4) & ~3u)) != i)
            fail("a block was overwritten", "one that stays alive");
    }
    munmap(writer, slot_count * sizeof *writer + 1);
    munmap(alive, slot_count + 1);
}

static void survey(size_t base) {
    size_t peak = 0, end = 0;
    uint32_t step = length / SAMPLES + 1;
    for (uint32_t from = 0; from < length; from += step) {
        run(from, from + step < length ? from + step : length);
        end = held_bytes() - base;
        if (end > peak) peak = end;
    }
    check_live();
    printf("%zu %zu\n", end, peak);
}

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static void timed_round(void) {
    uintptr_t checksum = run(0, setup);
    int64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
    checksum += run(setup, length);
    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%lld %lld %zu\n", (long long)cpu, (long long)wall, (size_t)checksum);
}

/* --- verification --- */

static uint32_t first_difference(const char *p, uint32_t size, char stamp) {
    uint32_t i = 0;
    while (i < size && p[i] == stamp) i++;
    return i;
}

static uint32_t *held;
static char *stamps;

static const char *verify_free(uint32_t slot) {
    const char *wrong = NULL;
    if (first_difference(blocks[slot], held[slot], stamps[slot]) != held[slot]) wrong = "a block was changed";
    do_free(blocks[slot]);
    held[slot] = 0;
    return wrong;
}

static const char *verify_operation(uint32_t i) {
    uint32_t op = ops[i], slot = slots[i], size = sizes[i];
    const char *wrong = op == FREE || op == REPLACE ? verify_free(slot) : NULL;
    if (op == FREE || wrong != NULL) return wrong;
    uint32_t kept = held[slot] < size ? held[slot] : size;
    char *p = op == REALLOC ? do_realloc(blocks[slot], size) : do_malloc(size);
    if (p == NULL) no_room(size, i);
    if (first_difference(p, kept, stamps[slot]) != kept) wrong = "realloc lost bytes";
    stamps[slot] = (char)(i * 2654435761u >> 24);
    memset(p, stamps[slot], size);
    blocks[slot] = p;
    held[slot] = size;
    return wrong == NULL && op == PAIR ? verify_free(slot) : wrong;
}

static void verify(void) {
    const char *wrong = NULL;
    uint32_t i;
    held = map_zeroed(slot_count * sizeof *held);
    stamps = map_zeroed(slot_count);
    for (i = 0; i < length && wrong == NULL; i++) wrong = verify_operation(i);
    for (uint32_t slot = 0; slot < slot_count && wrong == NULL; slot++)
        if (first_difference(blocks[slot], held[slot], stamps[slot]) != held[slot]) wrong = "a block was changed";
    if (wrong == NULL) printf("ok\n");
    else printf("%s, at operation %u\n", wrong, i - 1);
    munmap(held, slot_count * sizeof *held + 1);
    munmap(stamps, slot_count + 1);
}

/* --- the start --- */

static void *need(void *library, const char *name) {
    void *symbol = dlsym(library, name);
    if (symbol == NULL) fail("no symbol", name);
    return symbol;
}

static void use_pymalloc(const char *path, int initialise) {
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (library == NULL) fail("cannot load", dlerror());
    static ArenaAllocator arenas = {NULL, map_arena, unmap_arena};
    void (*set_arena_allocator)(ArenaAllocator *) = need(library, "PyObject_SetArenaAllocator");
    set_arena_allocator(&arenas);
    do_malloc = need(library, "PyObject_Malloc");
    do_realloc = need(library, "PyObject_Realloc");
    do_free = need(library, "PyObject_Free");
    if (initialise) ((void (*)(int))need(library, "Py_InitializeEx"))(0);
}

int main(int argc, char **argv) {
    static char output[4096];
    if (argc < 3) fail("usage", "bench-driver STREAM malloc | STREAM pymalloc LIBPYTHON INITIALISE");
    setvbuf(stdout, output, _IOFBF, sizeof output);
    load_stream(argv[1]);
    if (argc == 5) use_pymalloc(argv[3], strcmp(argv[4], "1") == 0);
    size_t base = held_bytes();
    char command;
    while (read(STDIN_FILENO, &command, 1) == 1) {
        if (command == 's') survey(base);
        else if (command == 'r') timed_round();
        else if (command == 'v') verify();
        else continue;
        drain(); /* before the answer: whoever waits for it starts the next one */
        fflush(stdout);
    }
    _exit(0);
}
