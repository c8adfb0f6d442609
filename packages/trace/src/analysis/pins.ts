// Which source lines keep arenas alive: an arena goes back to the system only when its last block is free.

import type { Frame, Stacks } from "../lines/stacks.ts";
import type { LiveBlocks } from "../replay/live-blocks.ts";
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
  readonly stack: number;
  /** The last arena that it was found in, by number. */
  seenIn: number;
}

/** Lines with blocks inside arenas: most bytes held alone first, then most bytes shared. */
export function pins(replay: Replay, stacks: Stacks): Pin[] {
  const { live, arenas } = replay.machine;
  const { arenaBytes } = replay.profile.pymalloc;
  const counts = new StackCounts(live, replay.trace.tables.nodeCode.length);
  const tallies = new Tallies(stacks);
  let number = 0;
  for (const arena of arenas.all()) {
    number++;
    const lines: Tally[] = [];
    for (const stack of counts.add(arena.linear, arena.linear + arenaBytes, number)) {
      const tally = tallies.of(stack);
      if (tally.seenIn === number) continue;
      tally.seenIn = number;
      lines.push(tally);
    }
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
  for (let stack = 0; stack < counts.blocks.length; stack++) {
    if (counts.blocks[stack] === 0) continue;
    const tally = tallies.of(stack);
    tally.blocks += counts.blocks[stack]!;
    tally.liveBytes += counts.bytes[stack]!;
  }
  return Array.from(tallies.values(), pinOf).sort(
    (a, b) => b.heldBytes - a.heldBytes || b.sharedBytes - a.sharedBytes || b.liveBytes - a.liveBytes,
  );
}

/** Field by field: there may be thousands, and V8 takes its time over `...`. */
function pinOf({
  frame,
  arenas,
  heldBytes,
  sharedArenas,
  sharedBytes,
  blocks,
  liveBytes,
  stack,
}: Tally): Pin {
  const leverage = heldBytes / liveBytes;
  return { frame, arenas, heldBytes, sharedArenas, sharedBytes, blocks, liveBytes, stack, leverage };
}

/** A tally for each line, found by stack. */
class Tallies {
  private readonly stacks: Stacks;
  private readonly byStack: (Tally | undefined)[] = [];
  private readonly byFrame = new Map<Frame | undefined, Tally>();

  constructor(stacks: Stacks) {
    this.stacks = stacks;
  }

  values(): Iterable<Tally> {
    return this.byFrame.values();
  }

  of(stack: number): Tally {
    return this.byStack[stack] ?? this.find(stack);
  }

  private find(stack: number): Tally {
    const frame = this.stacks.innermost(stack);
    let tally = this.byFrame.get(frame);
    if (tally === undefined) {
      tally = emptyTally(frame, stack);
      this.byFrame.set(frame, tally);
    }
    this.byStack[stack] = tally;
    return tally;
  }
}

function emptyTally(frame: Frame | undefined, stack: number): Tally {
  return {
    frame,
    arenas: 0,
    heldBytes: 0,
    sharedArenas: 0,
    sharedBytes: 0,
    blocks: 0,
    liveBytes: 0,
    stack,
    seenIn: 0,
  };
}

/** Live blocks by stack: millions of blocks have thousands of stacks, and lines are looked up for those. */
class StackCounts {
  readonly blocks: Uint32Array;
  /** Requested. */
  readonly bytes: Float64Array;
  /** The last range in which a stack was found, by its number. */
  private readonly seenIn: Uint32Array;
  private readonly live: LiveBlocks;

  constructor(live: LiveBlocks, stacks: number) {
    this.live = live;
    this.blocks = new Uint32Array(stacks);
    this.bytes = new Float64Array(stacks);
    this.seenIn = new Uint32Array(stacks);
  }

  /** Counts what lives in `[from, to)`, the range of this number, from 1; the stacks that have blocks there, by address. */
  add(from: number, to: number, number: number): number[] {
    const { live, blocks, bytes, seenIn } = this;
    const found: number[] = [];
    const records = live.recordsWithin(from, to);
    for (let index = 0; index < records.length; index++) {
      const record = records[index]!;
      const stack = live.stackOf(record);
      blocks[stack]!++;
      bytes[stack]! += live.sizeOf(record);
      if (seenIn[stack] === number) continue;
      seenIn[stack] = number;
      found.push(stack);
    }
    return found;
  }
}
