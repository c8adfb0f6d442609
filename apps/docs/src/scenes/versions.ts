// The same calls under the rules of two versions.

import { profileFor } from "@obmalloc/abi";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import { heapFrame } from "./pymalloc-frames.ts";
import type { Experiment, Frame, Question, Scene } from "./scene.ts";

type Block = ReturnType<PyMalloc["malloc"]>;

const BLOCKS = 9_000;
const SIZE_BYTES = 200;
const KEEP = 3_000;

const text = (bytes: number) => bytes.toLocaleString("en");

/** Blocks are made, most are freed, then all. */
class Run {
  readonly pymalloc: PyMalloc;
  private blocks: Block[] = [];

  constructor(version: string) {
    this.pymalloc = createPyMalloc({ profile: profileFor(version), maxBytes: 64 << 20 });
  }

  make(): void {
    this.blocks = Array.from({ length: BLOCKS }, () => this.pymalloc.malloc(SIZE_BYTES));
  }

  thin(): void {
    for (const [index, block] of this.blocks.entries()) if (index % KEEP !== 0) this.pymalloc.free(block);
    this.blocks = this.blocks.filter((_, index) => index % KEEP === 0);
  }

  clear(): void {
    for (const block of this.blocks) this.pymalloc.free(block);
    this.blocks = [];
  }

  get heldBytes(): number {
    return this.pymalloc.arenaCount * this.pymalloc.profile.pymalloc.arenaBytes;
  }
}

function* side(
  version: string,
  said: readonly [made: string, thinned: string, cleared: string, again: string],
): Generator<Frame> {
  const run = new Run(version);
  const frame = (call: string, words: string): Frame => ({
    call,
    text: words,
    heap: heapFrame(run.pymalloc),
    figures: [
      ["arenas", String(run.pymalloc.arenaCount)],
      ["bytes held", text(run.heldBytes)],
    ],
  });
  run.make();
  yield frame(`${text(BLOCKS)} blocks of ${SIZE_BYTES} bytes`, said[0]);
  run.thin();
  yield frame(`free all but one of ${text(KEEP)}`, said[1]);
  run.clear();
  yield frame("free the rest", said[2]);
  run.pymalloc.malloc(SIZE_BYTES);
  yield frame(`malloc(${SIZE_BYTES})`, said[3]);
}

export const scenes: Readonly<Record<string, Scene>> = {
  "versions.old": {
    title: "By the rules of CPython 3.8",
    run: () =>
      side("3.8", [
        "Arenas of 256 KiB, with pools of 4 KiB.",
        "Most arenas have no block left, and go back.",
        "The last arena goes back, too.",
        "One block, and an arena is mapped again. A program that does this over and over pays for it each time.",
      ]),
  },
  "versions.young": {
    title: "The same calls by the rules of CPython 3.13",
    run: () =>
      side("3.13", [
        "Arenas of 1 MiB, with pools of 16 KiB.",
        "The larger an arena, the likelier it is that one of its blocks survives: none goes back.",
        "One arena stays, empty. That is so from 3.9 on.",
        "The block comes from the arena that was kept: nothing is mapped.",
      ]),
  },
};

const ALL = ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"];

export const questions: Readonly<Record<string, Question>> = {
  "versions.empty": {
    text: "A program frees its last block. Which of these versions still holds an arena?",
    options: ["3.8", "3.9", "Both", "Neither"],
    answer() {
      const left = ["3.8", "3.9"].map((version) => {
        const run = new Run(version);
        run.make();
        run.clear();
        return run.pymalloc.arenaCount;
      });
      const [old = 0, young = 0] = left;
      return {
        right: old > 0 ? (young > 0 ? 2 : 0) : young > 0 ? 1 : 3,
        said: `arenas of 3.8: ${old}\narenas of 3.9: ${young}`,
      };
    },
  },
};

export const experiments: Readonly<Record<string, Experiment>> = {
  "versions.thin": {
    title: `Break it: keep one of ${text(KEEP)} blocks, under the rules of …`,
    buttons: ALL.map((version) => ({
      label: version,
      run: () => {
        const run = new Run(version);
        run.make();
        const peak = run.heldBytes;
        run.thin();
        return `CPython ${version}: ${text(peak)} bytes at the peak, ${text(run.heldBytes)} held afterwards`;
      },
    })),
  },
};
