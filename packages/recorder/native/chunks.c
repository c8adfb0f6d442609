/*
 * From buffers to the file: a header, then chunks with checksums, an index at the end.
 *
 * The descriptor is checked before each write, because a program may close descriptors that are not
 * its own; the file is then opened again by its path. When the file can't take a chunk (disk full,
 * limits), it is cut back to the last whole chunk, closed with the reason, and recording stops.
 */
#define _GNU_SOURCE
#include "events.h"
#include "checksum.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_MAGIC 0x4B43424Fu   /* "OBCK" */
#define INDEX_MAGIC 0x5844424Fu   /* "OBDX", the last four bytes of a finished file */
#define FORMAT_VERSION 1
#define HIGH_DESCRIPTOR 700       /* out of the way of programs that count on low numbers */

typedef struct {
    uint32_t magic;
    uint8_t kind, codec;
    uint16_t reserved;
    uint32_t stored_bytes, raw_bytes, event_count, checksum;
    uint64_t first_event;
} ChunkHeader;
_Static_assert(sizeof(ChunkHeader) == 32, "the chunk header has 32 bytes");

typedef struct { uint64_t offset, first_event; uint32_t event_count, kind; } IndexEntry;

static char file_path[PATH_MAX];
static int file = -1;
static dev_t file_device;
static ino_t file_inode;
static uint64_t file_bytes;          /* up to the end of the last whole chunk */
static int info_written;
static IndexEntry *chunk_index;
static size_t index_count, index_room;

Encoder encoder;

static void forget_addresses(void)
{
    uint32_t i;
    for (i = 0; i < CLASSES; i++) {
        ClassHistory *h = &encoder.classes[i];
        h->allocated = h->allocated_step = h->freed_last = h->freed_step = 0;
        h->freed_count = 0;
    }
}

/* The slots that name a page of the arena are empty again; once it is gone, no address of it is expected. */
void encoder_arena_changed(uintptr_t base, size_t size, int unmapped)
{
    uintptr_t page, last = (base + size - 1) >> encoder.page_shift;
    for (page = base >> encoder.page_shift; page <= last; page++) {
        uint32_t slot = (uint32_t)page & encoder.slot_mask;
        if (encoder.pages[slot] == page) encoder.pages[slot] = UINTPTR_MAX;
        encoder.known_pages[page & (KNOWN_PAGES - 1)] = UINTPTR_MAX;
    }
    if (unmapped) forget_addresses();
}

void encoder_restart(void)
{
    encoder.first_event += encoder.event_count;
    encoder.event_count = 0;
    encoder.at = encoder.buffer;
    encoder.soft_end = encoder.buffer + SOFT_STEP_BYTES;
    encoder.run = NULL;
    encoder.history = 0;
    encoder.stack = 0;
    memset(encoder.symbols, 0xFF, sizeof encoder.symbols);
    memset(encoder.pages, 0xFF, (encoder.slot_mask + 1) * sizeof encoder.pages[0]);
    forget_addresses();
    if (state.context_id) encode_context(state.context_id);
}

static int open_file(int flags)
{
    struct stat st;
    int fd = open(file_path, flags | O_WRONLY | O_CLOEXEC, 0644), high;
    if (fd < 0) return 0;
    high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);
    if (high >= 0) { close(fd); fd = high; }
    if (fstat(fd, &st) < 0) { close(fd); return 0; }
    if (flags == 0 && (st.st_dev != file_device || st.st_ino != file_inode)) { close(fd); errno = ENOENT; return 0; }
    file = fd;
    file_device = st.st_dev;
    file_inode = st.st_ino;
    return 1;
}

static int still_open(void)
{
    struct stat st;
    if (file >= 0 && fstat(file, &st) == 0 && st.st_dev == file_device && st.st_ino == file_inode) return 1;
    file = -1;
    return open_file(0);
}

static int write_all(const void *bytes, size_t length, uint64_t offset)
{
    const uint8_t *p = bytes;
    while (length > 0) {
        ssize_t done = pwrite(file, p, length, (off_t)offset);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) { if (done == 0) errno = ENOSPC; return 0; }
        p += done;
        offset += (uint64_t)done;
        length -= (size_t)done;
    }
    return 1;
}

static void remember(uint64_t offset, const ChunkHeader *h)
{
    if (index_count == index_room) {
        size_t room = index_room ? index_room * 2 : 1024;
        void *grown = index_room ? pages_grow(chunk_index, index_room * sizeof(IndexEntry), room * sizeof(IndexEntry)) : pages_alloc(room * sizeof(IndexEntry));
        if (grown == NULL) return;
        chunk_index = grown;
        index_room = room;
    }
    chunk_index[index_count++] = (IndexEntry){offset, h->first_event, h->event_count, h->kind};
}

