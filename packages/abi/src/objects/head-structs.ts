// What stands at the start of every object and in front of those that the collector knows, as declarations.
// A declaration is a record of field names and types in C's order; object-layouts.ts lays it out.

import { array } from "../struct.ts";

/**
 * `PyObject` (lp64: 16 bytes, ilp32: 8).
 *
 *      lp64   0            8
 *      ilp32  0            4
 *             ┌────────────┬───────────┐
 *             │ ob_refcnt  │ ob_type   │   3.12 and 3.13 on lp64 look at the low half of ob_refcnt to tell immortals
 *             └────────────┴───────────┘
 *
 * @see CPython 3.13 Include/object.h
 */
export const objectHead = { ob_refcnt: "ssize", ob_type: "ptr" } as const;

/**
 * `PyObject` of 3.14 and 3.15 on lp64: the count has 32 bits.
 *
 *      0           4             6          8
 *      ┌───────────┬─────────────┬──────────┬───────────┐
 *      │ ob_refcnt │ ob_overflow │ ob_flags │ ob_type   │
 *      └───────────┴─────────────┴──────────┴───────────┘
 *
 * @see CPython 3.14 Include/object.h
 */
export const splitObjectHead = {
  ob_refcnt: "u32",
  ob_overflow: "u16",
  ob_flags: "u16",
  ob_type: "ptr",
} as const;

/**
 * `PyGC_Head` of 3.7, in front of each object that the collector may track (lp64: 32 bytes, ilp32: 16).
 *
 *      lp64   0         8         16                    24      32
 *      ilp32  0         4         8                     12      16
 *             ┌─────────┬─────────┬─────────────────────┬─ ─ ─ ─┐
 *             │ gc_next │ gc_prev │ gc_refs << 1 | fin. │       │ object
 *             └─────────┴─────────┴─────────────────────┴─ ─ ─ ─┘
 *
 * A union with a `long double` (`dummy`) makes it a multiple of 16 bytes.
 * @see CPython 3.7 Include/objimpl.h
 */
export const gcHeadWithRefs = {
  gc_next: "ptr",
  gc_prev: "ptr",
  gc_refs: "ssize", // GC_REACHABLE, GC_TENTATIVELY_UNREACHABLE, GC_UNTRACKED, or a count
  dummy: array("f128", 0),
} as const;

/**
 * `PyGC_Head` since 3.8 (lp64: 16 bytes, ilp32: 8).
 *
 *      lp64   0                      8                                                16
 *      ilp32  0                      4                                                8
 *             ┌──────────────────────┬────────────────────────────────────────────────┐
 *             │ _gc_next | tags      │ _gc_prev, or gc_refs << 2 | collecting | fin.  │ object
 *             └──────────────────────┴────────────────────────────────────────────────┘
 *
 * @see CPython 3.8 Include/internal/pycore_gc.h
 */
export const gcHeadTagged = { _gc_next: "ptr", _gc_prev: "ptr" } as const;
