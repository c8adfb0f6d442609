// Decoded events, a thousand at a time, in columns.

/** What one entry of a batch is. The low two bits of the first four are {@link Op}. */
export const Entry = {
  malloc: 0,
  calloc: 1,
  /** A realloc that moved; `old` is where the block was. */
  realloc: 2,
  free: 3,
  /** A realloc that left the block where it was. */
  reallocKept: 4,
  /** A realloc of NULL. */
  reallocNew: 5,
  /** An operation outside of arenas, or one that failed: `address` is an index of the wide columns. */
  wide: 6,
  /** The events that follow are of context `address`. Not an event. */
  context: 7,
  /** Arena `address` was mapped, inside the event that follows. Not an event. */
  arenaMap: 8,
  /** Arena `address` was unmapped, inside the event before. Not an event. */
  arenaUnmap: 9,
} as const;

const CAPACITY = 1024;

/**
 * Columns of up to 1024 entries. In the short kinds, `address` and `old` are linear addresses, as the decoder's
 * address space gives them, inside an arena; `size` is 1 to 512.
 */
export class EventBatch {
  readonly capacity = CAPACITY;
  /** Entries in use. */
  count = 0;
  /** How many of them are events. */
  eventCount = 0;
  readonly kind = new Uint8Array(CAPACITY);
  /** {@link Domain} of an operation. */
  readonly domain = new Uint8Array(CAPACITY);
  readonly address = new Uint32Array(CAPACITY);
  readonly old = new Uint32Array(CAPACITY);
  readonly size = new Uint16Array(CAPACITY);
  /** Stack id; 0 where no Python code ran. */
  readonly stack = new Uint32Array(CAPACITY);
  /** The wide entries, by `address`: operation, addresses as recorded, requested bytes. */
  wideCount = 0;
  readonly wideOp = new Uint8Array(CAPACITY);
  readonly wideAddress = new Float64Array(CAPACITY);
  readonly wideOld = new Float64Array(CAPACITY);
  readonly wideSize = new Float64Array(CAPACITY);
}
