// The same calls under the rules of two versions.

import { profileFor } from "@obmalloc/abi";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import { arenaRegion } from "./pymalloc-frames.ts";
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
  const frame = (call: string, said: string): Frame => ({
    call,
    text: said,
    regions: runs.flatMap(({ version, run: { pymalloc } }) =>
      pymalloc
        .inspect()
        .arenas.map((arena) => arenaRegion(arena, pymalloc.profile.pymalloc.poolBytes))
        .map((region) => ({ ...region, title: `${version}: ${region.title}` })),
    ),
    figures: runs.flatMap(({ version, run }) => [
      [`${version}: arenas`, String(run.pymalloc.arenaCount)] as const,
      [`${version}: bytes held`, text(run.heldBytes)] as const,
    ]),
  });
  for (const { run } of runs) run.make();
  yield frame(
    `${text(BLOCKS)} blocks of ${SIZE_BYTES} bytes`,
    "The same calls. CPython 3.8 has arenas of 256 KiB with pools of 4 KiB, 3.13 arenas of 1 MiB with pools of 16 KiB.",
  );
  for (const { run } of runs) run.thin();
  yield frame(
    `free all but one of ${text(KEEP)}`,
    "The larger an arena, the likelier it is that one of its blocks survives. Where no block is left, small arenas go back.",
  );
  for (const { run } of runs) run.clear();
  yield frame(
    "free the rest",
    "3.8 gives the last arena back, too. 3.13 keeps one: a program at the border would otherwise map and unmap it again and again.",
  );
}

export const scenes: Readonly<Record<string, Scene>> = {
  "versions.side": { title: "The same calls, 3.8 above 3.13", run: side },
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
