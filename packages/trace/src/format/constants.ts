// The numbers of the trace format. FORMAT.md describes what they mean; packages/recorder/native writes the same.

export const FORMAT_VERSION = 1;

/** First bytes of a file. The unprintable ones show transfers that change bytes, as PNG's do. */
export const FILE_MAGIC = Uint8Array.of(0x89, 0x4f, 0x42, 0x4d, 0x0d, 0x0a, 0x1a, 0x0a);
export const FILE_HEADER_BYTES = 16;

/** "OBCK", the first four bytes of a chunk. */
export const CHUNK_MAGIC = 0x4b43424f;
export const CHUNK_HEADER_BYTES = 32;
/** A reader refuses longer chunks: a writer cuts long before. */
export const MAX_CHUNK_BYTES = 64 * 1024 * 1024;

/** "OBDX", the last four bytes of a finished file; the eight bytes before the last eight say where the index is. */
export const INDEX_MAGIC = 0x5844424f;
export const TRAILER_BYTES = 16;
export const INDEX_ENTRY_BYTES = 24;

export const ChunkKind = { info: 1, tables: 2, events: 3, end: 4, index: 5 } as const;
export type ChunkKind = (typeof ChunkKind)[keyof typeof ChunkKind];

export const Codec = { stored: 0, deflateRaw: 1 } as const;

export const TableRecord = {
  string: 1,
  code: 2,
  node: 3,
  arena: 4,
  context: 5,
  region: 6,
  sample: 7,
  mark: 8,
} as const;

/** Low four bits of an event's first byte. The first six are of the obj domain; one more is of the mem domain. */
export const EventKind = {
  free: 0,
  malloc: 2,
  calloc: 4,
  reallocMoved: 6,
  reallocKept: 8,
  reallocNew: 10,
  /** Where the realloc that follows moved from. */
  old: 12,
  escape: 15,
} as const;

/** High four bits of an escape's first byte. */
export const Escape = { slot: 0, stack: 1, context: 2, arenaMap: 3, arenaUnmap: 4, wide: 5 } as const;

/** Operations, as a wide event names them. */
export const Op = { malloc: 0, calloc: 1, realloc: 2, free: 3 } as const;
export type Op = (typeof Op)[keyof typeof Op];

/** CPython's allocator domains, `PyMemAllocatorDomain`. */
export const Domain = { raw: 0, mem: 1, obj: 2 } as const;
export type Domain = (typeof Domain)[keyof typeof Domain];

/** A short event names a size of 1 to this. */
export const SHORT_SIZE_MAX = 512;
/** Bits of a short event that name an address: a slot, then an offset in units of 16 bytes. */
export const REF_BITS = 18;
export const REF_UNIT_SHIFT = 4;
export const MAX_SLOTS = 1024;
export const SUCCESSOR_SLOTS = 4096;

/** The largest events payload that a writer makes before it starts a new chunk. */
export const EVENTS_CHUNK_BYTES = 256 * 1024;
