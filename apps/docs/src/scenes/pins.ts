// Why memory is not returned: a loop like that of a real program, on pymalloc itself.

import { profileFor } from "@obmalloc/abi";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import { arenaRegion, poolRegion } from "./pymalloc-frames.ts";
import type { Frame, Question, Scene } from "./scene.ts";

type Block = ReturnType<PyMalloc["malloc"]>;

const ITERATIONS = 12_000;
const KEPT_OF = 100;
/** What an iteration makes and drops: a tuple of three, a string, a dict with its table of keys, an int (3.13). */
const TEMPORARY_BYTES = [64, 64, 64, 120, 28] as const;
/** A short string that stays: 54 bytes, and so of the same class as the tuples. */
const KEPT_BYTES = 54;

const text = (bytes: number) => bytes.toLocaleString("en");

/** The loop, and what lives after it. */
class Loop {
  readonly pymalloc = createPyMalloc({ profile: profileFor("3.13"), maxBytes: 128 << 20 });
  readonly temporaries: Block[] = [];
  kept: Block[] = [];

  run(): void {
    for (let index = 0; index < ITERATIONS; index++) {
      for (const sizeBytes of TEMPORARY_BYTES) this.temporaries.push(this.pymalloc.malloc(sizeBytes));
      if (index % KEPT_OF === 0) this.kept.push(this.pymalloc.malloc(KEPT_BYTES));
    }
  }

  drop(): void {
    for (const block of this.temporaries.splice(0)) this.pymalloc.free(block);
  }

  /** Copies each block that stays, and frees the old one. */
  rehome(): void {
    const copies = this.kept.map(() => this.pymalloc.malloc(KEPT_BYTES));
    for (const block of this.kept) this.pymalloc.free(block);
    this.kept = copies;
  }

  figures(): { arenas: number; heldBytes: number; liveBytes: number; freePools: number } {
    const { arenas } = this.pymalloc.inspect();
    return {
      arenas: arenas.length,
      heldBytes: arenas.length * this.pymalloc.profile.pymalloc.arenaBytes,
      liveBytes: arenas.reduce((sum, arena) => sum + arena.liveBytes, 0),
      freePools: arenas.reduce((sum, arena) => sum + arena.nfreepools, 0),
    };
  }
}

function frameOf(loop: Loop, call: string, said: string, isPinned = false): Frame {
  const { arenas, heldBytes, liveBytes, freePools } = loop.figures();
  const { poolBytes } = loop.pymalloc.profile.pymalloc;
  const regions = loop.pymalloc.inspect().arenas.map((arena) => arenaRegion(arena, poolBytes, isPinned));
  const figures = [
    ["arenas", String(arenas)],
    ["bytes held", text(heldBytes)],
    ["bytes in live blocks", text(liveBytes)],
    ["free pools", String(freePools)],
  ] as const;
  return { call, text: said, regions, figures };
}

function* story(): Generator<Frame> {
  const loop = new Loop();
  yield frameOf(loop, "start", "No arena.");
  loop.run();
  yield frameOf(
    loop,
    `${text(ITERATIONS)} iterations`,
    "Each makes a tuple, a string, a dict and an int; one in a hundred also keeps a short string.",
  );
  loop.drop();
  yield frameOf(
    loop,
    "temporaries die",
    "Almost everything is free. But each survivor keeps its pool, and a pool that is in use keeps its arena: nothing went back. The pools that hold survivors are marked; those between them are wholly free, and held.",
    true,
  );
  loop.rehome();
  yield frameOf(
    loop,
    "survivors are copied",
    "The copies lie side by side in one pool. The old places become free, pool after pool, and the arenas without a live block go back; one empty arena is kept for the next need.",
  );
}

/** One pool of the class that temporaries and survivors share. */
function* closeUp(): Generator<Frame> {
  const loop = new Loop();
  const busiest = () => {
    const kept = new Set<number>(loop.kept);
    const { poolBytes } = loop.pymalloc.profile.pymalloc;
    const address = loop.kept[8]! - (loop.kept[8]! % poolBytes);
    const pool = loop.pymalloc
      .inspect()
      .arenas.flatMap(({ pools }) => pools)
      .find((one) => one.address === address)!;
    const region = poolRegion(loop.pymalloc, pool, 2048);
    const cells = region.cells.map((cell) =>
      kept.has(cell.address) ? { ...cell, kind: "pin" as const, label: "kept" } : cell,
    );
    return { ...region, cells: cells.map(({ link: _, ...cell }) => cell) };
  };
  loop.run();
  yield {
    call: "while the loop runs",
    text: "A pool of the class of 64 bytes: tuples, strings, dicts, and here and there a string that will stay.",
    regions: [busiest()],
  };
  loop.drop();
  yield {
    call: "temporaries die",
    text: "One survivor is left of 255 blocks. The pool cannot serve another size class, and its arena cannot go.",
    regions: [busiest()],
  };
}

export const scenes: Readonly<Record<string, Scene>> = {
  "pins.story": { title: "A loop ends, its memory stays", run: story },
  "pins.pool": { title: "One of its pools, before and after", run: closeUp },
};

export const questions: Readonly<Record<string, Question>> = {
  "pins.held": {
    text: "12,000 iterations make temporaries, and 120 short strings of 54 bytes survive. All temporaries are freed. How much do the arenas still hold?",
    options: ["About what the survivors need", "About half of the peak", "Nearly all of the peak"],
    answer() {
      const loop = new Loop();
      loop.run();
      const peak = loop.figures();
      loop.drop();
      const after = loop.figures();
      const share = after.heldBytes / peak.heldBytes;
      return {
        right: share > 0.75 ? 2 : share > 0.25 ? 1 : 0,
        said: `arenas at the peak: ${peak.arenas} (${text(peak.heldBytes)} bytes)\narenas afterwards:  ${after.arenas} (${text(after.heldBytes)} bytes)\nlive bytes:         ${text(after.liveBytes)}`,
      };
    },
  },
};
