// What the debug hooks put around a block, as data.

import type { Profile } from "@obmalloc/abi";

/** Fills new blocks. */
export const CLEAN_BYTE = 0xcd;
/** Fills freed blocks. */
export const DEAD_BYTE = 0xdd;
/** Stands in front of and behind each block. */
export const FORBIDDEN_BYTE = 0xfd;
/** Bytes at each end of a block that `realloc` makes unreadable while the block may move. */
export const ERASED_BYTES = 64;

/**
 * A block with the debug hooks around it; S is the size of a pointer, n the size that was asked for.
 *
 *     0               S     S+1        2S                  2S+n        3S+n          4S+n
 *     ┌───────────────┬─────┬──────────┬───────────────────┬───────────┬─────────────┐
 *     │ n, big-endian │ api │ FD .. FD │ data: CD .. at    │ FD .. FD  │ serial, 3.7 │
 *     │               │     │ S-1      │ first, then yours │ S         │ big-endian  │
 *     └───────────────┴─────┴──────────┴───────────────────┴───────────┴─────────────┘
 *                                      ▲ what the caller gets
 *
 * @see CPython 3.13 Objects/obmalloc.c, "A x-platform debugging allocator"
 */
export interface DebugLayout {
  /** S. */
  readonly wordBytes: 4 | 8;
  /** In front of the data: 2S. */
  readonly headBytes: number;
  /** In front of and behind the data. */
  readonly overheadBytes: number;
  readonly hasSerialNumber: boolean;
}

export function debugLayout({ model, domains }: Profile): DebugLayout {
  const wordBytes = model.pointerBytes;
  const hasSerialNumber = domains.debugSerialNumber;
  return Object.freeze({
    wordBytes,
    headBytes: 2 * wordBytes,
    overheadBytes: (hasSerialNumber ? 4 : 3) * wordBytes,
    hasSerialNumber,
  });
}
