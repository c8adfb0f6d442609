// Two threads in pymalloc at the same time: the loads and stores of pymalloc_alloc, one by one, over the engine's bytes.

import { poolHeader, profileFor } from "@obmalloc/abi";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import { heapFrame } from "./pymalloc-frames.ts";
import { type Frame, hex, type Question, type Scene } from "./scene.ts";

const SIZE_BYTES = 500;

/** A pool with three blocks in use and two on its free list. */
function create(): { pymalloc: PyMalloc; pool: number } {
  const profile = profileFor("3.13");
  const pymalloc = createPyMalloc({ profile, maxBytes: 64 << 20 });
  const blocks = Array.from({ length: 5 }, () => pymalloc.malloc(SIZE_BYTES));
  for (const block of blocks.slice(3)) pymalloc.free(block);
  const pool = blocks[0]! - (blocks[0]! % profile.pymalloc.poolBytes);
  return { pymalloc, pool };
}

/** One thread in the middle of `pymalloc_alloc`: what it has read, it goes on with. */
class Allocation {
  readonly who: string;
  block = 0;
  private next = 0;
  private readonly words: Uint32Array;
  private readonly freeblock: number;
  private readonly count: number;

  constructor(who: string, { pymalloc, pool }: ReturnType<typeof create>) {
    const { offsets } = poolHeader(pymalloc.profile.model);
    this.who = who;
    this.words = pymalloc.memory.u32;
    this.freeblock = (pool + offsets.freeblock) >>> 2;
    this.count = (pool + offsets.ref) >>> 2;
  }

  read(): string {
    this.block = this.words[this.freeblock]!;
    return `${this.who}: block = pool->freeblock → ${hex(this.block)}`;
  }

  readLink(): string {
    this.next = this.words[this.block >>> 2]!;
    return `${this.who}: next = *block → ${this.next === 0 ? "NULL" : hex(this.next)}`;
  }

  write(): string {
    this.words[this.freeblock] = this.next;
    this.words[this.count]!++;
    return `${this.who}: pool->freeblock = next; pool->ref.count++`;
  }
}

function* race(): Generator<Frame> {
  const heap = create();
  const { pymalloc } = heap;
  const [a, b] = [new Allocation("thread A", heap), new Allocation("thread B", heap)];
  const frame = (call: string, text: string): Frame => {
    const names = new Map([a, b].filter(({ block }) => block !== 0).map(({ block, who }) => [block, who]));
    return { call, text, heap: heapFrame(pymalloc, { names, isCloseUp: true }) };
  };
  yield frame("start", "Three blocks are in use, two are free. Both threads ask for 500 bytes.");
  yield frame(a.read(), "Thread A reads the head of the free list.");
  yield frame(b.read(), "Thread B does the same before A goes on: it reads the same address.");
  yield frame(a.readLink(), "A reads the link in that block.");
  yield frame(a.write(), "A takes the block off the list.");
  yield frame(b.readLink(), "B goes on with what it has read.");
  yield frame(
    b.write(),
    "B takes the same block. The pool counts five blocks in use, and there are four: two threads now write to one.",
  );
  const found = pymalloc.check().map(({ rule, message }) => `${rule}: ${message}`);
  yield frame("check()", found.slice(0, 2).join(" "));
}

export const scenes: Readonly<Record<string, Scene>> = {
  "gil.race": { title: "Two threads, one pool, no lock", run: race },
};

export const questions: Readonly<Record<string, Question>> = {
  "gil.blocks": {
    text: "Two threads run malloc(500) at the same time and without a lock, and each reads the free list before the other has written it. How many different blocks do they get?",
    options: ["None: the calls fail", "One", "Two"],
    answer() {
      const heap = create();
      const [a, b] = [new Allocation("A", heap), new Allocation("B", heap)];
      const said = [a.read(), b.read(), a.readLink(), b.readLink(), a.write(), b.write()];
      return { right: new Set([a.block, b.block]).size, said: said.join("\n") };
    },
  },
};
