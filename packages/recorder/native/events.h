/*
 * How one event becomes bytes: 3 for a free, 4 for an allocation, in the common case.
 *
 *   bit 0        4 5                     23 24            32
 *       ┌────────┬─┬──────────────────────┬───────────────┐
 *       │ kind   │s│ ref: slot and offset │ size - 1 ...  │   (size: bits 23 to 31, allocations only)
 *       └────────┴─┴──────────────────────┴───────────────┘
 *
 * An address is a page (as large as a pool) and an offset in units of 16 bytes. Pages are named by
 * a slot of a small direct-mapped table; an escape record fills a slot before its first use. `s`
 * says that the stack is the successor of the last one instead of the same. Everything that does
 * not fit (raw domain, over 512 bytes, failures, odd addresses) is written wide. The state that
 * both sides keep is emptied at the start of each chunk.
 */
#ifndef OBMALLOC_EVENTS_H
#define OBMALLOC_EVENTS_H

#include "recorder.h"
#include <string.h>

enum {
    KIND_FREE_OBJ = 0, KIND_FREE_MEM = 1,
    KIND_MALLOC_OBJ = 2, KIND_MALLOC_MEM = 3,
    KIND_CALLOC_OBJ = 4, KIND_CALLOC_MEM = 5,
    KIND_REALLOC_MOVED_OBJ = 6, KIND_REALLOC_MOVED_MEM = 7,
    KIND_REALLOC_KEPT_OBJ = 8, KIND_REALLOC_KEPT_MEM = 9,
    KIND_REALLOC_NEW_OBJ = 10, KIND_REALLOC_NEW_MEM = 11,
    KIND_OLD = 12,
    KIND_ESCAPE = 15
};

enum {
    ESCAPE_SLOT = 0, ESCAPE_STACK = 1, ESCAPE_CONTEXT = 2,
    ESCAPE_ARENA_MAP = 3, ESCAPE_ARENA_UNMAP = 4, ESCAPE_WIDE = 5
};

enum { OP_MALLOC = 0, OP_CALLOC = 1, OP_REALLOC = 2, OP_FREE = 3 };

#define SMALL_REQUEST_MAX 512

static inline uint8_t *put_escape(uint8_t *at, int sub) { *at = (uint8_t)(KIND_ESCAPE | sub << 4); return at + 1; }

static inline uint8_t *put_varint(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) { *at++ = (uint8_t)(value | 0x80); value >>= 7; }
    *at++ = (uint8_t)value;
    return at;
}

/* Slot and offset of an address; names the page first when its slot holds another one. */
static inline uint32_t encode_ref(uintptr_t address)
{
    uintptr_t page = address >> encoder.page_shift;
    uint32_t slot = (uint32_t)page & encoder.slot_mask;
    if (UNLIKELY(encoder.pages[slot] != page)) {
        uint8_t *at = put_escape(encoder.at, ESCAPE_SLOT);
        uint64_t page_bytes = page;
        encoder.pages[slot] = page;
        *at++ = (uint8_t)slot; *at++ = (uint8_t)(slot >> 8);
        memcpy(at, &page_bytes, 8);      /* 5 are kept: a page number has at most 40 bits */
        encoder.at = at + 5;
    }
    return slot << encoder.offset_bits | ((uint32_t)(address >> 4) & encoder.offset_mask);
}

/* 0: the stack is the current one; 1: it is the successor's; anything else is written first. */
static inline uint32_t encode_stack(uint32_t stack)
{
    uint32_t *successor;
    if (LIKELY(stack == encoder.current_stack)) return 0;
    successor = &encoder.successor[encoder.current_stack & (SUCCESSOR_SLOTS - 1)];
    encoder.current_stack = stack;
    if (LIKELY(*successor == stack)) return 1;
    *successor = stack;
    {
        uint8_t *at = put_escape(encoder.at, ESCAPE_STACK);
        memcpy(at, &stack, 4);
        encoder.at = at + 4;
    }
    return 0;
}

static inline void encode_done(void)
{
    encoder.event_count++;
    if (UNLIKELY(encoder.at > encoder.soft_end)) housekeeping();
}

static inline int fits_ref(uintptr_t address) { return (address & 15) == 0 && address >> encoder.page_shift >> 40 == 0; }

static COLD __attribute__((unused)) void encode_wide(int op, int domain, uint32_t stack, size_t size, uintptr_t address, uintptr_t old)
{
    uint32_t s = encode_stack(stack);
    uint8_t *at = put_escape(encoder.at, ESCAPE_WIDE);
    *at++ = (uint8_t)(op | domain << 2 | (int)s << 4);
    if (op != OP_FREE) at = put_varint(at, size);
    at = put_varint(at, address);
    if (op == OP_REALLOC) at = put_varint(at, old);
    encoder.at = at;
    encode_done();
}

static inline void put_word(uint32_t word, int bytes)
{
    memcpy(encoder.at, &word, 4);
    encoder.at += bytes;
}

/* The domain of a short event: 0 obj, 1 mem, as in the kinds. */
static inline uint32_t short_domain(int domain) { return (uint32_t)(DOMAIN_OBJ - domain); }

static inline void encode_free(int domain, uint32_t stack, uintptr_t address)
{
    uint32_t s, ref;
    if (UNLIKELY(domain == DOMAIN_RAW || !fits_ref(address))) { encode_wide(OP_FREE, domain, stack, 0, address, 0); return; }
    s = encode_stack(stack);
    ref = encode_ref(address);
    put_word((KIND_FREE_OBJ + short_domain(domain)) | s << 4 | ref << 5, 3);
    encode_done();
}

static inline int is_short(int domain, size_t size, uintptr_t address)
{
    return domain != DOMAIN_RAW && size - 1 < SMALL_REQUEST_MAX && address != 0 && fits_ref(address);
}

/* malloc, calloc, or realloc of NULL: `kind` is the obj kind. */
static inline void encode_alloc(int op, uint32_t kind, int domain, uint32_t stack, size_t size, uintptr_t address)
{
    uint32_t s, ref;
    if (UNLIKELY(!is_short(domain, size, address))) { encode_wide(op, domain, stack, size, address, 0); return; }
    s = encode_stack(stack);
    ref = encode_ref(address);
    put_word((kind + short_domain(domain)) | s << 4 | ref << 5 | (uint32_t)(size - 1) << 23, 4);
    encode_done();
}

static inline void encode_realloc(int domain, uint32_t stack, size_t size, uintptr_t address, uintptr_t old)
{
    uint32_t s, ref, kind = KIND_REALLOC_KEPT_OBJ;
    if (old == 0) { encode_alloc(OP_REALLOC, KIND_REALLOC_NEW_OBJ, domain, stack, size, address); return; }
    if (UNLIKELY(!is_short(domain, size, address) || !fits_ref(old))) { encode_wide(OP_REALLOC, domain, stack, size, address, old); return; }
    s = encode_stack(stack);
    if (address != old) {
        ref = encode_ref(old);
        put_word(KIND_OLD | ref << 5, 3);
        kind = KIND_REALLOC_MOVED_OBJ;
    }
    ref = encode_ref(address);
    put_word((kind + short_domain(domain)) | s << 4 | ref << 5 | (uint32_t)(size - 1) << 23, 4);
    encode_done();
}

static inline void encode_context(uint32_t context)
{
    encoder.at = put_varint(put_escape(encoder.at, ESCAPE_CONTEXT), context);
}

static inline void encode_arena(int sub, uint32_t arena) { encoder.at = put_varint(put_escape(encoder.at, sub), arena); }

#endif
