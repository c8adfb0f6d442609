/* XXH32 (the xxHash specification, 32 bits): the checksum of a chunk. Written from the specification. */
#ifndef OBMALLOC_CHECKSUM_H
#define OBMALLOC_CHECKSUM_H

#include <stdint.h>
#include <string.h>

#define XXH_PRIME1 0x9E3779B1u
#define XXH_PRIME2 0x85EBCA77u
#define XXH_PRIME3 0xC2B2AE3Du
#define XXH_PRIME4 0x27D4EB2Fu
#define XXH_PRIME5 0x165667B1u

static inline uint32_t rotate_left(uint32_t x, int by) { return x << by | x >> (32 - by); }

static inline uint32_t word_at(const uint8_t *p) { uint32_t w; memcpy(&w, p, 4); return w; }

static uint32_t checksum(const uint8_t *p, size_t length, uint32_t seed)
{
    const uint8_t *end = p + length;
    uint32_t h;
    if (length >= 16) {
        uint32_t lane[4] = {seed + XXH_PRIME1 + XXH_PRIME2, seed + XXH_PRIME2, seed, seed - XXH_PRIME1};
        int i;
        do {
            for (i = 0; i < 4; i++, p += 4) lane[i] = rotate_left(lane[i] + word_at(p) * XXH_PRIME2, 13) * XXH_PRIME1;
        } while (p + 16 <= end);
        h = rotate_left(lane[0], 1) + rotate_left(lane[1], 7) + rotate_left(lane[2], 12) + rotate_left(lane[3], 18);
    } else h = seed + XXH_PRIME5;
    h += (uint32_t)length;
    for (; p + 4 <= end; p += 4) h = rotate_left(h + word_at(p) * XXH_PRIME3, 17) * XXH_PRIME4;
    for (; p < end; p++) h = rotate_left(h + *p * XXH_PRIME5, 11) * XXH_PRIME1;
    h = (h ^ h >> 15) * XXH_PRIME2;
    h = (h ^ h >> 13) * XXH_PRIME3;
    return h ^ h >> 16;
}

#endif
