// The raw heap with its real policy: quick lists, bins, boundary tags, pages.

import { LinearMemory, RawHeap } from "@obmalloc/raw-heap";
import { NamedHeap } from "./heap-frames.ts";
import { type Frame, hex, type Question, type Scene } from "./scene.ts";

const ROW_BYTES = 512;

const fresh = () => new NamedHeap(RawHeap.create(new LinearMemory({ maxBytes: 16 << 20 })));

function* life(): Generator<Frame> {
  const heap = fresh();
  const frame = (call: string, text: string) => heap.frame(call, text, ROW_BYTES);
  yield frame("start", "Nothing yet: the heap has no memory that it could cut up.");
  const cut = "Cut from the top of the segment, with a head of 8 bytes in front.";
  heap.malloc("a", 100);
  yield frame(
    `a = malloc(100) → ${hex(heap.at("a"))}`,
    `The heap fetches a segment of pages from the system. ${cut}`,
  );
  for (const [name, sizeBytes] of [
    ["b", 100],
    ["c", 2400],
    ["d", 40],
  ] as const) {
    heap.malloc(name, sizeBytes);
    yield frame(`${name} = malloc(${sizeBytes}) → ${hex(heap.at(name))}`, cut);
  }
  heap.free("a");
  yield frame(
    "free(a)",
    "Kept whole: programs often ask for the same size again soon, so nothing is merged yet.",
  );
  heap.malloc("e", 100);
  yield frame(
    `e = malloc(100) → ${hex(heap.at("e"))}`,
    "The kept block of that size is the answer at once, at the address that a had.",
  );
  heap.free("c");
  yield frame(
    "free(c)",
    "A larger block is not kept: it goes to the bin of its size, where a search will find it.",
  );
  heap.malloc("f", 1200);
  yield frame(
    `f = malloc(1200) → ${hex(heap.at("f"))}`,
    "From the smallest free chunk that is large enough. The rest of it stays free.",
  );
  for (const name of ["b", "e"]) heap.free(name);
  yield frame("free(b), free(e)", "Small ones again: kept, beside each other, not merged.");
  heap.free("f");
  yield frame("free(f)", "It merges at once with the free chunk behind it.");
  heap.heap.mallocTrim(0);
  yield frame(
    "malloc_trim(0)",
    "Now the heap merges what it kept, too, and gives whole pages at its end back to the system.",
  );
}

const large = (): { inSegment: boolean; sizeBytes: number } => {
  const heap = fresh();
  const sizeBytes = 2 << 20;
  heap.malloc("large", sizeBytes);
  return { inSegment: heap.heap.stats().hblks === 0, sizeBytes };
};

export const scenes: Readonly<Record<string, Scene>> = {
  "heap.life": { title: "The raw heap at work", run: life },
};

export const questions: Readonly<Record<string, Question>> = {
  "heap.large": {
    text: "A program asks the raw heap for 2 MiB and frees it again. What happens to its pages?",
    options: ["They stay in the heap, as a free chunk", "They go back to the system at once"],
    answer() {
      const { inSegment } = large();
      const heap = fresh();
      const before = heap.heap.footprintBytes;
      heap.malloc("large", 2 << 20);
      const during = heap.heap.footprintBytes;
      heap.free("large");
      const after = heap.heap.footprintBytes;
      return {
        right: inSegment || after > before ? 0 : 1,
        said: `held from the system before: ${before}\nwith the block:              ${during}\nafter free():                ${after}\n${inSegment ? "The block lay in the heap." : "The block had pages of its own."}`,
      };
    },
  },
  "heap.small": {
    text: "A program makes 10,000 blocks of 1000 bytes, then frees all but the last one. What happens to the pages of the freed ones?",
    options: ["They go back to the system", "They stay with the heap: the last block is at its end"],
    answer() {
      const heap = fresh();
      for (let index = 0; index < 10_000; index++) heap.malloc(`b${index}`, 1000);
      const during = heap.heap.footprintBytes;
      for (let index = 0; index < 9_999; index++) heap.free(`b${index}`);
      heap.heap.mallocTrim(0);
      const after = heap.heap.footprintBytes;
      const { liveBytes } = heap.heap.stats();
      return {
        right: after > during / 2 ? 1 : 0,
        said: `held from the system with all blocks: ${during}\nafter 9,999 are freed:                ${after}\nbytes in live blocks:                 ${liveBytes}`,
      };
    },
  },
};
