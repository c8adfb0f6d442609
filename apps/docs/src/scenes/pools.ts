// Size classes, pools and arenas: pymalloc itself, CPython 3.13 on 64 bits.

import { profileFor } from "@obmalloc/abi";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import { heapFrame } from "./pymalloc-frames.ts";
import { type Experiment, type Frame, hex, type Question, type Scene } from "./scene.ts";

const create = (checked = false) =>
  createPyMalloc({ profile: profileFor("3.13"), maxBytes: 64 << 20, checked });

type Block = ReturnType<PyMalloc["malloc"]>;

/** One pool of 512-byte blocks: carving, the free list, full and empty. */
function* onePool(): Generator<Frame> {
  const pymalloc = create();
  const names = new Map<number, string>();
  const blocks: Block[] = [];
  const take = (): string => {
    const block = pymalloc.malloc(500);
    blocks.push(block);
    names.set(block, String(blocks.length));
    return `block ${blocks.length} = malloc(500) → ${hex(block)}`;
  };
  const give = (number: number): string => {
    const block = blocks[number - 1]!;
    pymalloc.free(block);
    names.delete(block);
    return `free(block ${number})`;
  };
  const frame = (call: string, text: string): Frame => ({
    call,
    text,
    heap: heapFrame(pymalloc, { names, isCloseUp: true }),
  });
  yield frame(
    take(),
    "A pool of 16 KiB for blocks of 512 bytes: 500 rounded up. Its head takes 48 bytes. One block is given, and the next one is already the whole free list; the others were never looked at.",
  );
  yield frame(
    take(),
    "The free list gives its only block. It would be empty now, so the pool carves one more, at once.",
  );
  for (let number = 3; number <= 6; number++)
    yield frame(take(), "One more. Addresses go up, because nothing was freed yet.");
  yield frame(
    give(2),
    "A freed block becomes the head of the free list. The address of the next one is written into its first 8 bytes; the rest is as the program left it.",
  );
  yield frame(give(5), "Last in, first out.");
  yield frame(
    take(),
    "The block that was freed last is given first: its bytes are probably still in the processor's cache.",
  );
  while (names.size < 31) take();
  yield frame(
    "… until all 31 are in use",
    "The pool is full. Nothing but its blocks knows of it: it was taken out of the list of used pools. The bytes behind the last block are too few for another.",
  );
  yield frame(give(16), "The first free block puts it back into the list, in front.");
}

/** Requests of many sizes find their pools. */
function* classes(): Generator<Frame> {
  const pymalloc = create();
  const frame = (call: string, text: string): Frame => ({
    call,
    text,
    heap: heapFrame(pymalloc, { isCloseUp: true }),
    figures: [["blocks", String(pymalloc.getAllocatedBlocks())]],
  });
  yield frame("start", "No arena yet: pymalloc asks for the first one when the first small block is wanted.");
  const steps: readonly (readonly [number, number, string])[] = [
    [
      24,
      1,
      "24 is rounded up to 32. A first arena of 1 MiB is mapped, and its first pool becomes the pool of the class 32.",
    ],
    [32, 1, "The same class, the same pool."],
    [33, 1, "One byte more is the next class, 48: a pool of its own."],
    [1, 1, "Even one byte takes 16."],
    [100, 200, "200 blocks of 112 bytes: one pool holds 145, so there are two."],
    [
      513,
      1,
      "More than 512 bytes is not for pymalloc. The raw heap serves it, and only the count of blocks knows of it here.",
    ],
    [512, 100, "100 blocks of 512: 31 in a pool, four pools."],
  ];
  for (const [sizeBytes, count, text] of steps) {
    for (let index = 0; index < count; index++) pymalloc.malloc(sizeBytes);
    yield frame(count === 1 ? `malloc(${sizeBytes})` : `malloc(${sizeBytes}), ${count} times`, text);
  }
}

