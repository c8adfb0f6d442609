/*
 * How the process's memory is divided at a moment: the kernel's totals (smaps_rollup), what kind of mapping
 * they lie in (smaps), the C library's own account (mallinfo2), and how much of each arena is resident.
 *
 * Written as notes beside the events; packages/trace/FORMAT.md lists their fields. Nothing is allocated, files are read
 * through a buffer of this file.
 */
#define _GNU_SOURCE
#include "events.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Fields of an account; the same numbers as AccountField of packages/trace/src/format/constants.ts. */
enum {
    RSS = 1, ANONYMOUS, PRIVATE_CLEAN, PRIVATE_DIRTY, SHARED_CLEAN, SHARED_DIRTY, LAZY_FREE, ANON_HUGE, SWAP,
    MALLOC_SYSTEM = 16, MALLOC_MAPPED, MALLOC_USED, MALLOC_FREE, MALLOC_TOP,
    HEAP_SIZE = 32, HEAP_RSS, FILE_RSS, FILE_WRITTEN, STACK_RSS, SHARED_MEMORY_RSS, UNNAMED_RSS,
    RECORDER_RSS, REGION_RSS, ARENA_RSS, THREAD_STACK_RSS, FIELD_END
};

static uint64_t fields[FIELD_END];
static size_t page_bytes;

/* ---- resident pages of a range ---- */

#define RESIDENCY_PAGES 1024u

static size_t resident_bytes(uintptr_t base, size_t bytes)
{
    static unsigned char pages[RESIDENCY_PAGES];
    size_t found = 0, done, i;
    for (done = 0; done < bytes; done += RESIDENCY_PAGES * page_bytes) {
        size_t part = bytes - done < RESIDENCY_PAGES * page_bytes ? bytes - done : RESIDENCY_PAGES * page_bytes;
        if (mincore((void *)(base + done), part, pages) != 0) return found;
        for (i = 0; i < (part + page_bytes - 1) / page_bytes; i++) found += pages[i] & 1;
    }
    return found * page_bytes;
}

static void add_recorder_pages(uintptr_t base, size_t bytes) { fields[RECORDER_RSS] += resident_bytes(base, bytes); }
static void add_region(uintptr_t base, size_t bytes) { fields[REGION_RSS] += resident_bytes(base, bytes); }

/* ---- stacks of threads: from where the thread was seen up to its control block, and down while pages are there ---- */

#define MAX_THREADS 256
#define STACK_STEP_PAGES 16u

static struct { uintptr_t inside, end; } thread_stacks[MAX_THREADS];
static unsigned thread_stack_count;

void vitals_thread_seen(pid_t tid)
{
    uintptr_t inside = (uintptr_t)__builtin_frame_address(0), end = (uintptr_t)pthread_self();
    unsigned i;
    if (tid == state.pid || end < inside || end - inside > (256u << 20)) return;   /* the main thread's has a name */
    for (i = 0; i < thread_stack_count; i++) if (thread_stacks[i].end == end) return;
    if (thread_stack_count == MAX_THREADS) return;
    thread_stacks[thread_stack_count].inside = inside;
    thread_stacks[thread_stack_count++].end = end;
}

static size_t thread_stack_rss(uintptr_t inside, uintptr_t end)
{
    size_t step = STACK_STEP_PAGES * page_bytes, found, total;
    uintptr_t low = inside & ~(uintptr_t)(page_bytes - 1);
    total = resident_bytes(low, end - low);
    while (low > step && (found = resident_bytes(low - step, step)) > 0) { total += found; low -= step; }
    return total;
}

/* ---- /proc files, line by line ---- */

typedef struct { int file; size_t at, end; char bytes[16384]; } Lines;
static Lines lines;

static int lines_open(const char *path)
{
    lines.file = open(path, O_RDONLY | O_CLOEXEC);
    lines.at = lines.end = 0;
    return lines.file >= 0;
}

