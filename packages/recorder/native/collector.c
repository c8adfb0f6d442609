/*
 * Collections of cyclic garbage, seen from outside: the collector's own state is looked at in the hooks. Python's gc.callbacks would
 * tell the same, but building what they are called with allocates from the program's pools.
 *
 * A hook sees that a collection began (`collecting` is set, some object of the garbage is freed), that one ended, or that one is near:
 * the count of the youngest generation has reached its threshold, so that the next container made, or the next bytecode from 3.12 on,
 * begins it. Near one, the clock is read in each hook. A collection that is asked for begins when the first module is traversed.
 *
 * Only the main interpreter's collector is looked at. Source: Modules/gcmodule.c, Python/gc.c from 3.13 on; the structures are in
 * Include/internal/mem.h (3.7) and pycore_gc.h.
 */
#define _GNU_SOURCE
#include "events.h"
#include <limits.h>
#include <string.h>

#define GENERATIONS 3
#define SEARCHED_BYTES (16u << 10)      /* the collector's state lies near the start of what it is part of */
#define TYPE_TRAVERSE 184               /* offset of tp_traverse in PyTypeObject */
#define LOOK_AT_EACH 32u
#define THRESHOLD_MAX (1 << 30)

typedef struct { int64_t collections, collected, uncollectable; } Statistics;
typedef int (*Traverse)(void *self, int (*visit)(void *, void *), void *arg);

static const int nothing;
Collector collector = {&nothing, &nothing, INT_MAX, 0, 0};

static const volatile int *thresholds, *enabled;
static const volatile Statistics *statistics;
static Statistics known[GENERATIONS];
static void *interpreter;
static uint64_t near_ns, begun_ns, begun_event;
static Traverse traverse_module;

/* How `_gc_runtime_state` lies around `generations`: bytes of a generation, and of what is before and after the three. */
typedef struct { int generation_bytes, enabled, threshold, permanent; } Layout;
static const Layout layout_37 = {48, -20, 32, 160}, layout_38 = {24, -12, 16, 80};

/* `generation0` follows the generations and points to the first: nothing else in there does that. */
static char *find_generations(char *from, const Layout *l)
{
    char *at;
    for (at = from; at < from + SEARCHED_BYTES; at += sizeof(void *)) {
        int threshold, count;
        if (*(char **)(at + 3 * l->generation_bytes) != at) continue;
        memcpy(&threshold, at + l->threshold, sizeof threshold);
        memcpy(&count, at + l->threshold + (int)sizeof threshold, sizeof count);
        if (threshold >= 0 && threshold < THRESHOLD_MAX && count >= 0) return at;
    }
    return NULL;
}

static void set_limit(void)
{
    collector.limit = *enabled && *thresholds > 0 ? *thresholds : INT_MAX;
}

/* Called for each module that any collection, gc.get_referrers or gc.get_referents looks at. */
static int on_traverse_module(void *self, int (*visit)(void *, void *), void *arg)
{
    if (*collector.collecting && !collector.seen && !collector.watch) {
        collector.watch = 1;
        near_ns = elapsed_ns();
    }
    return traverse_module(self, visit, arg);
}

static void wrap_traverse(void)
{
    Traverse *slot = python.module_type ? (Traverse *)((char *)python.module_type + TYPE_TRAVERSE) : NULL;
    if (slot == NULL || *slot == NULL) return;
    traverse_module = *slot;
    *slot = on_traverse_module;
}

/* With the first thread state: up to 3.8 the collector belongs to the runtime, later to each interpreter. */
void collector_find(void *of_interpreter)
{
    const Layout *l = python.minor == 7 ? &layout_37 : &layout_38;
    char *generations, *after;
    int i;
    if (interpreter != NULL || of_interpreter == NULL) return;
    interpreter = of_interpreter;
    generations = find_generations(python.minor <= 8 ? python.runtime : of_interpreter, l);
    if (generations == NULL) return;
    after = generations + l->permanent + l->generation_bytes;
    thresholds = (const volatile int *)(generations + l->threshold);
    enabled = (const volatile int *)(generations + l->enabled);
    statistics = (const volatile Statistics *)after;
    collector.count = thresholds + 1;
    collector.collecting = (const volatile int *)(after + GENERATIONS * sizeof(Statistics));
    for (i = 0; i < GENERATIONS; i++) known[i] = statistics[i];
    wrap_traverse();
    set_limit();
}

static int has_run(int generation) { return statistics[generation].collections != known[generation].collections; }

/* `seen`: its beginning was. Of two that no event of the program lies between, that is said of the one which freed something. */
static void note(int generation, int seen, uint64_t now)
{
    uint8_t payload[64], *at = payload;
    Statistics then = known[generation], is = statistics[generation];
    uint64_t event = seen && begun_event != UINT64_MAX ? begun_event : encoder_next_event();
    uint64_t from = seen && begun_ns ? begun_ns : now;
    at = put_varint(at, (uint64_t)generation);
    at = put_varint(at, event);
    at = put_varint(at, from);
    at = put_varint(at, now - from);
    at = put_varint(at, (uint64_t)(is.collected - then.collected));
    at = put_varint(at, (uint64_t)(is.uncollectable - then.uncollectable));
    at = put_varint(at, *enabled && *thresholds > 0 ? (uint64_t)*thresholds : 0);
    tables_note(NOTE_COLLECTION, encoder_next_event(), payload, (size_t)(at - payload));
    known[generation] = is;
}

/*
 * Whether a collection is near, and has been for a while: C code that makes many containers keeps the interpreter from the bytecode
 * at which it would collect. Then the clock is read at some of the hooks only.
 */
int collector_waits(void)
{
    static unsigned waits;
    if (!collector.watch || *collector.collecting || collector.seen || *collector.count < collector.limit) return 0;
    if (has_run(0) | has_run(1) | has_run(2)) return 0;
    return ++waits % LOOK_AT_EACH != 0;
}

/*
 * In a hook of a domain that holds the GIL, before its event, with the lock held: something is about to happen, happens, or is over.
 */
void collector_look(void *of_interpreter)
{
    uint64_t now;
    int i, runs = 0;
    if (statistics == NULL || of_interpreter != interpreter) return;
    now = elapsed_ns();
    if (*collector.collecting) {
        if (!collector.seen) {
            collector.seen = 1;
            begun_event = encoder_next_event();
            begun_ns = collector.watch ? near_ns : now;
            collector.watch = 0;
        }
        return;
    }
    if (!collector.seen) {
        begun_event = UINT64_MAX;
        begun_ns = collector.watch ? near_ns : 0;
    }
    for (i = 0; i < GENERATIONS; i++) runs += has_run(i);
    for (i = GENERATIONS - 1; runs > 0 && i >= 0; i--)
        if (has_run(i)) note(i, runs == 1 || statistics[i].collected != known[i].collected, now);
    collector.seen = 0;
    set_limit();
    collector.watch = *collector.count >= collector.limit;
    near_ns = now;
}

/* Now and then: thresholds may have been changed, and a collection without garbage be over. */
void collector_housekeeping(void)
{
    if (statistics == NULL) return;
    set_limit();
    if (!*collector.collecting && !collector.seen && !collector.watch) {
        int i;
        for (i = 0; i < GENERATIONS; i++) if (has_run(i)) collector.watch = 1;
        near_ns = 0;
    }
}
