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
  arenaGone: 9,
  note: 10,
} as const;

/** What a note is about. Readers skip kinds that they do not know. */
export const NoteKind = {
  account: 1,
  arenaResidency: 2,
  mapping: 3,
  mappingGone: 4,
  mappingResidency: 5,
  collection: 6,
  clock: 7,
} as const;

/** Numbers of the fields of an account; all are bytes. FORMAT.md says what each is. */
export const AccountField = {
  rss: 1,
  anonymous: 2,
  privateClean: 3,
  privateDirty: 4,
  sharedClean: 5,
  sharedDirty: 6,
  lazyFree: 7,
  anonHuge: 8,
  swap: 9,
  peakRss: 10,
  mallocSystem: 16,
  mallocMapped: 17,
  mallocUsed: 18,
  mallocFree: 19,
  mallocTop: 20,
  heapSize: 32,
  heapRss: 33,
  fileRss: 34,
  fileWritten: 35,
  stackRss: 36,
  sharedMemoryRss: 37,
  unnamedRss: 38,
  recorderRss: 39,
  regionRss: 40,
  arenaRss: 41,
  threadStackRss: 42,
} as const;

/** Operations, as a wide event names them. */
export const Op = { malloc: 0, calloc: 1, realloc: 2, free: 3 } as const;
export type Op = (typeof Op)[keyof typeof Op];

/** CPython's allocator domains, `PyMemAllocatorDomain`. */
export const Domain = { raw: 0, mem: 1, obj: 2 } as const;
export type Domain = (typeof Domain)[keyof typeof Domain];

/** First bytes of the records of an EVENTS chunk; below 0x80 is a count of predicted events, less one. */
export const EventRecord = {
  /** The symbol was predicted, the address follows: the two low bits and two bytes are its ref. */
  explicitAddress: 0x80,
  slot: 0x84,
  wide: 0x85,
  context: 0x86,
  arenaMap: 0x87,
  arenaUnmap: 0x88,
  /** Where the realloc that follows moved from. */
  old: 0x8a,
  /** Bit 3: a stack follows; bits 1 and 2: {@link ReallocForm}; bit 0: the mem domain. */
  realloc: 0x90,
  /** A symbol that was not predicted. Bits 4 and 5: how the address is given; bit 3: a stack follows; bits 0 to 2. */
  symbol: 0xc0,
} as const;
export const RUN_MAX = 0x7f;
export const STACK_FOLLOWS = 8;

/** The form of a realloc. */
export const ReallocForm = { moved: 0, kept: 2, fresh: 4 } as const;

/**
 * Low three bits of a symbol: what is done in the obj domain; one more is the mem domain. A realloc is no symbol of an
 * event, but counts for the history: {@link SymbolOp}.realloc, its form << 2, its size - 1 in the value.
 */
export const SymbolOp = { free: 0, malloc: 2, calloc: 4, realloc: 6 } as const;
/** A symbol is its operation, how the address is given << 3, and a value << 5: size - 1, or a size class. */
export const SYMBOL_HOW_SHIFT = 3;
export const SYMBOL_VALUE_SHIFT = 5;

/** How an address is given: by one of three predictions, or by a ref. */
export const AllocHow = { freedLast: 0, next: 1, step: 2 } as const;
export const FreeHow = { allocatedLast: 0, step: 1, next: 2 } as const;
export const EXPLICIT = 3;

/** The value of a free outside of arenas. */
export const NO_CLASS = 63;
export const CLASSES = 32;
export const CLASS_SHIFT = 4;

/** A short event's size is 1 to this. */
export const SHORT_SIZE_MAX = 512;
/** Bits that name an address: a slot, then an offset in units of 16 bytes. */
export const REF_BITS = 18;
export const REF_UNIT_SHIFT = 4;
export const MAX_SLOTS = 1024;

/** Predicted symbols, the multipliers of their hash, and how much of each symbol the history keeps. */
export const SYMBOL_BITS = 11;
export const HISTORY_SHIFT = 11;
export const HASH = { stack: 0x9e3779b1, symbol: 0x85ebca77, history: 0xc2b2ae3d } as const;

/** Freed blocks that are remembered of each class, and how far back an allocation is looked for. */
export const FREED_KEPT = 64;
export const FREED_SEARCHED = 8;

/** The largest events payload that a writer makes before it starts a new chunk. */
export const EVENTS_CHUNK_BYTES = 256 * 1024;
