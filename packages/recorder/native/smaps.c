/*
 * What the kernel says of the process's mappings, /proc/self/smaps: the totals that smaps_rollup would give (the kernel adds up the
 * same figures there) and the resident bytes of each kind of mapping. Both files walk all page tables; one walk tells both.
 *
 * Nothing is allocated, files are read through a buffer of this file.
 */
#define _GNU_SOURCE
#include "vitals.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a file of /proc, line by line; a line that is longer than the buffer loses its end ---- */

typedef struct { int file; char *next, *end; char bytes[32768]; } Lines;
static Lines lines;

static int lines_open(const char *path)
{
    lines.file = open(path, O_RDONLY | O_CLOEXEC);
    lines.next = lines.end = lines.bytes;
    return lines.file >= 0;
}

/* The next line; NULL at the end. */
static char *next_line(void)
{
    for (;;) {
        char *line = lines.next, *stop = memchr(line, '\n', (size_t)(lines.end - line));
        size_t held = (size_t)(lines.end - line);
        ssize_t got;
        if (stop != NULL) {
            *stop = 0;
            lines.next = stop + 1;
            return line;
        }
        if (held >= sizeof lines.bytes - 1) held = 0;
        memmove(lines.bytes, line, held);
        lines.next = lines.bytes;
        lines.end = lines.bytes + held;
        got = read(lines.file, lines.end, sizeof lines.bytes - 1 - held);
        if (got <= 0) return NULL;
        lines.end += got;
    }
}

/* "Name:    1234 kB" as bytes. */
static uint64_t figure(const char *line, size_t name_length)
{
    const char *p = line + name_length + 1;
    uint64_t kib = 0;
    while (*p == ' ' || *p == '\t') p++;
    for (; *p >= '0' && *p <= '9'; p++) kib = kib * 10 + (uint64_t)(*p - '0');
    return kib * 1024;
}

/* ---- totals ---- */

#define TOTAL(name, field) {name, sizeof name - 1, field}
static const struct { const char *name; size_t length; int field; } totals[] = {
    TOTAL("Rss", RSS), TOTAL("Anonymous", ANONYMOUS), TOTAL("Private_Clean", PRIVATE_CLEAN), TOTAL("Private_Dirty", PRIVATE_DIRTY),
    TOTAL("Shared_Clean", SHARED_CLEAN), TOTAL("Shared_Dirty", SHARED_DIRTY), TOTAL("LazyFree", LAZY_FREE),
    TOTAL("AnonHugePages", ANON_HUGE), TOTAL("Swap", SWAP)};

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
    if (m->kind == KIND_HEAP) { vitals[HEAP_RSS] += m->rss; vitals[HEAP_SIZE] += m->end - m->start; }
    else if (m->kind == KIND_STACK) vitals[STACK_RSS] += m->rss;
    else if (m->kind == KIND_SHARED) vitals[SHARED_MEMORY_RSS] += m->rss;
    else if (m->kind == KIND_UNNAMED) vitals[UNNAMED_RSS] += m->rss;
    else { vitals[FILE_RSS] += rest; vitals[FILE_WRITTEN] += m->rss - rest; }
    if (m->kind != KIND_UNNAMED) mappings_resident(m->start, m->end, m->rss);
}

/* "start-end rwxp offset device inode    path" */
static Mapping mapping_of(char *line)
{
    Mapping m = {0};
    char *p;
    int field;
    m.start = strtoull(line, &p, 16);
    m.end = strtoull(p + 1, &p, 16);
    for (field = 0; field < 4; field++) { while (*p == ' ') p++; while (*p && *p != ' ') p++; }
    while (*p == ' ') p++;
    m.kind = kind_of(p);
    return m;
}

static void count_figure(const char *line, Mapping *m)
{
    size_t i;
    for (i = 0; i < sizeof totals / sizeof *totals; i++) {
        uint64_t bytes;
        if (strncmp(line, totals[i].name, totals[i].length) != 0 || line[totals[i].length] != ':') continue;
        bytes = figure(line, totals[i].length);
        vitals[totals[i].field] += bytes;
        if (totals[i].field == RSS) m->rss = bytes;
        if (totals[i].field == ANONYMOUS) m->anonymous = bytes;
        return;
    }
}

void smaps_read(void)
{
    Mapping m = {0};
    char *line;
    if (!lines_open("/proc/self/smaps")) return;
    while ((line = next_line()) != NULL) {
        if (*line >= 'A' && *line <= 'Z') { count_figure(line, &m); continue; }
        if (m.end) count_mapping(&m);
        m = mapping_of(line);
    }
    if (m.end) count_mapping(&m);
    close(lines.file);
}

/* The most that was ever resident, in bytes; 0 where the kernel does not tell. */
uint64_t smaps_peak(void)
{
    static const char name[] = "VmHWM";
    uint64_t bytes = 0;
    char *line;
    if (!lines_open("/proc/self/status")) return 0;
    while (bytes == 0 && (line = next_line()) != NULL)
        if (strncmp(line, name, sizeof name - 1) == 0) bytes = figure(line, sizeof name - 1);
    close(lines.file);
    return bytes;
}
