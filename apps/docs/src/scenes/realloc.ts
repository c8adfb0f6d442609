// realloc and calloc, as pymalloc does them.

import { profileFor } from "@obmalloc/abi";
import { createPyMalloc } from "@obmalloc/pymalloc";
import { heapFrame } from "./pymalloc-frames.ts";
import { type Frame, hex, type Question, type Scene } from "./scene.ts";

const create = () => createPyMalloc({ profile: profileFor("3.13"), maxBytes: 64 << 20 });

function* resizing(): Generator<Frame> {
  const pymalloc = create();
  const names = new Map<number, string>();
  const frame = (call: string, text: string): Frame => ({
    call,
    text,
    heap: heapFrame(pymalloc, { names, isCloseUp: true }),
  });
  let p = pymalloc.malloc(500);
  names.set(p, "p");
  yield frame(`p = malloc(500) → ${hex(p)}`, "A block of 512 bytes, in a pool of its class.");
  const steps: readonly (readonly [number, string])[] = [
    [
      385,
      "385 bytes still need more than three quarters of 512: the block stays where it is, and wastes a little.",
    ],
    [
      384,
      "384 is exactly three quarters: not worth a block of 512 any more. A smaller block is taken, 384 bytes are copied, the old one is freed.",
    ],
    [300, "300 of 384 is more than three quarters, so nothing moves."],
    [400, "More than the block holds: a larger one, a copy, and the old one is free."],
    [1000, "Too large for pymalloc: the raw heap serves it, and it has left the pools."],
    [100, "And it does not come back: a block of the raw heap stays there, however small it becomes."],
  ];
  for (const [sizeBytes, text] of steps) {
    names.delete(p);
    const before = p;
    p = pymalloc.realloc(p, sizeBytes);
    if (pymalloc.addressInRange(p)) names.set(p, "p");
    yield frame(`p = realloc(p, ${sizeBytes}) → ${hex(p)}${p === before ? ", the same" : ""}`, text);
  }
}

export const scenes: Readonly<Record<string, Scene>> = {
  "realloc.steps": { title: "One block, resized six times", run: resizing },
};

export const questions: Readonly<Record<string, Question>> = {
  "realloc.three-quarters": {
    text: "A block of 100 bytes lies in the class of 112. To which of these sizes can it shrink and keep its address?",
    options: ["85, but not 84", "both 85 and 84", "neither"],
    answer() {
      const stays = (sizeBytes: number) => {
        const pymalloc = create();
        const block = pymalloc.malloc(100);
        return pymalloc.realloc(block, sizeBytes) === block;
      };
      const [first, second] = [stays(85), stays(84)];
      return {
        right: first ? (second ? 1 : 0) : 2,
        said: `realloc(p, 85): ${first ? "the same address" : "moves"}\nrealloc(p, 84): ${second ? "the same address" : "moves"}\n4 * 85 = 340 > 3 * 112 = 336; 4 * 84 = 336 is not.`,
      };
    },
  },
  "realloc.zero": {
    text: "What does realloc(p, 0) return for a block of pymalloc?",
    options: ["NULL, the block is freed", "A new block", "The same block"],
    answer() {
      const pymalloc = create();
      const block = pymalloc.malloc(100);
      const result = pymalloc.realloc(block, 0);
      return {
        right: result === 0 ? 0 : result === block ? 2 : 1,
        said: `p = ${hex(block)}\nrealloc(p, 0) → ${hex(result)}, ${pymalloc.addressInRange(result) ? "in a pool" : "in the raw heap"}`,
      };
    },
  },
  "realloc.calloc": {
    text: "calloc(5, 3) gets a block of 16 bytes from a pool where it was used before. How many of its bytes are set to zero?",
    options: ["15", "16"],
    answer() {
      const pymalloc = create();
      const before = pymalloc.malloc(16);
      pymalloc.memory.u8.fill(0xee, before, before + 16);
      pymalloc.free(before);
      const block = pymalloc.calloc(5, 3);
      const bytes = [...pymalloc.memory.u8.slice(block, block + 16)];
      return {
        right: bytes[15] === 0 ? 1 : 0,
        said: `${block === before ? "the same block" : "another block"}: ${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`,
      };
    },
  },
};
