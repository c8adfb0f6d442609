/*
 * How one event becomes bytes: about one byte in the common case, often less.
 *
 * An event is a symbol (operation, domain, size or size class, how its address is given, stack) and an
 * address. The three events before it predict the symbol, by a table that both sides keep; the address is
 * predicted from what was allocated and freed in its size class. Events of which everything was
 * predicted are only counted. packages/trace/FORMAT.md describes every record; the two inline
 * functions that predict addresses, and the order of their updates, are the heart of it.
 *
 * The state is emptied at the start of each chunk, and what concerns addresses when an arena goes.
 */
#ifndef OBMALLOC_EVENTS_H
#define OBMALLOC_EVENTS_H

#include "recorder.h"
#include <string.h>

/* Operations of a symbol: the obj form, the mem form is one more. A realloc's only counts for the history. */
enum { SYMBOL_FREE = 0, SYMBOL_MALLOC = 2, SYMBOL_CALLOC = 4, SYMBOL_REALLOC = 6 };

/* How an address is given. */
enum {
    ALLOC_FREED_LAST = 0,    /* the block of its class that was freed last and is still free */
    ALLOC_NEXT = 1,          /* behind the block of its class that was allocated last */
    ALLOC_STEP = 2,          /* as far from it as that one was from the one before */
    FREE_ALLOCATED_LAST = 0, /* the block of its class that was allocated last */
    FREE_STEP = 1,           /* as far from the one freed last as that one was from the one before */
    FREE_NEXT = 2,           /* behind the one freed last */
    EXPLICIT = 3
};

enum {
    RECORD_EXPLICIT_ADDRESS = 0x80, RECORD_SLOT = 0x84, RECORD_WIDE = 0x85, RECORD_EVENT_CONTEXT = 0x86,
    RECORD_ARENA_MAP = 0x87, RECORD_ARENA_UNMAP = 0x88, RECORD_OLD = 0x8A, RECORD_REALLOC = 0x90, RECORD_SYMBOL = 0xC0
};
enum { STACK_FOLLOWS = 8, RUN_MAX = 127 };
enum { REALLOC_MOVED = 0, REALLOC_KEPT = 2, REALLOC_NEW = 4 };

enum { OP_MALLOC = 0, OP_CALLOC = 1, OP_REALLOC = 2, OP_FREE = 3 };

#define SMALL_REQUEST_MAX 512
#define CLASS_SHIFT 4
#define NO_CLASS 63u          /* value of a free outside of arenas */
#define POOL_SZIDX_OFFSET 36  /* struct pool_header, lp64 */

static inline uint8_t *put_varint(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) { *at++ = (uint8_t)(value | 0x80); value >>= 7; }
    *at++ = (uint8_t)value;
    return at;
}

static inline uint8_t *put_bytes(uint8_t *at, uint64_t value, int count)
{
    memcpy(at, &value, 8);
    return at + count;
}

/* Slot and offset of an address; names the page first when its slot holds another one. */
static inline uint32_t encode_ref(uintptr_t address)
{
    uintptr_t page = address >> encoder.page_shift;
    uint32_t slot = (uint32_t)page & encoder.slot_mask;
    if (UNLIKELY(encoder.pages[slot] != page)) {
        encoder.pages[slot] = page;
        *encoder.at = RECORD_SLOT;
        encoder.at = put_bytes(put_bytes(encoder.at + 1, slot, 2), page, 5);
    }
    return slot << encoder.offset_bits | ((uint32_t)(address >> 4) & encoder.offset_mask);
}

/* `announced`: the event is a free, which is recorded before it happens. */
static inline void encode_done(int announced)
{
    encoder.event_count++;
    if (UNLIKELY(encoder.at > encoder.soft_end)) housekeeping(announced);
}

static inline int fits_ref(uintptr_t address) { return (address & 15) == 0 && address >> encoder.page_shift >> 40 == 0; }

/* Whether pools may lie in the page of an address: it is wholly inside an arena. */
static inline int in_arena(uintptr_t address)
{
    uintptr_t page = address >> encoder.page_shift;
    uintptr_t *known = &encoder.known_pages[page & (KNOWN_PAGES - 1)];
    if (UNLIKELY(*known >> 1 != page)) *known = page << 1 | (uintptr_t)tables_is_arena_page(page);
    return (int)(*known & 1);
}

