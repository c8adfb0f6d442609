// Why memory is not returned: a loop like that of a real program, on pymalloc itself.

import { profileFor } from "@obmalloc/abi";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import { heapFrame } from "./pymalloc-frames.ts";
import type { Frame, Question, Scene } from "./scene.ts";

type Block = ReturnType<PyMalloc["malloc"]>;

const ITERATIONS = 12_000;
const KEPT_OF = 100;
/** What an iteration makes and drops: a tuple of three, a string, a dict with its table of keys, an int (3.13). */
const TEMPORARY_BYTES = [64, 64, 64, 120, 28] as const;
/** A short string that stays: 54 bytes, and so of the same class as the tuples. */
const KEPT_BYTES = 54;

const KEPT = "strings that stay";
const TEMPORARIES = "temporaries of the loop";

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

/** The heap, with who made each block: the loop's temporaries, or what is kept. */
function heapOf(loop: Loop, focus: readonly number[] = []) {
  const owners = new Map(loop.kept.map((block) => [block, KEPT]));
  return heapFrame(loop.pymalloc, { owners, otherOwner: TEMPORARIES, focus });
}

function frameOf(loop: Loop, call: string, said: string): Frame {
  const { arenas, heldBytes, liveBytes, freePools } = loop.figures();
  const figures = [
    ["arenas", String(arenas)],
    ["bytes held", text(heldBytes)],
    ["bytes in live blocks", text(liveBytes)],
    ["free pools", String(freePools)],
  ] as const;
  return { call, text: said, heap: heapOf(loop), figures };
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
    "Almost everything is free. But each survivor keeps its pool, and a pool that is in use keeps its arena: nothing went back. In these colours all that the survivors keep from going is theirs.",
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
  loop.run();
  const survivor = loop.kept[8]!;
  const { poolBytes } = loop.pymalloc.profile.pymalloc;
  const focus = [survivor - (survivor % poolBytes)];
  yield {
    call: "while the loop runs",
    text: "A pool of the class of 64 bytes: tuples, strings, dicts, and here and there a string that will stay.",
    heap: heapOf(loop, focus),
  };
  loop.drop();
  yield {
    call: "temporaries die",
    text: "One survivor is left of 255 blocks. The pool cannot serve another size class, and its arena cannot go.",
    heap: heapOf(loop, focus),
  };
}

export const scenes: Readonly<Record<string, Scene>> = {
  "pins.story": { title: "A loop ends, its memory stays", coloring: "pins", run: story },
  "pins.pool": { title: "One of its pools, before and after", coloring: "line", run: closeUp },
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
