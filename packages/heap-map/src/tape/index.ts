// The subpath `tape`: what programs without a page need of tapes.

export { ABSENT, FULL, type HeapTape, NEVER } from "./heap-tape.ts";
export { packTape, unpackTape } from "./pack-tape.ts";
