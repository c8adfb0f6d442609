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
  readonly frame: Frame | undefined;
  arenas: number;
  heldBytes: number;
  sharedArenas: number;
  sharedBytes: number;
  blocks: number;
  liveBytes: number;
  stack: number;
  /** The last arena that it was found in, by number. */
  seenIn: number;
}

/** Lines with blocks inside arenas: most bytes held alone first, then most bytes shared. */
export function pins(replay: Replay, stacks: Stacks): Pin[] {
  const { live, arenas } = replay.machine;
  const { arenaBytes } = replay.profile.pymalloc;
  const tallies = new Tallies(stacks);
  let number = 0;
  let lines: Tally[] = [];
  const count = (record: number) => {
    const tally = tallies.of(live.stackOf(record));
    tally.blocks++;
    tally.liveBytes += live.sizeOf(record);
    if (tally.seenIn === number) return;
    tally.seenIn = number;
    lines.push(tally);
  };
  for (const arena of arenas.all()) {
    number++;
    lines = [];
    live.each(arena.linear, arena.linear + arenaBytes, count);
    for (const tally of lines) {
      if (lines.length === 1) {
        tally.arenas++;
        tally.heldBytes += arenaBytes;
      } else {
        tally.sharedArenas++;
        tally.sharedBytes += arenaBytes / lines.length;
      }
    }
  }
  return tallies
    .all()
    .map(({ seenIn: _, ...tally }) => ({ ...tally, leverage: tally.heldBytes / tally.liveBytes }))
    .sort((a, b) => b.heldBytes - a.heldBytes || b.sharedBytes - a.sharedBytes || b.liveBytes - a.liveBytes);
}

/** A tally for each line, found by stack. */
class Tallies {
  private readonly stacks: Stacks;
  private readonly byStack: (Tally | undefined)[] = [];
  private readonly byFrame = new Map<Frame | undefined, Tally>();

  constructor(stacks: Stacks) {
    this.stacks = stacks;
  }

  all(): Tally[] {
    return [...this.byFrame.values()];
  }

  of(stack: number): Tally {
    return this.byStack[stack] ?? this.find(stack);
  }

  private find(stack: number): Tally {
    const frame = this.stacks.innermost(stack);
    let tally = this.byFrame.get(frame);
    if (tally === undefined) {
      const none = { arenas: 0, heldBytes: 0, sharedArenas: 0, sharedBytes: 0, blocks: 0, liveBytes: 0 };
      tally = { frame, ...none, stack, seenIn: 0 };
      this.byFrame.set(frame, tally);
    }
    this.byStack[stack] = tally;
    return tally;
  }
}