static inline int same_page(uintptr_t a, uintptr_t b) { return (a ^ b) >> encoder.page_shift == 0; }

/* `from` and `by` bytes more, when that is in the same page; else 0, which no address is. */
static inline uintptr_t within_page(uintptr_t from, uintptr_t by)
{
    uintptr_t to = from + by;
    return same_page(from, to) ? to : 0;
}

static inline uint32_t predict_alloc(uint32_t szidx, uintptr_t address)
{
    ClassHistory *h = &encoder.classes[szidx];
    uint32_t how = EXPLICIT, i;
    if (h->freed_count > 0 && h->freed[(h->freed_count - 1) & (FREED_KEPT - 1)] == address) {
        h->freed_count--;
        how = ALLOC_FREED_LAST;
    } else if (within_page(h->allocated, (szidx + 1) << CLASS_SHIFT) == address) how = ALLOC_NEXT;
    else if (within_page(h->allocated, h->allocated_step) == address) how = ALLOC_STEP;
    else for (i = 1; i <= FREED_SEARCHED && i <= h->freed_count; i++)
        if (h->freed[(h->freed_count - i) & (FREED_KEPT - 1)] == address) { h->freed_count -= i; break; }
    h->allocated_step = same_page(h->allocated, address) ? address - h->allocated : 0;
    h->allocated = address;
    return how;
}

static inline uint32_t predict_free(uint32_t szidx, uintptr_t address)
{
    ClassHistory *h = &encoder.classes[szidx];
    uint32_t how = EXPLICIT;
    if (h->allocated == address) how = FREE_ALLOCATED_LAST;
    else if (within_page(h->freed_last, h->freed_step) == address) how = FREE_STEP;
    else if (within_page(h->freed_last, (szidx + 1) << CLASS_SHIFT) == address) how = FREE_NEXT;
    h->freed_step = same_page(h->freed_last, address) ? address - h->freed_last : 0;
    h->freed_last = address;
    h->freed[h->freed_count++ & (FREED_KEPT - 1)] = address;
    return how;
}

/* Takes a symbol into the history that the next one is predicted from. */
static inline void follow(uint32_t symbol, uint32_t stack)
{
    uint32_t mixed = (symbol ^ stack * 0x9E3779B1u) * 0x85EBCA77u;
    encoder.history = encoder.history << 11 | mixed >> 21;
}

static inline void encode_symbol(uint32_t operation, uint32_t how, uint32_t value, uint32_t stack, uintptr_t address)
{
    uint32_t symbol = operation | how << 3 | value << 5;
    Symbol *predicted = &encoder.symbols[(encoder.history * 0xC2B2AE3Du) >> (32 - SYMBOL_BITS)];
    follow(symbol, stack);
    if (LIKELY(predicted->symbol == symbol && predicted->stack == stack)) {
        if (how != EXPLICIT) {
            if (encoder.run == encoder.at - 1 && *encoder.run < RUN_MAX) ++*encoder.run;
            else { encoder.run = encoder.at; *encoder.at++ = 0; }
        } else {
            uint32_t ref = encode_ref(address);
            *encoder.at = (uint8_t)(RECORD_EXPLICIT_ADDRESS | ref >> 16);
            encoder.at = put_bytes(encoder.at + 1, ref, 2);
        }
    } else {
        uint32_t ref = how == EXPLICIT ? encode_ref(address) : 0;
        uint8_t *at = encoder.at;
        predicted->symbol = symbol;
        predicted->stack = stack;
        *at++ = (uint8_t)(RECORD_SYMBOL | how << 4 | (stack != encoder.stack ? STACK_FOLLOWS : 0) | operation);
        if (stack != encoder.stack) at = put_varint(at, stack);
        at = put_varint(at, value);
        if (how == EXPLICIT) at = put_bytes(at, ref, 3);
        encoder.at = at;
    }
    encoder.stack = stack;
    encode_done(operation < SYMBOL_MALLOC);
}

