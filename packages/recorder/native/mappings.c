/*
 * Mappings that the program itself makes, through Python's mmap module or in native code, with the Python line that
 * did. The C library's own mappings do not come through here: it calls the kernel directly.
 */
#define _GNU_SOURCE
#include "events.h"
#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MIN_MAPPING_BYTES (64u << 10)
#define MAX_MAPPINGS 1024u

typedef struct { uintptr_t base; size_t bytes; uint32_t id; int anonymous; uint64_t resident; } Mapping;

static Mapping mappings[MAX_MAPPINGS];
static unsigned mapping_count;
static uint32_t last_id;

static int wanted(size_t bytes)
{
    return bytes >= MIN_MAPPING_BYTES && state.on && !thread.maps_arena && getpid() == state.pid;
}

static size_t whole_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

static int take_lock(void)
{
    if (thread.holds_lock) return 0;
    lock_slow();
    return 1;
}

static void release_lock(int taken)
{
    if (!taken) return;
    thread.holds_lock = 0;
    __atomic_store_n(&state.lock, 0, __ATOMIC_RELEASE);
}

static void mapped(uintptr_t base, size_t bytes, int flags)
{
    uint8_t note[64], *at = note;
    int taken = take_lock();
    if (state.on && mapping_count < MAX_MAPPINGS) {
        /* The GIL may have been released for this call, as Python's mmap module does from 3.12 on. */
        void *thread_state = python.is_initialized() && python.own_thread_state ? python.own_thread_state() : NULL;
        uint32_t stack = state.stacks == STACKS_NONE || thread_state == NULL ? 0 : frames_capture(thread_state, 1);
        mappings[mapping_count++] = (Mapping){base, bytes, ++last_id, (flags & MAP_ANONYMOUS) && !(flags & MAP_SHARED), 0};
        *at++ = (uint8_t)((flags & MAP_ANONYMOUS ? 0 : 1) | (flags & MAP_SHARED ? 2 : 0));
        at = put_varint(put_varint(put_varint(at, stack), base), bytes);
        tables_note(NOTE_MAPPING, encoder_next_event(), note, (size_t)(at - note));
    }
    release_lock(taken);
}

/* Mappings go as a whole here: what a part of one leaves behind shows in its resident bytes. */
static void unmapped(uintptr_t base, size_t bytes)
{
    int taken = take_lock();
    unsigned i = 0;
    while (i < mapping_count) {
        uint8_t note[16];
        if (mappings[i].base < base || mappings[i].base + mappings[i].bytes > base + whole_pages(bytes)) { i++; continue; }
        if (state.on) tables_note(NOTE_MAPPING_GONE, encoder_next_event(), note, (size_t)(put_varint(note, mappings[i].id) - note));
        mappings[i] = mappings[--mapping_count];
    }
    release_lock(taken);
}

static void *real_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    return (void *)syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
}

typedef void *(*Mmap)(void *, size_t, int, int, int, off_t);

static void *map(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    static Mmap next;
    void *base;
    if (next == NULL) {
        next = (Mmap)dlsym(RTLD_NEXT, "mmap");
        if (next == NULL) next = real_mmap;
    }
    base = next(address, bytes, protection, flags, file, offset);
    if (UNLIKELY(wanted(bytes)) && base != MAP_FAILED) mapped((uintptr_t)base, whole_pages(bytes), flags);
    return base;
}

EXPORTED void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    return map(address, bytes, protection, flags, file, offset);
}

EXPORTED void *mmap64(void *address, size_t bytes, int protection, int flags, int file, off64_t offset)
{
    return map(address, bytes, protection, flags, file, (off_t)offset);
}

EXPORTED int munmap(void *address, size_t bytes)
{
    static __typeof__(&munmap) next;
    if (next == NULL) next = (__typeof__(&munmap))dlsym(RTLD_NEXT, "munmap");
    if (wanted(bytes) && mapping_count > 0) unmapped((uintptr_t)address, bytes);
    return next(address, bytes);
}

/* ---- how much of each is resident: of private anonymous ones counted, of others as smaps says ---- */

void mappings_begin(size_t (*resident)(uintptr_t base, size_t bytes))
{
    unsigned i;
    for (i = 0; i < mapping_count; i++)
        mappings[i].resident = mappings[i].anonymous ? resident(mappings[i].base, mappings[i].bytes) : 0;
}

void mappings_resident(uintptr_t start, uintptr_t end, uint64_t rss)
{
    unsigned i;
    for (i = 0; i < mapping_count; i++) {
        Mapping *m = &mappings[i];
        if (m->anonymous || end <= m->base || start >= m->base + m->bytes) continue;
        m->resident += rss;
        return;
    }
}

void mappings_note_residency(uint64_t event)
{
    static uint8_t note[MAX_MAPPINGS * 16];
    uint8_t *at = note;
    unsigned i;
    for (i = 0; i < mapping_count; i++)
        if (mappings[i].resident) at = put_varint(put_varint(at, mappings[i].id), mappings[i].resident);
    if (mapping_count) tables_note(NOTE_MAPPING_RESIDENCY, event, note, (size_t)(at - note));
}
