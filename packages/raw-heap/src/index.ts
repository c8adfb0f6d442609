export { DetachedMemoryError, LinearMemory, type LinearMemoryOptions } from "./linear-memory.ts";
export { MappedRaw, type MappedRawOptions } from "./mapped-raw.ts";
export { PAGE_BYTES, type PageRange } from "./mapper-layout.ts";
export {
  GROWTH_UNIT_BYTES,
  MAX_MEMORY_BYTES,
  type MemoryBacking,
  type MemorySource,
  type WasmMemory,
} from "./memory-source.ts";
export { type MappingStats, NotMappedError, PageMapper } from "./page-mapper.ts";
export type { RawAllocator } from "./raw-allocator.ts";
