// The GIL in memory: everything that several threads have to agree about.

import { array, ilp32, struct } from "@obmalloc/abi";

/** Threads that can be attached at one time. */
export const MAX_THREADS = 64;
/** Bytes of a thread's name, UTF-8. */
const NAME_BYTES = 32;

/**
 * One thread. `state` is a {@link ThreadState}; `ticket` says since when it waits, in the order of all waits; `wake`
 * changes when it is to look again; `beats` counts its checkpoints, so that others see that it lives. `waited` and
 * `longest_wait` are in switch intervals.
 */
export const gilThread = struct(ilp32, {
  state: "i32",
  ticket: "u32",
  wake: "i32",
  beats: "u32",
  acquired: "u32",
  contended: "u32",
  waited: "u32",
  longest_wait: "u32",
  name: array("u32", NAME_BYTES / 4),
});

/**
 * The lock. `owner` is 0 when nobody has it, the number of a thread when it has it, and minus that number when it was
 * handed to a thread that has not taken it yet. `interval` is in milliseconds; `forced_switches` counts how often the
 * lock was handed on because somebody had waited for an interval.
 *
 * @see CPython 3.13 Include/internal/pycore_gil.h, struct _gil_runtime_state
 */
export const gilState = struct(ilp32, {
  owner: "i32",
  last_holder: "i32",
  gil_drop_request: "i32",
  switch_number: "u32",
  waiting: "i32",
  next_ticket: "u32",
  interval: "u32",
  drop_requests: "u32",
  forced_switches: "u32",
  threads: array(gilThread, MAX_THREADS),
});

/** A thread dozes when the lock was handed to it and it did not take it in time; it waits again once it wakes up. */
export const ThreadState = { none: 0, running: 1, waiting: 2, dozing: 3, gone: 4 } as const;
export type ThreadState = (typeof ThreadState)[keyof typeof ThreadState];