/** Arenas come, fill up, empty and go. */
function* arenas(): Generator<Frame> {
  const pymalloc = create();
  const blocks: Block[] = [];
  const frame = (call: string, text: string): Frame => {
    const { arenas: all, usableArenas } = pymalloc.inspect();
    const figures = [
      ["arenas", String(all.length)],
      ["asked for a pool next", usableArenas[0] === undefined ? "a new one" : hex(usableArenas[0])],
    ] as const;
    return { call, text, heap: heapFrame(pymalloc), figures };
  };
  const take = (count: number) => {
    for (let index = 0; index < count; index++) blocks.push(pymalloc.malloc(256));
  };
  const give = (from: number, to: number) => {
    for (let index = from; index < to; index++) pymalloc.free(blocks[index]!);
  };
  const PER_POOL = 63;
  const PER_ARENA = PER_POOL * 64;
  take(PER_ARENA);
  yield frame(
    "4,032 blocks of 256 bytes",
    "63 blocks fill a pool, 64 pools fill an arena: it is exactly full.",
  );
  take(PER_ARENA + PER_ARENA / 2);
  yield frame("6,048 more", "A second arena, and half of a third.");
  give(0, PER_POOL * 20);
  yield frame(
    "free the first 1,260",
    "20 pools of the first arena are free. Another size class may use them now.",
  );
  give(PER_ARENA, PER_ARENA + PER_POOL * 50);
  yield frame(
    "free 3,150 of the second arena",
    "The arenas with free pools are sorted: the fullest is asked first, so that the emptiest has a chance to become empty.",
  );
  give(PER_ARENA + PER_POOL * 50, 2 * PER_ARENA);
  yield frame(
    "free the other 882 of it",
    "Its last pool is free, and yet it stays: since 3.9 the last arena of the sorted list is kept even when it is empty, so that a program at the border does not map and unmap it all the time.",
  );
  give(2 * PER_ARENA, blocks.length);
  yield frame(
    "free all of the third arena",
    "The third arena is empty, too, and another one stands behind it in the list: it goes back to the system, at that moment.",
  );
  give(PER_POOL * 20, PER_ARENA - 1);
  yield frame(
    "free all of the first arena but one block",
    "One block of 256 bytes keeps the whole arena of 1,048,576.",
  );
}

export const scenes: Readonly<Record<string, Scene>> = {
  "pools.one": { title: "One pool, block by block", run: onePool },
  "pools.classes": { title: "Sizes find their pools", coloring: "class", run: classes },
  "pools.arenas": { title: "Arenas fill and empty", run: arenas },
};

export const questions: Readonly<Record<string, Question>> = {
  "pools.reuse": {
    text: "Three blocks of one class, a, b and c, are freed in this order: b, a, c. Which address does the next malloc of that class give?",
    options: ["That of a", "That of b", "That of c", "A new one"],
    answer() {
      const pymalloc = create();
      const [a, b, c] = [pymalloc.malloc(64), pymalloc.malloc(64), pymalloc.malloc(64)];
      for (const block of [b, a, c]) pymalloc.free(block);
      const next = pymalloc.malloc(64);
      const index = [a, b, c].indexOf(next);
      return {
        right: index < 0 ? 3 : index,
        said: `a = ${hex(a)}\nb = ${hex(b)}\nc = ${hex(c)}\nnext malloc(64) → ${hex(next)}`,
      };
    },
  },
  "pools.five-hundred-thirteen": {
    text: "Which request takes more memory from pymalloc's pools: one of 512 bytes, or one of 513?",
    options: ["512", "513", "The same"],
    answer() {
      const pymalloc = create();
      const used = () => pymalloc.inspect().arenas.reduce((sum, { liveBytes }) => sum + liveBytes, 0);
      const raw = () => pymalloc.inspect().rawBlocks;
      pymalloc.malloc(513);
      const [after513, raw513] = [used(), raw()];
      pymalloc.malloc(512);
      const after512 = used();
      return {
        right: after512 > after513 ? 0 : after513 > 0 ? 1 : 2,
        said: `after malloc(513): ${after513} bytes in pools, ${raw513} block in the raw heap\nafter malloc(512): ${after512} bytes in pools, ${raw()} block in the raw heap`,
      };
    },
  },
};

export const experiments: Readonly<Record<string, Experiment>> = {
  "pools.break": {
    title: "Break it",
    buttons: [
      { label: "Free twice, as in C", run: () => doubleFree(create()) },
      { label: "Free twice, with checked: true", run: () => doubleFree(create(true)) },
    ],
  },
};

/** Without checks a double free makes a circle of the free list: the same block is given twice. */
function doubleFree(pymalloc: PyMalloc): string {
  const blocks = [pymalloc.malloc(64), pymalloc.malloc(64), pymalloc.malloc(64)] as const;
  pymalloc.free(blocks[0]);
  try {
    pymalloc.free(blocks[0]);
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  const [first, second] = [pymalloc.malloc(64), pymalloc.malloc(64)];
  const violations = pymalloc.check().map(({ rule, message }) => `${rule}: ${message}`);
  return [
    "Nobody notices. Two owners now get the same block:",
    `first malloc(64)  → ${hex(first)}`,
    `second malloc(64) → ${hex(second)}`,
    "",
    "check() finds:",
    ...violations,
  ].join("\n");
}
