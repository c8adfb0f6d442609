// The subpath `tape`: what programs without a page need of tapes.

export { type ArenaHeap, BlockKind, type BlockLife, type Field, PoolKind } from "./arena-heap.ts";
export { ABSENT, FULL, type HeapTape, NEVER } from "./heap-tape.ts";
export { packTape, unpackTape } from "./pack-tape.ts";
export { TapeHeap } from "./tape-heap.ts";