static COLD __attribute__((unused)) void encode_wide(int op, int domain, uint32_t stack, size_t size, uintptr_t address, uintptr_t old)
{
    uint8_t *at = encoder.at;
    int changed = stack != encoder.stack;
    *at++ = RECORD_WIDE;
    *at++ = (uint8_t)(op | domain << 2 | changed << 4);
    if (changed) at = put_varint(at, stack);
    if (op != OP_FREE) at = put_varint(at, size);
    at = put_varint(at, address);
    if (op == OP_REALLOC) at = put_varint(at, old);
    encoder.at = at;
    encoder.stack = stack;
    encode_done(op == OP_FREE);
}

/* The domain of a short event: 0 obj, 1 mem. */
static inline uint32_t short_domain(int domain) { return (uint32_t)(DOMAIN_OBJ - domain); }

/* Before the block is freed: the header of its pool tells its class. */
static inline void encode_free(int domain, uint32_t stack, uintptr_t address)
{
    uint32_t value = NO_CLASS, how = EXPLICIT;
    if (UNLIKELY(domain == DOMAIN_RAW || !fits_ref(address))) { encode_wide(OP_FREE, domain, stack, 0, address, 0); return; }
    if (LIKELY(in_arena(address))) {
        uintptr_t pool = address >> encoder.page_shift << encoder.page_shift;
        value = *(const uint32_t *)(pool + POOL_SZIDX_OFFSET);
        if (UNLIKELY(value >= CLASSES)) value = NO_CLASS;  /* no pool's address: the program is at fault */
        else how = predict_free(value, address);
    }
    encode_symbol(SYMBOL_FREE + short_domain(domain), how, value, stack, address);
}

static inline int is_short(int domain, size_t size, uintptr_t address)
{
    return domain != DOMAIN_RAW && size - 1 < SMALL_REQUEST_MAX && address != 0 && fits_ref(address);
}

static inline void encode_alloc(int op, int domain, uint32_t stack, size_t size, uintptr_t address)
{
    uint32_t value = (uint32_t)(size - 1), how;
    if (UNLIKELY(!is_short(domain, size, address))) { encode_wide(op, domain, stack, size, address, 0); return; }
    how = LIKELY(in_arena(address)) ? predict_alloc(value >> CLASS_SHIFT, address) : EXPLICIT;
    encode_symbol((op == OP_MALLOC ? SYMBOL_MALLOC : SYMBOL_CALLOC) + short_domain(domain), how, value, stack, address);
}

static inline void encode_realloc(int domain, uint32_t stack, size_t size, uintptr_t address, uintptr_t old)
{
    uint32_t ref, form = old == 0 ? REALLOC_NEW : address == old ? REALLOC_KEPT : REALLOC_MOVED;
    int changed = stack != encoder.stack;
    uint8_t *at;
    if (UNLIKELY(!is_short(domain, size, address) || !fits_ref(old))) { encode_wide(OP_REALLOC, domain, stack, size, address, old); return; }
    if (form == REALLOC_MOVED) {
        ref = encode_ref(old);
        *encoder.at = RECORD_OLD;
        encoder.at = put_bytes(encoder.at + 1, ref, 3);
    }
    ref = encode_ref(address);
    if (form != REALLOC_KEPT && in_arena(address)) predict_alloc((uint32_t)(size - 1) >> CLASS_SHIFT, address);
    at = encoder.at;
    *at++ = (uint8_t)(RECORD_REALLOC | (changed ? STACK_FOLLOWS : 0) | form | short_domain(domain));
    if (changed) at = put_varint(at, stack);
    at = put_varint(at, size - 1);
    encoder.at = put_bytes(at, ref, 3);
    encoder.stack = stack;
    follow(SYMBOL_REALLOC | form << 2 | (uint32_t)(size - 1) << 5, stack);
    encode_done(0);
}

static inline void encode_context(uint32_t context)
{
    *encoder.at = RECORD_EVENT_CONTEXT;
    encoder.at = put_varint(encoder.at + 1, context);
}

static inline void encode_arena(uint8_t record, uint32_t arena)
{
    *encoder.at = record;
    encoder.at = put_varint(encoder.at + 1, arena);
}

#endif
