/* The fields of an account, shared by what gathers them; FORMAT.md of packages/trace says what each is. */
#ifndef OBMALLOC_VITALS_H
#define OBMALLOC_VITALS_H

#include "recorder.h"

/* The same numbers as AccountField of packages/trace/src/format/constants.ts. */
enum {
    RSS = 1, ANONYMOUS, PRIVATE_CLEAN, PRIVATE_DIRTY, SHARED_CLEAN, SHARED_DIRTY, LAZY_FREE, ANON_HUGE, SWAP, PEAK_RSS,
    MALLOC_SYSTEM = 16, MALLOC_MAPPED, MALLOC_USED, MALLOC_FREE, MALLOC_TOP,
    HEAP_SIZE = 32, HEAP_RSS, FILE_RSS, FILE_WRITTEN, STACK_RSS, SHARED_MEMORY_RSS, UNNAMED_RSS,
    RECORDER_RSS, REGION_RSS, ARENA_RSS, THREAD_STACK_RSS, FIELD_END
};

/* Of the account that is being taken, in bytes. */
extern HIDDEN uint64_t vitals[FIELD_END];

/* smaps.c: adds up every mapping, in all and by kind. */
HIDDEN void smaps_read(void);
HIDDEN uint64_t smaps_peak(void);

#endif
