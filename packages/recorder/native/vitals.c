/*
 * How the process's memory is divided at a moment: the kernel's totals and what kind of mapping they lie in (smaps.c), the C
 * library's own account (mallinfo2), and how much of each arena is resident. A sample of the resident set is never without it.
 *
 * Written as notes beside the events; packages/trace/FORMAT.md lists their fields. Nothing is allocated.
 */
#define _GNU_SOURCE
#include "vitals.h"
#include "events.h"
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

uint64_t vitals[FIELD_END];
static size_t page_bytes;

/* ---- resident pages of a range ---- */

#define RESIDENCY_PAGES 1024u
static unsigned char page_states[RESIDENCY_PAGES];

static size_t resident_bytes(uintptr_t base, size_t bytes)
{
    size_t found = 0, done, i;
    for (done = 0; done < bytes; done += RESIDENCY_PAGES * page_bytes) {
        size_t part = bytes - done < RESIDENCY_PAGES * page_bytes ? bytes - done : RESIDENCY_PAGES * page_bytes;
        if (mincore((void *)(base + done), part, page_states) != 0) break;
        for (i = 0; i < (part + page_bytes - 1) / page_bytes; i++) found += page_states[i] & 1;
    }
    return found * page_bytes;
}

static void add_recorder_pages(uintptr_t base, size_t bytes) { vitals[RECORDER_RSS] += resident_bytes(base, bytes); }
static void add_region(uintptr_t base, size_t bytes) { vitals[REGION_RSS] += resident_bytes(base, bytes); }

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

/* ---- static data of libraries ---- */

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
        vitals[FILE_WRITTEN] += resident;
        vitals[UNNAMED_RSS] -= resident < vitals[UNNAMED_RSS] ? resident : vitals[UNNAMED_RSS];
    }
    return 0;
}

/* ---- the C library's account; glibc 2.33 has it ---- */

typedef struct { size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost; } Mallinfo2;
static Mallinfo2 (*ask_malloc)(void);

static void read_malloc(void)
{
    Mallinfo2 info;
    if (ask_malloc == NULL) return;
    info = ask_malloc();
    vitals[MALLOC_SYSTEM] = info.arena;
    vitals[MALLOC_MAPPED] = info.hblkhd;
    vitals[MALLOC_USED] = info.uordblks;
    vitals[MALLOC_FREE] = info.fordblks;
    vitals[MALLOC_TOP] = info.keepcost;
}

/*
 * ---- arenas: pages of pools stay once they were touched, until the arena is unmapped or the machine swaps; so an arena
 * all of whose pools are resident is settled and need not be asked again. Its rims belong to no pool and are never touched ----
 */

static uint32_t *settled;        /* by id: resident pages; 0 while it has to be asked */
static size_t settled_room;
static int asks_all;             /* some page was swapped out */

static uint8_t *residency;       /* the note that is being made: pairs of an arena and its resident pages */
static size_t residency_bytes, residency_room;

/* Room for `needed` bytes in an array of the recorder's own; 0 when there is none. */
static int make_room(void **array, size_t *room, size_t needed)
{
    size_t wanted = *room ? *room : 1 << 16;
    void *grown;
    if (needed <= *room) return 1;
    while (wanted < needed) wanted *= 2;
    grown = *room ? pages_grow(*array, *room, wanted) : pages_alloc(wanted);
    if (grown == NULL) return 0;
    *array = grown;
    *room = wanted;
    return 1;
}

/* Resident pages of an arena. `all`: whether each page that may hold a pool is. */
static size_t count_arena(uintptr_t base, size_t bytes, int *all)
{
    uintptr_t pool = (uintptr_t)1 << encoder.page_shift;
    size_t first = (((base + pool - 1) & ~(pool - 1)) - base) / page_bytes, end = (((base + bytes) & ~(pool - 1)) - base) / page_bytes;
    size_t found = 0, in_pools = 0, i;
    if (bytes > RESIDENCY_PAGES * page_bytes || mincore((void *)base, bytes, page_states) != 0) {
        *all = 0;
        return resident_bytes(base, bytes) / page_bytes;
    }
    for (i = 0; i < bytes / page_bytes; i++) {
        unsigned is_there = page_states[i] & 1;
        found += is_there;
        in_pools += is_there & (i >= first && i < end);
    }
    *all = in_pools == end - first;
    return found;
}

static void add_arena(uintptr_t base, size_t bytes, uint32_t id)
{
    int has_place = make_room((void **)&settled, &settled_room, (id + 1ul) * sizeof *settled), all;
    size_t resident = has_place && !asks_all ? settled[id] : 0;
    if (resident == 0) {
        resident = count_arena(base, bytes, &all);
        if (has_place) settled[id] = all ? (uint32_t)resident : 0;
    }
    vitals[ARENA_RSS] += resident * page_bytes;
    if (!make_room((void **)&residency, &residency_room, residency_bytes + 32)) return;
    residency_bytes = (size_t)(put_varint(put_varint(residency + residency_bytes, id), resident) - residency);
}

/* ---- the notes ---- */

void vitals_prepare(void)
{
    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    *(void **)&ask_malloc = dlsym(RTLD_DEFAULT, "mallinfo2");
}

static void note_account(uint64_t now, uint64_t event)
{
    uint8_t note[FIELD_END * 11 + 32], *at = put_varint(note, now);
    unsigned i;
    for (i = 1; i < FIELD_END; i++)
        if (vitals[i] != 0) at = put_varint(put_varint(at, i), vitals[i]);
    tables_note(NOTE_ACCOUNT, event, note, (size_t)(at - note));
}

/* With the lock held: notes how memory is divided before this event. Returns the resident set, 0 where the kernel does not tell. */
uint64_t vitals_take(uint64_t now, uint64_t event)
{
    unsigned i;
    memset(vitals, 0, sizeof vitals);
    residency_bytes = 0;
    read_malloc();
    tables_each_arena(add_arena);
    tables_each_region(add_region);
    pages_each(add_recorder_pages);
    for (i = 0; i < thread_stack_count; i++)
        vitals[THREAD_STACK_RSS] += thread_stack_rss(thread_stacks[i].inside, thread_stacks[i].end);
    mappings_begin(resident_bytes);
    smaps_read();
    dl_iterate_phdr(count_bss, NULL);
    vitals[PEAK_RSS] = smaps_peak();
    asks_all = vitals[SWAP] != 0;
    note_account(now, event);
    tables_note(NOTE_ARENA_RESIDENCY, event, residency, residency_bytes);
    mappings_note_residency(event);
    return vitals[RSS];
}

/* Between samples: what time it is, and the most that was ever resident. */
void vitals_clock(uint64_t now, uint64_t event)
{
    uint8_t note[32];
    tables_note(NOTE_CLOCK, event, note, (size_t)(put_varint(put_varint(note, now), smaps_peak()) - note));
}