/* The next line, of a longer one the beginning; NULL at the end. */
static char *next_line(void)
{
    static char line[512];
    size_t n = 0;
    for (;;) {
        if (lines.at == lines.end) {
            ssize_t got = read(lines.file, lines.bytes, sizeof lines.bytes);
            if (got <= 0) return NULL;
            lines.at = 0;
            lines.end = (size_t)got;
        }
        char c = lines.bytes[lines.at++];
        if (c == '\n') break;
        if (n < sizeof line - 1) line[n++] = c;
    }
    line[n] = 0;
    return line;
}

static int kib(const char *line, const char *name, uint64_t *bytes)
{
    size_t length = strlen(name);
    if (strncmp(line, name, length) != 0 || line[length] != ':') return 0;
    *bytes = strtoull(line + length + 1, NULL, 10) * 1024;
    return 1;
}

static void read_rollup(void)
{
    static const struct { const char *name; int field; } wanted[] = {
        {"Rss", RSS}, {"Anonymous", ANONYMOUS}, {"Private_Clean", PRIVATE_CLEAN}, {"Private_Dirty", PRIVATE_DIRTY},
        {"Shared_Clean", SHARED_CLEAN}, {"Shared_Dirty", SHARED_DIRTY}, {"LazyFree", LAZY_FREE},
        {"AnonHugePages", ANON_HUGE}, {"Swap", SWAP}};
    char *line;
    size_t i;
    if (!lines_open("/proc/self/smaps_rollup")) return;
    while ((line = next_line()) != NULL)
        for (i = 0; i < sizeof wanted / sizeof *wanted; i++)
            if (kib(line, wanted[i].name, &fields[wanted[i].field])) break;
    close(lines.file);
}

/* ---- mappings by kind ---- */

typedef enum { KIND_FILE, KIND_HEAP, KIND_STACK, KIND_SHARED, KIND_UNNAMED } Kind;
typedef struct { uintptr_t start, end; Kind kind; uint64_t rss, anonymous; } Mapping;

static Kind kind_of(const char *path)
{
    if (strncmp(path, "/dev/zero", 9) == 0 || strncmp(path, "/memfd:", 7) == 0 || strncmp(path, "/SYSV", 5) == 0
        || strncmp(path, "/dev/shm/", 9) == 0) return KIND_SHARED;
    if (*path == '/') return KIND_FILE;
    if (strcmp(path, "[heap]") == 0) return KIND_HEAP;
    if (strcmp(path, "[stack]") == 0) return KIND_STACK;
    if (*path == '[' && strncmp(path, "[anon", 5) != 0) return KIND_FILE;   /* vdso and its like: the kernel's pages */
    return KIND_UNNAMED;
}

static void count_mapping(const Mapping *m)
{
    uint64_t rest = m->rss > m->anonymous ? m->rss - m->anonymous : 0;
    if (m->kind == KIND_HEAP) { fields[HEAP_RSS] += m->rss; fields[HEAP_SIZE] += m->end - m->start; }
    else if (m->kind == KIND_STACK) fields[STACK_RSS] += m->rss;
    else if (m->kind == KIND_SHARED) fields[SHARED_MEMORY_RSS] += m->rss;
    else if (m->kind == KIND_UNNAMED) fields[UNNAMED_RSS] += m->rss;
    else { fields[FILE_RSS] += rest; fields[FILE_WRITTEN] += m->rss - rest; }
    if (m->kind != KIND_UNNAMED) mappings_resident(m->start, m->end, m->rss);
}

