/*
 * The definitions that events refer to: code objects, stacks (a tree of nodes), arenas, threads;
 * and the rare records that go beside the events: samples, markers, other mappings.
 *
 * Each definition is written once, into a TABLES chunk that precedes the first events chunk that
 * uses it. Ids count from 1 in the order of definition; 0 means none.
 */
#define _GNU_SOURCE
#include "events.h"

enum {
    RECORD_STRING = 1, RECORD_CODE = 2, RECORD_NODE = 3, RECORD_ARENA = 4,
    RECORD_CONTEXT = 5, RECORD_REGION = 6, RECORD_SAMPLE = 7, RECORD_MARK = 8,
    RECORD_ARENA_GONE = 9, RECORD_NOTE = 10
};

#define MAX_TEXT_BYTES 4096u          /* of a file or function name */
#define MAX_LINE_TABLE_BYTES (1u << 20)
#define MAX_PENDING_BYTES (8u << 20)  /* readers refuse chunks over 64 MiB */

/* ---- the buffer that becomes a TABLES chunk ---- */

static uint8_t *pending;
static size_t pending_bytes, pending_room;

static uint8_t *reserve(size_t bytes)
{
    if (pending_bytes + bytes > pending_room) {
        size_t room = pending_room * 2;
        void *grown;
        while (room < pending_bytes + bytes) room *= 2;
        grown = pages_grow(pending, pending_room, room);
        if (grown == NULL) { state.on = 0; return NULL; }
        pending = grown;
        pending_room = room;
    }
    return pending + pending_bytes;
}

static void commit(uint8_t *end)
{
    pending_bytes = (size_t)(end - pending);
    if (UNLIKELY(pending_bytes > MAX_PENDING_BYTES)) encoder.soft_end = encoder.buffer;   /* flush after this event */
}

void tables_take(const uint8_t **bytes, size_t *length) { *bytes = pending; *length = pending_bytes; }
void tables_taken(void) { pending_bytes = 0; }
int tables_are_large(void) { return pending_bytes > MAX_PENDING_BYTES; }

/* ---- hash tables: open addressing, twice as large when two thirds full ---- */

typedef struct { uint64_t key; uint32_t extra, id; } Entry;   /* id 0: free */
typedef struct { Entry *entries; uint32_t mask, used; } Table;

static Table codes, nodes, strings, contexts, arenas, arena_pages;
static uint32_t code_count, node_count, string_count, context_count, arena_count;
uint8_t code_filter[1 << (CODE_FILTER_BITS - 3)];

#define TOMBSTONE UINT32_MAX

static inline uint32_t hash(uint64_t key, uint32_t extra)
{
    uint64_t h = (key ^ (uint64_t)extra << 40) * 0x9E3779B97F4A7C15ull;
    return (uint32_t)(h >> 32 ^ h >> 15);
}

static void table_prepare(Table *t, uint32_t size)
{
    t->entries = pages_alloc(size * sizeof(Entry));
    t->mask = t->entries ? size - 1 : 0;
    if (t->entries == NULL) state.on = 0;
}

/* The entry of a key, or the free one where it belongs. */
static inline Entry *table_find(Table *t, uint64_t key, uint32_t extra)
{
    uint32_t i = hash(key, extra) & t->mask;
    for (;; i = (i + 1) & t->mask) {
        Entry *e = &t->entries[i];
        if (LIKELY(e->key == key && e->extra == extra && e->id != 0)) return e;
        if (e->id == 0) return e;
    }
}

static COLD void table_grow(Table *t)
{
    Table larger = {0};
    uint32_t i, live = 0;
    for (i = 0; i <= t->mask; i++) live += t->entries[i].id != 0 && t->entries[i].id != TOMBSTONE;
    table_prepare(&larger, live * 2 > t->mask ? (t->mask + 1) * 2 : t->mask + 1);
    if (larger.entries == NULL) return;
    for (i = 0; i <= t->mask; i++) {
        Entry *e = &t->entries[i];
        if (e->id != 0 && e->id != TOMBSTONE) *table_find(&larger, e->key, e->extra) = *e;
    }
    larger.used = live;
    pages_free(t->entries, (t->mask + 1ul) * sizeof(Entry));
    *t = larger;
}

