export { type ArenaAllocator, mappedArenas } from "./arena-allocator.ts";
export type { ArenaEvent } from "./arena-history.ts";
export { ArenaAddressError } from "./arena-slots.ts";
export { type CFile, type PyMallocCApi, type PyObjectArenaAllocator, pymallocCApi } from "./capi.ts";
export {
  type AttachPyMallocOptions,
  attachPyMalloc,
  type CreatePyMallocOptions,
  createPyMalloc,
  type OwnerOptions,
  type Surroundings,
} from "./create.ts";
export { type FoundBlock, findBlock } from "./find-block.ts";
export type { ArenaSnapshot, PoolSnapshot, PoolState, PyMallocSnapshot } from "./inspect.ts";
export type { PyMalloc } from "./pymalloc.ts";
export { obmallocState } from "./state-layout.ts";
export {
  type ArenaBytes,
  type ArenaMapBytes,
  type ArenaMapCounts,
  type ClassCounts,
  type ClassStats,
  deriveStats,
  type PyMallocCounts,
  type PyMallocStats,
} from "./stats.ts";
export { formatDebugMallocStats } from "./stats-text.ts";
export { type Rules, VariationError, type Variations } from "./variations.ts";
