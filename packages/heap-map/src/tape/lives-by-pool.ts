// The lives of a tape by pool.

import type { HeapTape } from "./heap-tape.ts";
import { SLICE_LIVES } from "./slices.ts";

/** In the order of births: the lives of `pool` are `lives` from `starts[pool]` to before `starts[pool + 1]`. */
export interface LivesByPool {
  readonly lives: Uint32Array;
  readonly starts: Uint32Array;
}

/** @param poolShift the units of a pool, as a shift. */
export function* sortingByPool(
  tape: HeapTape,
  poolShift: number,
  pools: number,
): Generator<void, LivesByPool> {
  const { place } = tape.lives;
  const starts = new Uint32Array(pools + 1);
  for (let start = 0; start < place.length; start += SLICE_LIVES) {
    const end = Math.min(place.length, start + SLICE_LIVES);
    for (let life = start; life < end; life++) starts[(place[life]! >>> poolShift) + 1]!++;
    yield;
  }
  for (let pool = 0; pool < pools; pool++) starts[pool + 1]! += starts[pool]!;
  const next = starts.slice();
  const lives = new Uint32Array(place.length);
  for (let start = 0; start < place.length; start += SLICE_LIVES) {
    const end = Math.min(place.length, start + SLICE_LIVES);
    for (let life = start; life < end; life++) lives[next[place[life]! >>> poolShift]!++] = life;
    yield;
  }
  return { lives, starts };
}