static int write_chunk(int kind, const void *payload, size_t length, uint64_t first_event, uint32_t event_count)
{
    ChunkHeader h = {CHUNK_MAGIC, (uint8_t)kind, 0, 0, (uint32_t)length, (uint32_t)length, event_count, 0, first_event};
    h.checksum = checksum(payload, length, checksum((const uint8_t *)&h, sizeof h, 0));
    if (!write_all(&h, sizeof h, file_bytes) || !write_all(payload, length, file_bytes + sizeof h)) return 0;
    remember(file_bytes, &h);
    file_bytes += sizeof h + length;
    return 1;
}

/* The recording ends here; what was written stays readable. */
static COLD void stop(int error)
{
    state.on = 0;
    if (ftruncate(file, (off_t)file_bytes) == 0)
        chunks_finish(error == ENOSPC || error == EDQUOT || error == EFBIG ? "disk-full" : "write-failed", strerror(error));
}

static int write_pending(void)
{
    const uint8_t *tables;
    size_t table_bytes;
    if (!info_written) {
        static char info[64 * 1024];
        size_t length = info_json(info, sizeof info);
        if (!write_chunk(CHUNK_INFO, info, length, 0, 0)) return 0;
        info_written = 1;
    }
    tables_take(&tables, &table_bytes);
    if (table_bytes && !write_chunk(CHUNK_TABLES, tables, table_bytes, encoder.first_event, 0)) return 0;
    tables_taken();
    return encoder.at == encoder.buffer
        || write_chunk(CHUNK_EVENTS, encoder.buffer, (size_t)(encoder.at - encoder.buffer), encoder.first_event, encoder.event_count);
}

/* Everything recorded so far goes to the file. */
void chunks_events_flush(void)
{
    if (!state.on) return;
    if (!still_open()) { state.on = 0; return; }
    if (!write_pending()) { stop(errno); return; }
    encoder_restart();
}

/* The end: why, then the index. */
void chunks_finish(const char *reason, const char *detail)
{
    static int finished;
    char text[1024];
    size_t length;
    uint64_t trailer[2];
    uint64_t index_at;
    if (finished) return;
    finished = 1;
    length = (size_t)snprintf(text, 512, "{\"reason\":\"%s\",\"events\":%llu,\"shutdown\":%s,\"elapsedNs\":%llu,\"detail\":", reason,
                              (unsigned long long)encoder.first_event, state.shutdown_seen ? "true" : "false", (unsigned long long)elapsed_ns());
    length += json_string(text + length, sizeof text - length - 2, detail, strlen(detail));
    text[length++] = '}';
    if (!write_chunk(CHUNK_END, text, length, encoder.first_event, 0)) return;
    index_at = file_bytes;
    if (!write_chunk(CHUNK_INDEX, chunk_index, index_count * sizeof(IndexEntry), encoder.first_event, 0)) {
        if (ftruncate(file, (off_t)index_at) < 0) return;
        return;
    }
    trailer[0] = index_at;
    trailer[1] = (uint64_t)INDEX_MAGIC << 32;
    if (write_all(trailer, sizeof trailer, file_bytes)) file_bytes += sizeof trailer;
}

/* Creates the file and its header; 0 when that fails, with errno set. */
int chunks_open(const char *path)
{
    static const uint8_t header[16] = {0x89, 'O', 'B', 'M', '\r', '\n', 0x1A, '\n', FORMAT_VERSION, 0, 0, 0, 0, 0, 0, 0};
    if (snprintf(file_path, sizeof file_path, "%s", path) >= (int)sizeof file_path) { errno = ENAMETOOLONG; return 0; }
    if (!open_file(O_CREAT | O_TRUNC)) return 0;
    if (!write_all(header, sizeof header, 0)) return 0;
    file_bytes = sizeof header;
    encoder.buffer = pages_alloc(EVENT_BUFFER_BYTES);
    if (encoder.buffer == NULL) { errno = ENOMEM; return 0; }
    encoder.page_shift = python.minor <= 9 ? 12 : 14;
    encoder.offset_bits = encoder.page_shift - 4;
    encoder.offset_mask = (1u << encoder.offset_bits) - 1;
    encoder.slot_mask = (1u << (18 - encoder.offset_bits)) - 1;
    memset(encoder.known_pages, 0xFF, sizeof encoder.known_pages);
    encoder_restart();
    return 1;
}

/* After a fork: the child's recording is the parent's so far, in a file of its own, and goes on from there. */
int chunks_continue_in(const char *path)
{
    int from = file;
    off_t position = 0;
    if (snprintf(file_path, sizeof file_path, "%s", path) >= (int)sizeof file_path) return 0;
    if (!open_file(O_CREAT | O_TRUNC)) return 0;
    {
        char name[64];
        int source;
        snprintf(name, sizeof name, "/proc/self/fd/%d", from);
        source = open(name, O_RDONLY | O_CLOEXEC);
        close(from);
        if (source < 0) return 0;
        while ((uint64_t)position < file_bytes)
            if (sendfile(file, source, &position, (size_t)(file_bytes - (uint64_t)position)) <= 0) break;
        close(source);
    }
    return (uint64_t)position == file_bytes;
}

void chunks_close_in_child(void)
{
    if (file >= 0) close(file);
    file = -1;
}
