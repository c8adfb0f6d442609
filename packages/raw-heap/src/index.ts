export { CanaryError, DoubleFreeError, LeakError, UseAfterFreeError } from "./guards/guard-errors.ts";
export type { AllocationSite, GuardReport } from "./guards/guard-report.ts";
export type { GuardedBlock } from "./guards/guarded-block.ts";
export { type GuardedHeap, type GuardOptions, guardHeap } from "./guards/guarded-heap.ts";
export type { AllocateOptions } from "./heap/heap.ts";
export type {
  ChunkState,
  HeapBlock,
  HeapChunk,
  HeapSnapshot,
  HeapStats,
  PolicyName,
} from "./heap/heap-snapshot.ts";
export { DetachedMemoryError, LinearMemory, type LinearMemoryOptions } from "./memory/linear-memory.ts";
export { PAGE_BYTES, type PageRange } from "./memory/mapper-layout.ts";
export {
  GROWTH_UNIT_BYTES,
  MAX_MEMORY_BYTES,
  type MemoryBacking,
  type MemorySource,
  type WasmMemory,
} from "./memory/memory-source.ts";
export { type MappingStats, NotMappedError, PageMapper } from "./memory/page-mapper.ts";
export type { RawAllocator } from "./raw-allocator.ts";
export { type AttachHeapOptions, type CreateHeapOptions, RawHeap } from "./raw-heap.ts";
export { DetachedHeapError, LockTimeoutError } from "./shared/lock-errors.ts";
export { type HeapOwner, SharedHeap, type SharedHeapOptions } from "./shared/shared-heap.ts";
export { type WasmImports, wasmImports } from "./wasm-imports.ts";