static inline void table_add(Table *t, Entry *e, uint64_t key, uint32_t extra, uint32_t id)
{
    *e = (Entry){key, extra, id};
    if (UNLIKELY(++t->used > t->mask / 3 * 2)) table_grow(t);
}

static void table_remove(Table *t, Entry *e)
{
    (void)t;
    *e = (Entry){0, 0, TOMBSTONE};
}

void tables_prepare(void)
{
    pending_room = 1 << 16;
    pending = pages_alloc(pending_room);
    if (pending == NULL) state.on = 0;
    table_prepare(&codes, 1 << 12);
    table_prepare(&nodes, 1 << 14);
    table_prepare(&strings, 1 << 9);
    table_prepare(&contexts, 1 << 6);
    table_prepare(&arenas, 1 << 10);
    table_prepare(&arena_pages, 1 << 14);
}

/* ---- names ---- */

static uint32_t string_id(const uint8_t *text, size_t length)
{
    uint64_t key = 0xcbf29ce484222325ull;   /* FNV-1a; two texts that collide would need equal lengths too */
    Entry *e;
    uint8_t *at;
    size_t i;
    for (i = 0; i < length; i++) key = (key ^ text[i]) * 0x100000001b3ull;
    e = table_find(&strings, key, (uint32_t)length);
    if (e->id) return e->id;
    at = reserve(length + 16);
    if (at == NULL) return 0;
    *at++ = RECORD_STRING;
    at = put_varint(at, length);
    memcpy(at, text, length);
    commit(at + length);
    table_add(&strings, e, key, (uint32_t)length, ++string_count);
    return string_count;
}

static size_t put_utf8(uint8_t *out, uint32_t c)
{
    if (c < 0x80) { out[0] = (uint8_t)c; return 1; }
    if (c < 0x800) { out[0] = (uint8_t)(0xC0 | c >> 6); out[1] = (uint8_t)(0x80 | (c & 63)); return 2; }
    if (c - 0xD800 < 0x800) c = 0xFFFD;   /* a lone surrogate has no UTF-8 */
    if (c < 0x10000) { out[0] = (uint8_t)(0xE0 | c >> 12); out[1] = (uint8_t)(0x80 | (c >> 6 & 63)); out[2] = (uint8_t)(0x80 | (c & 63)); return 3; }
    out[0] = (uint8_t)(0xF0 | c >> 18); out[1] = (uint8_t)(0x80 | (c >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 63)); out[3] = (uint8_t)(0x80 | (c & 63));
    return 4;
}

/* A str object's text as UTF-8: `PyASCIIObject` has its length at 16 and its kind in the word at 32. */
static uint32_t python_string(char *object)
{
    static uint8_t text[MAX_TEXT_BYTES + 4];
    size_t length, bytes = 0, i;
    uint32_t bits, kind;
    char *data;
    if (object == NULL) return 0;
    length = *(size_t *)(object + 16);
    bits = *(uint32_t *)(object + 32);
    kind = bits >> 2 & 7;
    if (!(bits >> 5 & 1)) return 0;       /* not compact: never so for names the compiler made */
    data = object + (bits >> 6 & 1 ? code_layout.ascii_data : code_layout.compact_data);
    for (i = 0; i < length && bytes < MAX_TEXT_BYTES; i++) {
        uint32_t c = kind == 1 ? ((uint8_t *)data)[i] : kind == 2 ? ((uint16_t *)data)[i] : ((uint32_t *)data)[i];
        bytes += put_utf8(text + bytes, c);
    }
    return string_id(text, bytes);
}

/* ---- code and stacks ---- */

