/* Moments: the clock and the resident set between chunks, markers of the program, the start of shutdown. */
#define _GNU_SOURCE
#include "events.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_INTERVAL_NS 10000000ull     /* 10 ms at least between samples of the resident set */
#define FLUSH_INTERVAL_NS 100000000ull     /* 100 ms at most until events are in the file */
#define EARLY_NS 1000000000ull             /* in the first second, 20 ms: programs that crash often do so early */
#define EARLY_FLUSH_INTERVAL_NS 20000000ull
#define EVIDENCE_BYTES (64u * 1024u)
#define MAX_EVIDENCE_MARKS 100             /* the text walks every pool; a program may mark often */

/*
 * A sample has its account, for which the kernel walks all page tables (some 0.3 ms for 10 MB, 11 ms for 400 MB): after each, so many times
 * what it took passes without another one.
 */
#define SAMPLE_TIME_SHARE 50u

static uint64_t next_sample_ns, last_clock_ns, last_flush_ns;

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

uint64_t elapsed_ns(void) { return clock_ns(CLOCK_MONOTONIC) - state.start_ns; }

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

/* Of the process before this event. Returns its resident pages; 0, and there is no sample, where /proc can't be read: no descriptor is left. */
static uint64_t sample(uint64_t now, uint64_t event)
{
    uint64_t begun = clock_ns(CLOCK_THREAD_CPUTIME_ID), rss, pause;
    Pages pages = read_statm();
    rss = vitals_take(now, event);
    if (rss) pages.rss = rss / (uint64_t)sysconf(_SC_PAGESIZE);   /* counted, where statm's may be a sum of late counters */
    if (pages.rss) tables_sample(event, now, pages.rss, pages.size, pages.shared);
    pause = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun) * SAMPLE_TIME_SHARE;
    next_sample_ns = elapsed_ns() + (pause > SAMPLE_INTERVAL_NS ? pause : SAMPLE_INTERVAL_NS);
    last_clock_ns = now;
    return pages.rss;
}

/* Before the first event: so that no moment of the recording lies before its first sample. */
void marks_begin(void)
{
    vitals_prepare();
    sample(elapsed_ns(), 0);
}

static void look_at_process(int announced)
{
    uint64_t now = elapsed_ns(), event = encoder_next_event() - (uint64_t)announced;
    if (now >= next_sample_ns) sample(now, event);
    else if (now - last_clock_ns >= SAMPLE_INTERVAL_NS) {
        vitals_clock(now, event);
        last_clock_ns = now;
    }
    if (encoder.at > encoder.buffer + EVENT_BUFFER_BYTES - SOFT_STEP_BYTES - EVENT_SLACK_BYTES
        || now - last_flush_ns >= (now < EARLY_NS ? EARLY_FLUSH_INTERVAL_NS : FLUSH_INTERVAL_NS) || tables_are_large()) {
        last_flush_ns = now;
        chunks_events_flush();
    } else encoder.soft_end = encoder.at + SOFT_STEP_BYTES;
}

/*
 * Called every few KiB of events: looks at the process, flushes a full or old chunk. `announced`: the last event is a free that has not
 * happened yet. The program may be about to read errno.
 */
void housekeeping(int announced)
{
    int kept_errno = errno;
    collector_housekeeping();
    look_at_process(announced);
    errno = kept_errno;
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
    uint64_t now = elapsed_ns(), event = encoder_next_event(), rss_pages;
    int kept_errno = errno;
    if (with_evidence && (kind == MARK_SHUTDOWN || evidence_marks++ < MAX_EVIDENCE_MARKS))
        evidence_bytes = take_evidence(evidence, sizeof evidence);
    rss_pages = sample(now, event);
    tables_mark(kind, now, rss_pages, label, strlen(label), evidence, evidence_bytes);
    chunks_events_flush();
    errno = kept_errno;
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
