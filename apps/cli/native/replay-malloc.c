/*
 * Real malloc, asked what a recorded program asked: reads operations from standard input, does them, touches what a
 * program would write to, and prints what is resident at the end, then after malloc_trim(0).
 *
 * An operation is 8 bytes: a word of the operation (2 bits: 0 malloc, 1 calloc, 2 realloc, 3 free) and a slot (30 bits),
 * and a word of the size. Slots name live blocks; a free slot may be used again. Whatever is preloaded is what answers.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS_MAX (1u << 30)
#define BATCH 8192

typedef struct { size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost; } Mallinfo2;

static uint32_t batch[BATCH * 2];

static long resident_kib(void)
{
    char text[4096];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL) return -1;
    while (fgets(text, sizeof text, status)) if (sscanf(text, "RssAnon: %ld", &kib) == 1) break;
    fclose(status);
    return kib;
}

/* As a program does: objects are written as a whole, large buffers page by page. */
static void touch(char *block, size_t size)
{
    size_t at;
    if (size <= 4096) memset(block, 1, size);
    else for (at = 0; at < size; at += 4096) block[at] = 1;
}

static size_t read_batch(void)
{
    size_t got = 0;
    while (got < sizeof batch) {
        ssize_t more = read(0, (char *)batch + got, sizeof batch - got);
        if (more <= 0) break;
        got += (size_t)more;
    }
    return got / 8;
}

int main(void)
{
    char **slots = mmap(NULL, SLOTS_MAX * sizeof(char *), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uint32_t slots_used = 0;
    long before, after, trimmed, refused = 0, slot_kib;
    size_t count, i;
    int (*trim)(size_t) = (int (*)(size_t))dlsym(RTLD_DEFAULT, "malloc_trim");
    if (slots == MAP_FAILED) return 3;
    before = resident_kib();
    while ((count = read_batch()) > 0) {
        for (i = 0; i < count; i++) {
            uint32_t operation = batch[i * 2] >> 30, slot = batch[i * 2] & (SLOTS_MAX - 1);
            size_t size = batch[i * 2 + 1];
            char *block = NULL;
            if (slot >= slots_used) slots_used = slot + 1;
            if (operation == 3) { free(slots[slot]); slots[slot] = NULL; continue; }
            if (operation == 0) block = malloc(size ? size : 1);
            else if (operation == 1) block = calloc(1, size ? size : 1);
            else block = realloc(slots[slot], size ? size : 1);
            if (block == NULL) { refused++; continue; }
            touch(block, size);
            slots[slot] = block;
        }
    }
    slot_kib = (long)(((size_t)slots_used * sizeof(char *) + 4095) / 4096 * 4);
    after = resident_kib() - before - slot_kib;
    if (trim) trim(0);
    trimmed = resident_kib() - before - slot_kib;
    printf("{\"residentBytes\":%ld,\"trimmedBytes\":%ld,\"refused\":%ld,\"canTrim\":%s}\n", after * 1024, trimmed * 1024, refused, trim ? "true" : "false");
    return 0;
}