static COLD uint32_t code_define(char *code, Entry *e)
{
    uint32_t file, name, bit;
    char *table = *(char **)(code + code_layout.line_table);
    size_t table_bytes = 0;
    uint8_t *at;
    if (*(void **)(code + 8) != python.code_type) return 0;
    file = python_string(*(char **)(code + code_layout.filename));
    name = python_string(*(char **)(code + code_layout.name));
    if (table) table_bytes = *(size_t *)(table + 16);
    if (table_bytes > MAX_LINE_TABLE_BYTES) table_bytes = 0;
    at = reserve(table_bytes + 64);
    if (at == NULL) return 0;
    *at++ = RECORD_CODE;
    at = put_varint(at, file);
    at = put_varint(at, name);
    at = put_varint(at, (uint32_t)*(int32_t *)(code + code_layout.first_line));
    *at++ = (uint8_t)code_layout.line_table_kind;
    at = put_varint(at, table_bytes);
    if (table_bytes) memcpy(at, table + 32, table_bytes);   /* PyBytesObject.ob_sval */
    commit(at + table_bytes);
    bit = code_filter_bit(code);
    code_filter[bit >> 3] |= (uint8_t)(1 << (bit & 7));
    table_add(&codes, e, (uintptr_t)code, 0, ++code_count);
    return code_count;
}

/* Id of a code object, defined at first sight; 0 when it is no code object. */
uint32_t tables_code(void *code_object)
{
    Entry *e;
    if (code_object == NULL) return 0;
    e = table_find(&codes, (uintptr_t)code_object, 0);
    return LIKELY(e->id) ? e->id : code_define(code_object, e);
}

/* The address may be a code object's that dies now; the next one there is a different one. */
void tables_code_freed(void *address)
{
    Entry *e = table_find(&codes, (uintptr_t)address, 0);
    if (e->id == 0) return;
    table_remove(&codes, e);
    frames_forget_shadow();
}

uint32_t tables_node(uint32_t parent, uint32_t code, uint32_t instruction_offset)
{
    uint64_t key = (uint64_t)parent << 32 | instruction_offset;
    Entry *e = table_find(&nodes, key, code);
    uint8_t *at;
    if (LIKELY(e->id)) return e->id;
    at = reserve(32);
    if (at == NULL) return 0;
    *at++ = RECORD_NODE;
    at = put_varint(at, parent);
    at = put_varint(at, code);
    commit(put_varint(at, instruction_offset));
    table_add(&nodes, e, key, code, ++node_count);
    return node_count;
}

/* ---- threads, arenas, other mappings ---- */

#define MAX_REGIONS 256u

static size_t arena_bytes;
static struct { uintptr_t base; size_t bytes; } regions[MAX_REGIONS];
static unsigned region_count;

uint32_t tables_context(pid_t tid, uint32_t heap)
{
    Entry *e = table_find(&contexts, (uint64_t)tid, heap);
    uint8_t *at;
    if (e->id) return e->id;
    at = reserve(32);
    if (at == NULL) return 0;
    *at++ = RECORD_CONTEXT;
    at = put_varint(at, (uint64_t)tid);
    commit(put_varint(at, heap));
    table_add(&contexts, e, (uint64_t)tid, heap, ++context_count);
    return context_count;
}

/* Calls `visit` with each page that lies wholly in an arena: only these hold pools. */
static void each_page(uintptr_t base, size_t size, void (*visit)(uintptr_t page))
{
    uintptr_t page_bytes = (uintptr_t)1 << encoder.page_shift;
    uintptr_t page = (base + page_bytes - 1) >> encoder.page_shift, end = (base + size) >> encoder.page_shift;
    for (; page < end; page++) visit(page);
}

static void add_page(uintptr_t page)
{
    Entry *e = table_find(&arena_pages, page, 0);
    if (e->id == 0) table_add(&arena_pages, e, page, 0, 1);
}

static void remove_page(uintptr_t page)
{
    Entry *e = table_find(&arena_pages, page, 0);
    if (e->id) table_remove(&arena_pages, e);
}

int tables_is_arena_page(uintptr_t page) { return table_find(&arena_pages, page, 0)->id != 0; }