static void read_mappings(void)
{
    Mapping m = {0};
    char *line, *p;
    if (!lines_open("/proc/self/smaps")) return;
    while ((line = next_line()) != NULL) {
        if ((*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f')) {
            int field;
            if (m.end) count_mapping(&m);
            m.start = strtoull(line, &p, 16);
            m.end = strtoull(p + 1, &p, 16);
            for (field = 0; field < 4; field++) { while (*p == ' ') p++; while (*p && *p != ' ') p++; }
            while (*p == ' ') p++;
            m.kind = kind_of(p);
            m.rss = m.anonymous = 0;
        } else if (!kib(line, "Rss", &m.rss)) kib(line, "Anonymous", &m.anonymous);
    }
    if (m.end) count_mapping(&m);
    close(lines.file);
}

/* .bss has no name in smaps, and grows together with whatever lies behind it: the program headers know where it is. */
static int count_bss(struct dl_phdr_info *library, size_t size, void *data)
{
    int i;
    (void)size;
    (void)data;
    for (i = 0; i < library->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &library->dlpi_phdr[i];
        uintptr_t start = library->dlpi_addr + part->p_vaddr, file_end = start + part->p_filesz, end = start + part->p_memsz;
        size_t resident;
        file_end = (file_end + page_bytes - 1) & ~(uintptr_t)(page_bytes - 1);
        if (part->p_type != PT_LOAD || part->p_memsz <= part->p_filesz || file_end >= end) continue;
        resident = resident_bytes(file_end, end - file_end);
        fields[FILE_WRITTEN] += resident;
        fields[UNNAMED_RSS] -= resident < fields[UNNAMED_RSS] ? resident : fields[UNNAMED_RSS];
    }
    return 0;
}

/* ---- the C library's account; glibc 2.33 has it ---- */

typedef struct { size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost; } Mallinfo2;

static void read_malloc(void)
{
    static Mallinfo2 (*mallinfo2)(void);
    static int looked;
    Mallinfo2 info;
    if (!looked) { looked = 1; *(void **)&mallinfo2 = dlsym(RTLD_DEFAULT, "mallinfo2"); }
    if (mallinfo2 == NULL) return;
    info = mallinfo2();
    fields[MALLOC_SYSTEM] = info.arena;
    fields[MALLOC_MAPPED] = info.hblkhd;
    fields[MALLOC_USED] = info.uordblks;
    fields[MALLOC_FREE] = info.fordblks;
    fields[MALLOC_TOP] = info.keepcost;
}

/* ---- the notes ---- */

static uint8_t *residency;   /* the note that is being made: pairs of an arena and its resident pages */
static size_t residency_bytes, residency_room;

static void add_arena(uintptr_t base, size_t bytes, uint32_t id)
{
    size_t resident = resident_bytes(base, bytes);
    fields[ARENA_RSS] += resident;
    if (residency_bytes + 32 > residency_room) {
        size_t room = residency_room ? residency_room * 2 : 1 << 16;
        void *grown = residency_room ? pages_grow(residency, residency_room, room) : pages_alloc(room);
        if (grown == NULL) return;
        residency = grown;
        residency_room = room;
    }
    residency_bytes = (size_t)(put_varint(put_varint(residency + residency_bytes, id), resident / page_bytes) - residency);
}

/* Called with the lock held, before the event that comes next. */
void vitals_take(uint64_t now)
{
    uint8_t note[FIELD_END * 11 + 32], *at = note;
    unsigned i;
    if (page_bytes == 0) page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    memset(fields, 0, sizeof fields);
    residency_bytes = 0;
    read_malloc();
    tables_each_arena(add_arena);
    tables_each_region(add_region);
    pages_each(add_recorder_pages);
    for (i = 0; i < thread_stack_count; i++)
        fields[THREAD_STACK_RSS] += thread_stack_rss(thread_stacks[i].inside, thread_stacks[i].end);
    mappings_begin(resident_bytes);
    read_mappings();
    dl_iterate_phdr(count_bss, NULL);
    read_rollup();
    at = put_varint(at, now);
    for (i = 1; i < FIELD_END; i++) {
        if (fields[i] == 0) continue;
        at = put_varint(at, i);
        at = put_varint(at, fields[i]);
    }
    tables_note(NOTE_ACCOUNT, note, (size_t)(at - note));
    if (residency_bytes) tables_note(NOTE_ARENA_RESIDENCY, residency, residency_bytes);
    mappings_note_residency();
}
