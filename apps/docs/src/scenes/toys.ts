// Four allocators, each a little cleverer than the one before: what malloc does, grown up step by step.

import { LinearMemory, type PolicyName, RawHeap } from "@obmalloc/raw-heap";
import { NamedHeap } from "./heap-frames.ts";
import { type Experiment, type Frame, hex, type Question, type Scene } from "./scene.ts";

const HEAP_BYTES = 1024;
const ROW_BYTES = 256;

const toy = (policy: PolicyName): NamedHeap =>
  new NamedHeap(RawHeap.create(new LinearMemory({ maxBytes: 1 << 20 }), { policy, fixedBytes: HEAP_BYTES }));

/** A step of a program: take a block, give one back, or both with a word of explanation. */
type Step = readonly [call: "malloc" | "free", name: string, sizeBytes: number, text: string];

function* play(policy: PolicyName, beginning: string, steps: readonly Step[]): Generator<Frame> {
  const heap = toy(policy);
  yield heap.frame("start", beginning, ROW_BYTES);
  for (const [call, name, sizeBytes, text] of steps) {
    if (call === "free") {
      heap.free(name);
      yield heap.frame(`free(${name})`, text, ROW_BYTES);
      continue;
    }
    const isThere = heap.malloc(name, sizeBytes);
    const result = isThere ? hex(heap.at(name)) : "NULL";
    yield heap.frame(`${name} = malloc(${sizeBytes}) → ${result}`, text, ROW_BYTES);
  }
}

const bump: readonly Step[] = [
  [
    "malloc",
    "a",
    200,
    "The next free byte is the answer, and a pointer moves on behind the block. Nothing is searched.",
  ],
  ["malloc", "b", 300, "Again. Each block lies behind the one before."],
  ["malloc", "c", 200, "And again."],
  [
    "free",
    "b",
    0,
    "A free block in the middle. A bump allocator only looks at its end, so these bytes are lost until everything in front of the end is freed.",
  ],
  ["malloc", "d", 300, "NULL: there are enough free bytes, but not behind the last block."],
  ["free", "c", 0, "The last block is free, and the free one before it joins: the end moves back over both."],
  ["malloc", "d", 300, "Now it fits, at the end."],
];

const byteMap: readonly Step[] = [
  [
    "malloc",
    "a",
    200,
    "A map beside the memory has one mark for each byte. The first gap that is long enough is taken.",
  ],
  ["malloc", "b", 300, "No head in front of the block: everything is in the map."],
  [
    "malloc",
    "c",
    200,
    "The search starts at the front each time and passes every byte in use: slow, and slower the fuller the memory.",
  ],
  [
    "free",
    "b",
    0,
    "The marks of these bytes are cleared, and neighbouring gaps are one gap without any work.",
  ],
  ["malloc", "d", 100, "The first gap that fits is the one that b left."],
  ["malloc", "e", 100, "The rest of it serves the next request."],
];

const firstFit: readonly Step[] = [
  [
    "malloc",
    "a",
    100,
    "A head of 8 bytes in front of each block says how long it is. That is what free() reads: it is given only an address.",
  ],
  [
    "malloc",
    "b",
    100,
    "The heap is a chain of chunks: add a chunk's size to its address, and you are at the next one.",
  ],
  ["malloc", "c", 100, "A third."],
  ["malloc", "d", 100, "A fourth."],
  [
    "free",
    "b",
    0,
    "A free block needs no room for data, so the list of free blocks is kept inside them: two addresses in its first bytes.",
  ],
  ["free", "d", 0, "d lies before the untouched end and merges with it."],
  [
    "malloc",
    "e",
    60,
    "First fit takes the first free chunk that is large enough: the one that b left. What it does not need stays free.",
  ],
  ["free", "a", 0, "a is free again."],
  [
    "free",
    "e",
    0,
    "e merges with both of its free neighbours. Without merging, memory would fall into pieces that only get smaller.",
  ],
];

