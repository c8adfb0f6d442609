/* Memory of the recorder's own: straight from the kernel, never from the program's allocators. */
#define _GNU_SOURCE
#include "recorder.h"
#include <sys/mman.h>

/* Zeroed pages, or NULL. */
void *pages_alloc(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* The same pages with more behind them, maybe elsewhere; NULL (and the old ones kept) when there are none. */
void *pages_grow(void *old, size_t old_bytes, size_t new_bytes)
{
    void *p = mremap(old, old_bytes, new_bytes, MREMAP_MAYMOVE);
    return p == MAP_FAILED ? NULL : p;
}

void pages_free(void *pages, size_t bytes) { munmap(pages, bytes); }
