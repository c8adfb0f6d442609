// Less work for those who search: with as many operations as the others they would take hours.

import type { Candidate } from "./entrant.ts";
import type { StreamScale } from "./streams/kind.ts";

/** What an allocator walks through to find a place. */
export type Search = NonNullable<Candidate["searches"]>;

/** Steps of a search, all operations together: some seconds of work. */
const STEPS = 30_000_000;
/** The most live blocks, where the operations follow from them. */
const MOST_BLOCKS = 5000;
/** The most live blocks for a search byte by byte, whatever the stream. */
const MOST_BLOCKS_OF_BYTES = 500;

/** Fewer operations with as many live blocks; fewer live blocks where the operations follow from them. */
export function cutScale(scale: StreamScale, search: Search): StreamScale {
  const mostBlocks = search === "bytes" ? MOST_BLOCKS_OF_BYTES : MOST_BLOCKS;
  const areBlocksCut = search === "bytes" || scale.operations === 0;
  const live = areBlocksCut ? Math.min(scale.live, mostBlocks) : scale.live;
  const stepsOfOne = (live + 1) * (search === "bytes" ? scale.sizes.max : 1);
  return { ...scale, live, operations: Math.min(scale.operations, Math.ceil(STEPS / stepsOfOne)) };
}
