// Reports of sys._debugmallocstats(), of heaps that are well and of heaps that are not.

import { profileFor } from "@obmalloc/abi";
import { createPyMalloc, formatDebugMallocStats, type PyMalloc } from "@obmalloc/pymalloc";
import { heapFrame } from "./pymalloc-frames.ts";
import type { Experiment, Frame, Question, Scene } from "./scene.ts";

const create = (): PyMalloc => createPyMalloc({ profile: profileFor("3.13"), maxBytes: 64 << 20 });

const reportOf = (pymalloc: PyMalloc): string =>
  formatDebugMallocStats(pymalloc.profile, pymalloc.collectStats());

/** The number at the end of a line of the report. */
function lineOf(pymalloc: PyMalloc, beginning: RegExp): number {
  const line = reportOf(pymalloc)
    .split("\n")
    .find((one) => beginning.test(one));
  return Number((line?.split("=")[1] ?? "").replaceAll(/[ ,]/g, ""));
}

const LINES = {
  "bytes in allocated blocks": /^# bytes in allocated blocks/,
  "bytes in available blocks": /^# bytes in available blocks/,
  "unused pools": /unused pools \*/,
} as const;

/** Blocks of two sizes; all that `isKept` does not say are freed again. */
function heap(isKept: (index: number) => boolean): PyMalloc {
  const pymalloc = create();
  const blocks = Array.from({ length: 20_000 }, (_, index) => pymalloc.malloc(index % 2 === 0 ? 64 : 200));
  for (const [index, block] of blocks.entries()) if (!isKept(index)) pymalloc.free(block);
  return pymalloc;
}

const HEAPS: Readonly<Record<string, () => PyMalloc>> = {
  "All is in use": () => heap(() => true),
  "One block of each pool stays": () => heap((index) => index % 60 < 2),
  "One block of each arena stays": () => heap((index) => index % 7000 === 0),
};

function* three(): Generator<Frame> {
  const words: Readonly<Record<string, string>> = {
    "All is in use": "Allocated blocks are nearly all. A leak, or simply data: the report cannot tell.",
    "One block of each pool stays":
      "Available blocks are nearly all: free, but each only for its own class, in pools that cannot change it.",
    "One block of each arena stays":
      "Unused pools are nearly all: free for any class, in arenas that cannot go. Somebody pins them.",
  };
  for (const [name, make] of Object.entries(HEAPS)) {
    const pymalloc = make();
    yield {
      call: name,
      text: words[name]!,
      heap: heapFrame(pymalloc),
      figures: Object.entries(LINES).map(([line, beginning]) => [
        line,
        lineOf(pymalloc, beginning).toLocaleString("en"),
      ]),
    };
  }
}

export const scenes: Readonly<Record<string, Scene>> = {
  "stats.three": { title: "Three heaps, and the three lines that tell them apart", run: three },
};

export const questions: Readonly<Record<string, Question>> = {
  "stats.line": {
    text: "A program frees nearly everything, and in each arena one block stays. Which line of the report is the largest?",
    options: Object.keys(LINES),
    answer() {
      const pymalloc = HEAPS["One block of each arena stays"]!();
      const values = Object.values(LINES).map((beginning) => lineOf(pymalloc, beginning));
      const said = Object.keys(LINES).map(
        (name, index) => `${name.padEnd(26)} ${values[index]!.toLocaleString("en")}`,
      );
      return { right: values.indexOf(Math.max(...values)), said: said.join("\n") };
    },
  },
};

export const experiments: Readonly<Record<string, Experiment>> = {
  "stats.reports": {
    title: "Break it, and read the report",
    buttons: Object.entries(HEAPS).map(([label, make]) => ({ label, run: () => reportOf(make()) })),
  },
};
