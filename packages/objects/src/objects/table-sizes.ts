// How large the tables of dicts are.

/** Slots of the smallest table, as a power of two (`PyDict_LOG_MINSIZE`). */
export const LOG_MIN_SIZE = 3;

/** The largest table that is made in advance, as a power of two. */
export const LOG_MAX_PRESIZE = 17;

/** Entries that fit in a table of 2^`logSize` slots (`USABLE_FRACTION`). */
export function usableFraction(logSize: number): number {
  return Math.floor((1 << (logSize + 1)) / 3);
}

/** Bytes of the index of a table of 2^`logSize` slots; never less than those of the smallest table. */
export function indexBytes(logSize: number): number {
  if (logSize < 8) return 1 << Math.max(logSize, LOG_MIN_SIZE);
  return 1 << (logSize < 16 ? logSize + 1 : logSize + 2);
}
