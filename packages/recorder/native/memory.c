/* Memory of the recorder's own: straight from the kernel, never from the program's allocators; and where it is. */
#define _GNU_SOURCE
#include "recorder.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_OWN 64

static struct { uintptr_t base; size_t bytes; } own[MAX_OWN];
static unsigned own_count;

static void remember(void *old, void *base, size_t bytes)
{
    unsigned i;
    for (i = 0; i < own_count; i++) {
        if (own[i].base != (uintptr_t)old || old == NULL) continue;
        own[i].base = (uintptr_t)base;
        own[i].bytes = bytes;
        if (base == NULL) own[i] = own[--own_count];
        return;
    }
    if (base != NULL && own_count < MAX_OWN) {
        own[own_count].base = (uintptr_t)base;
        own[own_count++].bytes = bytes;
    }
}

/* Zeroed pages, or NULL. */
void *pages_alloc(size_t bytes)
{
    void *p = (void *)syscall(SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return NULL;
    remember(NULL, p, bytes);
    return p;
}

/* The same pages with more behind them, maybe elsewhere; NULL (and the old ones kept) when there are none. */
void *pages_grow(void *old, size_t old_bytes, size_t new_bytes)
{
    void *p = (void *)syscall(SYS_mremap, old, old_bytes, new_bytes, MREMAP_MAYMOVE);
    if (p == MAP_FAILED) return NULL;
    remember(old, p, new_bytes);
    return p;
}

void pages_free(void *pages, size_t bytes)
{
    remember(pages, NULL, 0);
    syscall(SYS_munmap, pages, bytes);
}

void pages_each(void (*visit)(uintptr_t base, size_t bytes))
{
    unsigned i;
    for (i = 0; i < own_count; i++) visit(own[i].base, own[i].bytes);
}
