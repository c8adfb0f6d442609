// What the domains themselves keep in memory, so that another thread, or a copy of the bytes, finds it.

import { array, ilp32, type Profile, struct } from "@obmalloc/abi";
import { gilState } from "./gil/layout.ts";

/** Heaps that threads can have of their own at one time, those included that a thread has left. */
export const MAX_THREAD_HEAPS = 64;

/**
 * A thread's own heap: a {@link ThreadHeapState}, the first of the blocks that other threads have freed (each links to
 * the next one with its first word), the address of its pymalloc, and how many blocks of the raw heap the thread has
 * freed: whoever made them counted them.
 */
export const threadHeap = struct(ilp32, { state: "i32", mailbox: "i32", pymalloc: "u32", raw_freed: "u32" });

/** "left" by a thread that was detached: the next one that is attached takes it over. */
export const ThreadHeapState = { none: 0, used: 1, left: 2 } as const;

/**
 * The state of the domains, from the raw heap. `pymalloc` is the address of the one that all threads have, 0 where each
 * has its own; `owners` that of the map of whose each pool is; `serialno` counts the debug blocks that were made (builds
 * with serial numbers).
 *
 *     ┌──────────┬────────┬──────────┬─ ─ ─ ─┬─ ─ ─ ─ ─ ─ ─ ─ ┐
 *     │ pymalloc │ owners │ serialno │ gil   │ thread_heaps
 *     └──────────┴────────┴──────────┴─ ─ ─ ─┴─ ─ ─ ─ ─ ─ ─ ─ ┘
 */
export const domainsState = ({ model }: Profile) =>
  struct(model, {
    pymalloc: "ptr",
    owners: "ptr",
    serialno: "size",
    gil: gilState,
    thread_heaps: array(threadHeap, MAX_THREAD_HEAPS),
  });
