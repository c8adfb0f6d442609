// Which source lines keep arenas alive: an arena goes back to the system only when its last block is free.

import type { Frame, Stacks } from "../lines/stacks.ts";
import type { Replay } from "../replay/replay.ts";

/** One source line and what it holds. Sizes in bytes. */
export interface Pin {
  /** The line; undefined for blocks that no Python code asked for. */
  readonly frame: Frame | undefined;
  /** Arenas in which all live blocks come from this line, and their bytes: what only this line keeps. */
  readonly arenas: number;
  readonly heldBytes: number;
  /** Arenas in which other lines have blocks too, and this line's part of their bytes: divided by the lines in each. */
  readonly sharedArenas: number;
  readonly sharedBytes: number;
  /** The line's live blocks inside arenas, and the bytes that were requested for them. */
  readonly blocks: number;
  readonly liveBytes: number;
  /** Bytes held for each live byte. */
  readonly leverage: number;
  /** A stack that the line has blocks from. */
  readonly stack: number;
}

interface Tally {
  arenas: number;
  heldBytes: number;
  sharedArenas: number;
  sharedBytes: number;
  blocks: number;
  liveBytes: number;
  stack: number;
}

/** Lines with blocks inside arenas: most bytes held alone first, then most bytes shared. */
export function pins(replay: Replay, stacks: Stacks): Pin[] {
  const { live } = replay.machine;
  const { arenaBytes } = replay.profile.pymalloc;
  const tallies = new Map<Frame | undefined, Tally>();
  for (const arena of replay.machine.arenas.all()) {
    const lines = new Set<Tally>();
    for (const linear of live.within(arena.linear, arena.linear + arenaBytes)) {
      const stack = live.stackAt(linear);
      const tally = tallyOf(tallies, stacks.innermost(stack), stack);
      tally.blocks++;
      tally.liveBytes += live.sizeAt(linear);
      lines.add(tally);
    }
    for (const tally of lines) {
      if (lines.size === 1) {
        tally.arenas++;
        tally.heldBytes += arenaBytes;
      } else {
        tally.sharedArenas++;
        tally.sharedBytes += arenaBytes / lines.size;
      }
    }
  }
  return [...tallies]
    .map(([frame, tally]) => ({ frame, ...tally, leverage: tally.heldBytes / tally.liveBytes }))
    .sort((a, b) => b.heldBytes - a.heldBytes || b.sharedBytes - a.sharedBytes || b.liveBytes - a.liveBytes);
}

function tallyOf(tallies: Map<Frame | undefined, Tally>, frame: Frame | undefined, stack: number): Tally {
  let tally = tallies.get(frame);
  if (tally === undefined) {
    tally = { arenas: 0, heldBytes: 0, sharedArenas: 0, sharedBytes: 0, blocks: 0, liveBytes: 0, stack };
    tallies.set(frame, tally);
  }
  return tally;
}
