export { type ArenaAllocator, mappedArenas } from "./arena-allocator.ts";
export { type CreatePyMallocOptions, createPyMalloc } from "./create.ts";
export { PyMalloc, type PyMallocOptions } from "./pymalloc.ts";
export { obmallocState } from "./state-layout.ts";
