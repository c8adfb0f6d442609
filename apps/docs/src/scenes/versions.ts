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

function* side(): Generator<Frame> {
  const runs = ["3.8", "3.13"].map((version) => ({ version, run: new Run(version) }));
  const frames = (
    act: (run: Run) => void,
    call: string,
    said: readonly [old: string, young: string],
  ): Frame[] =>
    runs.map(({ version, run }, index) => {
      act(run);
      return {
        call: `CPython ${version}: ${call}`,
        text: said[index]!,
        heap: heapFrame(run.pymalloc),
        figures: [
          ["arenas", String(run.pymalloc.arenaCount)],
          ["bytes held", text(run.heldBytes)],
        ],
      };
    });
  yield* frames((run) => run.make(), `${text(BLOCKS)} blocks of ${SIZE_BYTES} bytes`, [
    "Arenas of 256 KiB, with pools of 4 KiB.",
    "The same calls. Arenas of 1 MiB, with pools of 16 KiB.",
  ]);
  yield* frames((run) => run.thin(), `free all but one of ${text(KEEP)}`, [
    "Most arenas have no block left, and go back.",
    "The larger an arena, the likelier it is that one of its blocks survives: none goes back.",
  ]);
  yield* frames((run) => run.clear(), "free the rest", [
    "The last arena goes back, too.",
    "One arena stays (from 3.9 on): a program at the border would otherwise map and unmap it again and again.",
  ]);
}

export const scenes: Readonly<Record<string, Scene>> = {
  "versions.side": { title: "The same calls, by the rules of 3.8 and of 3.13", run: side },
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