/* A new id for each mapping, also where an address comes back. */
uint32_t tables_arena_mapped(uintptr_t base, size_t size)
{
    Entry *e = table_find(&arenas, base, 0);
    uint8_t *at = reserve(32);
    if (at == NULL) return 0;
    *at++ = RECORD_ARENA;
    at = put_varint(at, base);
    at = put_varint(at, size);
    commit(put_varint(at, encoder_next_event()));
    arena_count++;
    arena_bytes = size;
    each_page(base, size, add_page);
    if (e->id) e->id = arena_count;
    else table_add(&arenas, e, base, 0, arena_count);
    return arena_count;
}

/* The id of the arena at this base, which is none from now on; 0 when it was none. `event`: the one after. */
uint32_t tables_arena_unmapped(uintptr_t base, size_t size, uint64_t event)
{
    Entry *e = table_find(&arenas, base, 0);
    uint32_t id = e->id;
    if (id) {
        uint8_t *at = reserve(32);
        table_remove(&arenas, e);
        each_page(base, size, remove_page);
        if (at != NULL) {
            *at++ = RECORD_ARENA_GONE;
            at = put_varint(at, id);
            commit(put_varint(at, event));
        }
    }
    return id;
}

void tables_each_arena(void (*visit)(uintptr_t base, size_t bytes, uint32_t id))
{
    uint32_t i;
    for (i = 0; i <= arenas.mask; i++) {
        const Entry *e = &arenas.entries[i];
        if (e->id != 0 && e->id != TOMBSTONE) visit(e->key, arena_bytes, e->id);
    }
}

void tables_each_region(void (*visit)(uintptr_t base, size_t bytes))
{
    unsigned i;
    for (i = 0; i < region_count; i++) visit(regions[i].base, regions[i].bytes);
}

static void remember_region(int mapped, uintptr_t base, size_t size)
{
    unsigned i;
    if (mapped && region_count < MAX_REGIONS) {
        regions[region_count].base = base;
        regions[region_count++].bytes = size;
    }
    for (i = 0; !mapped && i < region_count; i++)
        if (regions[i].base == base) { regions[i] = regions[--region_count]; return; }
}

void tables_region(int mapped, uintptr_t base, size_t size)
{
    uint8_t *at = reserve(48);
    if (at == NULL) return;
    remember_region(mapped, base, size);
    *at++ = RECORD_REGION;
    at = put_varint(at, encoder_next_event());
    *at++ = (uint8_t)mapped;
    at = put_varint(at, base);
    commit(put_varint(at, size));
}

/* ---- samples, notes and markers ---- */

void tables_sample(uint64_t event, uint64_t elapsed, uint64_t rss_pages, uint64_t size_pages, uint64_t shared_pages)
{
    uint8_t *at = reserve(64);
    if (at == NULL) return;
    *at++ = RECORD_SAMPLE;
    at = put_varint(at, event);
    at = put_varint(at, elapsed);
    at = put_varint(at, rss_pages);
    at = put_varint(at, size_pages);
    commit(put_varint(at, shared_pages));
}

/* Readers skip notes of a kind that they do not know. */
void tables_note(int kind, uint64_t event, const uint8_t *payload, size_t length)
{
    uint8_t *at = reserve(length + 48);
    if (at == NULL) return;
    *at++ = RECORD_NOTE;
    *at++ = (uint8_t)kind;
    at = put_varint(at, event);
    at = put_varint(at, length);
    memcpy(at, payload, length);
    commit(at + length);
}

void tables_mark(int kind, uint64_t elapsed, uint64_t rss_pages, const char *label, size_t label_bytes, const char *evidence, size_t evidence_bytes)
{
    uint8_t *at = reserve(label_bytes + evidence_bytes + 64);
    if (at == NULL) return;
    *at++ = RECORD_MARK;
    at = put_varint(at, encoder_next_event());
    *at++ = (uint8_t)kind;
    at = put_varint(at, elapsed);
    at = put_varint(at, rss_pages);
    at = put_varint(at, label_bytes);
    memcpy(at, label, label_bytes);
    at = put_varint(at + label_bytes, evidence_bytes);
    memcpy(at, evidence, evidence_bytes);
    commit(at + evidence_bytes);
}
