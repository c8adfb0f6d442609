/* Moments: the clock and the resident set between chunks, markers of the program, the start of shutdown. */
#define _GNU_SOURCE
#include "events.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_INTERVAL_NS 10000000ull     /* 10 ms between samples of the resident set */
#define FLUSH_INTERVAL_NS 100000000ull     /* 100 ms at most until events are in the file */
#define EARLY_NS 1000000000ull             /* in the first second, 20 ms: programs that crash often do so early */
#define EARLY_FLUSH_INTERVAL_NS 20000000ull
#define EVIDENCE_BYTES (64u * 1024u)
#define MAX_EVIDENCE_MARKS 100             /* the text walks every pool; a program may mark often */

/* A whole account walks page tables: it is taken with a sample when the last one cost no more than this share of the time. */
#define ACCOUNT_TIME_SHARE 50u

static uint64_t last_sample_ns, last_flush_ns, next_account_ns;

uint64_t elapsed_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec - state.start_ns;
}

typedef struct { uint64_t size, rss, shared; } Pages;

static Pages read_statm(void)
{
    Pages pages = {0, 0, 0};
    char text[128], *p = text;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t length;
    if (fd < 0) return pages;
    length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0) return pages;
    text[length] = 0;
    pages.size = strtoull(p, &p, 10);
    pages.rss = strtoull(p, &p, 10);
    pages.shared = strtoull(p, &p, 10);
    return pages;
}

static void sample(uint64_t now)
{
    Pages pages = read_statm();
    tables_sample(now, pages.rss, pages.size, pages.shared);
    last_sample_ns = now;
}

static void account(uint64_t now)
{
    vitals_take(now);
    next_account_ns = now + (elapsed_ns() - now) * ACCOUNT_TIME_SHARE;
}

/* Called every 16 KiB of events: flush a full or old chunk, look at the resident set. */
void housekeeping(void)
{
    uint64_t now = elapsed_ns();
    collector_housekeeping();
    if (now - last_sample_ns >= SAMPLE_INTERVAL_NS) {
        sample(now);
        if (now >= next_account_ns) account(now);
    }
    if (encoder.at > encoder.buffer + EVENT_BUFFER_BYTES - SOFT_STEP_BYTES - EVENT_SLACK_BYTES
        || now - last_flush_ns >= (now < EARLY_NS ? EARLY_FLUSH_INTERVAL_NS : FLUSH_INTERVAL_NS) || tables_are_large()) {
        last_flush_ns = now;
        chunks_events_flush();
    } else encoder.soft_end = encoder.at + SOFT_STEP_BYTES;
}

/*
 * The interpreter's own account of pymalloc. It prints it only while its own allocator is in place,
 * where there are debug hooks (3.12 on) also underneath them.
 */
static size_t take_evidence(char *out, size_t room)
{
    Allocator ours, under;
    FILE *stream;
    long length = 0;
    if (python.debug_malloc_stats == NULL) return 0;
    stream = fmemopen(out, room, "w");
    if (stream == NULL) return 0;
    python.get_allocator(DOMAIN_OBJ, &ours);
    python.set_allocator(DOMAIN_OBJ, &state.original[DOMAIN_OBJ]);
    if (state.under_debug_hooks) {
        under = *state.under_debug_hooks;
        *state.under_debug_hooks = state.original[DOMAIN_OBJ];
    }
    python.debug_malloc_stats(stream);
    if (state.under_debug_hooks) *state.under_debug_hooks = under;
    python.set_allocator(DOMAIN_OBJ, &ours);
    if (fflush(stream) == 0) length = ftell(stream);
    fclose(stream);
    return length > 0 && (size_t)length < room ? (size_t)length : 0;
}

static void mark(int kind, const char *label, int with_evidence)
{
    static char evidence[EVIDENCE_BYTES];
    static int evidence_marks;
    size_t evidence_bytes = 0;
    uint64_t now = elapsed_ns();
    Pages pages = read_statm();
    if (with_evidence && (kind == MARK_SHUTDOWN || evidence_marks++ < MAX_EVIDENCE_MARKS))
        evidence_bytes = take_evidence(evidence, sizeof evidence);
    tables_mark(kind, now, pages.rss, label, strlen(label), evidence, evidence_bytes);
    sample(now);
    account(now);
    chunks_events_flush();
}

/* Called with the GIL held, before the event that comes next. */
void mark_shutdown(void)
{
    state.shutdown_seen = 1;
    if (state.on) mark(MARK_SHUTDOWN, "shutdown", 1);
}

void mark_plain(int kind, const char *label)
{
    if (state.on) mark(kind, label, 0);
}

/* `sys.audit("obmalloc.mark", label)` in the program; every other event passes. */
static int audit_hook(const char *event, void *args, void *data)
{
    const char *label = NULL;
    void *item;
    int taken;
    (void)data;
    if (LIKELY(strcmp(event, "obmalloc.mark") != 0) || !state.on) return 0;
    item = args ? python.tuple_get_item(args, 0) : NULL;
    if (item) label = python.unicode_as_utf8(item);
    if (label == NULL) { python.error_clear(); label = ""; }
    taken = several_threads() && !thread.holds_lock;
    if (taken) lock_slow();
    if (state.on) mark(MARK_USER, label, 1);
    if (taken) { thread.holds_lock = 0; __atomic_store_n(&state.lock, 0, __ATOMIC_RELEASE); }
    return 0;
}

/*
 * Adds the audit hook, once. Not before the first thread state exists: the interpreter frees the
 * hook's entry at its end through the raw domain, which by then may have debug hooks.
 */
void marks_listen(void)
{
    static int listening;
    if (listening) return;
    listening = 1;
    if (python.add_audit_hook && python.tuple_get_item && python.unicode_as_utf8 && python.error_clear)
        python.add_audit_hook(audit_hook, NULL);
}