const buddy: readonly Step[] = [
  [
    "malloc",
    "a",
    100,
    "Sizes are powers of two. 1024 bytes were halved until 128 were left: the smallest that holds 100.",
  ],
  ["malloc", "b", 60, "64 bytes: one of the halves that were left over is halved again."],
  ["malloc", "c", 200, "256 bytes. The 56 that were not asked for are waste inside the block."],
  [
    "free",
    "b",
    0,
    "The buddy of a block is found by flipping one bit of its address. It is free, so both become one, and so on upwards.",
  ],
  ["free", "a", 0, "And upwards again: halves meet and are whole."],
];

const swiss = (): NamedHeap => {
  const heap = toy("first-fit");
  for (let index = 0; index < 9; index++) heap.malloc(`b${index}`, 92);
  for (let index = 1; index < 9; index += 2) heap.free(`b${index}`);
  return heap;
};

function* holes(): Generator<Frame> {
  const heap = toy("first-fit");
  for (let index = 0; index < 9; index++) heap.malloc(`b${index}`, 92);
  yield heap.frame("nine blocks of 92 bytes", "The heap is full.", ROW_BYTES);
  for (let index = 1; index < 9; index += 2) {
    heap.free(`b${index}`);
    yield heap.frame(`free(b${index})`, "A hole between two blocks that stay.", ROW_BYTES);
  }
  const isThere = heap.malloc("big", 200);
  yield heap.frame(
    `big = malloc(200) → ${isThere ? hex(heap.at("big")) : "NULL"}`,
    "Twice as many bytes are free as asked for, and still there is no room: that is fragmentation. Nothing can be moved, because the program holds the addresses.",
    ROW_BYTES,
  );
}

export const scenes: Readonly<Record<string, Scene>> = {
  "toys.bump": {
    title: "A bump allocator in 1024 bytes",
    run: () => play("bump", "An empty heap: 1024 bytes, and a pointer to the first free one.", bump),
  },
  "toys.byte-map": {
    title: "An allocator with a mark for each byte",
    run: () => play("byte-map", "An empty heap and an empty map.", byteMap),
  },
  "toys.first-fit": {
    title: "First fit: heads, a free list, and merging",
    run: () => play("first-fit", "An empty heap: one free chunk, the top.", firstFit),
  },
  "toys.buddy": {
    title: "Buddies: halves of halves",
    run: () => play("buddy", "An empty heap: one block of 1024 bytes.", buddy),
  },
  "toys.holes": { title: "Fragmentation: enough bytes, no room", run: holes },
};

export const questions: Readonly<Record<string, Question>> = {
  "toys.fragmentation": {
    text: "Nine blocks of 92 bytes fill a heap of 1024. Every second one is freed: four holes. Does a block of 200 bytes fit?",
    options: [
      "Yes, the holes together are large enough",
      "No, although more than 200 bytes are free",
      "Yes, the blocks move together",
    ],
    answer() {
      const heap = swiss();
      const { fordblks, largestFree } = heap.heap.stats();
      const isThere = heap.malloc("big", 200);
      return {
        right: isThere ? 0 : 1,
        said: `free bytes: ${fordblks}\nlargest free chunk: ${largestFree}\nmalloc(200) → ${isThere ? hex(heap.at("big")) : "NULL"}`,
      };
    },
  },
};

/** What a bad call ends in. */
function caught(act: () => void): string {
  try {
    act();
    return "Nothing was noticed.";
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

export const experiments: Readonly<Record<string, Experiment>> = {
  "toys.break": {
    title: "Break it",
    buttons: [
      {
        label: "Free twice",
        run: () => {
          const { heap } = toy("first-fit");
          const block = heap.malloc(40);
          heap.free(block);
          return caught(() => heap.free(block));
        },
      },
      {
        label: "Free the middle of a block",
        run: () => {
          const { heap } = toy("first-fit");
          const block = heap.malloc(40);
          return caught(() => heap.free((block + 16) as typeof block));
        },
      },
      {
        label: "Write one byte in front of a block",
        run: () => {
          const { heap } = toy("first-fit");
          const block = heap.malloc(40);
          heap.memory.u8[block - 1]! ^= 0xff;
          const violations = heap.check().map(({ rule, message }) => `${rule}: ${message}`);
          return `check() finds:\n${violations.join("\n")}\n\nfree() says:\n${caught(() => heap.free(block))}`;
        },
      },
    ],
  },
};
