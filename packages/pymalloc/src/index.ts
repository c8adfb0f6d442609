export { type ArenaAllocator, mappedArenas } from "./arena-allocator.ts";
export { type CreatePyMallocOptions, createPyMalloc } from "./create.ts";
export type { ArenaSnapshot, PoolSnapshot, PoolState, PyMallocSnapshot } from "./inspect.ts";
export { PyMalloc, type PyMallocOptions } from "./pymalloc.ts";
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
