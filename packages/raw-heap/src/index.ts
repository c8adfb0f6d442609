export {
  GROWTH_UNIT_BYTES,
  LinearMemory,
  type LinearMemoryOptions,
  MAX_MEMORY_BYTES,
  type MemoryBacking,
} from "./linear-memory.ts";
export { MappedRaw, type MappedRawOptions } from "./mapped-raw.ts";
export { PAGE_BYTES, type PageRange } from "./mapper-layout.ts";
export { type MappingStats, NotMappedError, PageMapper } from "./page-mapper.ts";
export type { RawAllocator } from "./raw-allocator.ts";
