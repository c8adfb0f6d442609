// `obmalloc demo toy-allocator`: the allocator that people write first, over 1024 bytes, and a real one over as many.

import type { RawAddress } from "@obmalloc/abi";
import { type HeapStats, LinearMemory, PAGE_BYTES, type PolicyName, RawHeap } from "@obmalloc/raw-heap";
import { tableLines } from "../../shared/table.ts";
import type { DemoContext, DemoStep } from "../demo.ts";
import { heapLegend, heapPicture } from "./heap-picture.ts";

const SIZE_BYTES = 1024;

/** A heap of 1024 bytes, and what it said. */
class Toy {
  readonly heap: RawHeap;
  private readonly names = new Map<number, string>();
  private readonly look: DemoContext["look"];

  constructor(policy: PolicyName, look: DemoContext["look"]) {
    this.heap = RawHeap.create(new LinearMemory(), { policy, fixedBytes: SIZE_BYTES });
    this.look = look;
  }

  /** What a program prints that allocates a block, and the memory then. */
  allocate(name: string, sizeBytes: number): { p: RawAddress; lines: string[] } {
    const p = this.heap.malloc(sizeBytes);
    if (p !== 0) this.names.set(p, name);
    return { p, lines: this.said(p === 0 ? "Out of memory" : `Block${name} allocated`) };
  }

  free(name: string, p: RawAddress): string[] {
    this.heap.free(p);
    return this.said(`Block${name} freed`);
  }

  private said(line: string): string[] {
    const { chunks } = this.heap.inspect();
    const from = Math.floor(chunks[0]!.start / PAGE_BYTES) * PAGE_BYTES;
    const picture = heapPicture({ from, sizeBytes: SIZE_BYTES, chunks, names: this.names }, this.look.colors);
    return [line, "", ...picture, "", this.look.colors.dim(heapLegend)];
  }
}

export function* toyAllocatorDemo({ look }: DemoContext): Generator<DemoStep> {
  const naive = yield* played("byte-map", look, [
    "1024 bytes, and a map that says of each whether it is used. A request takes the first gap that is long enough, found " +
      "by looking from the start.",
    "The search begins at the start again, walks over the first block, and finds a gap behind it.",
    "The bytes are marked as free. Nothing else changes: the second block stays where it is.",
    "768 bytes are free, but 1024 in a row never are while the second block lives, and a block cannot be moved: the " +
      "program has its address.",
  ]);
  const real = yield* played("default", look, [
    "The same with the default policy. Each block has 8 bytes in front of it that say how long it is: no map is searched.",
    "The free end of the memory gets shorter by the block and its header.",
    "The block goes to a list of free ones, or becomes one with a free neighbour. Finding one again is not a search.",
    "No policy can help here: the second block is in the way. This heap may not grow; one that may asks the system for more.",
  ]);
  yield {
    title: "What is free, and what it is good for",
    text:
      "Fragmentation is 1 - largest free piece / free bytes: 0 when all that is free is one piece. The map of the naive " +
      "allocator lies outside its 1024 bytes, one byte for each; the headers of the other one lie inside.",
    lines: tableLines(
      [
        { heading: "policy" },
        { heading: "free bytes", align: "right" },
        { heading: "largest piece", align: "right" },
        { heading: "fragmentation", align: "right" },
      ],
      [
        ["byte-map", ...figures(naive.heap.stats())],
        ["default", ...figures(real.heap.stats())],
      ],
      look.colors,
    ),
  };
}

function* played(
  policy: PolicyName,
  look: DemoContext["look"],
  texts: readonly [string, string, string, string],
): Generator<DemoStep, Toy> {
  const toy = new Toy(policy, look);
  const first = toy.allocate("1", 256);
  yield { title: `${policy}: block1 = malloc(256)`, text: texts[0], lines: first.lines };
  yield { title: `${policy}: block2 = malloc(256)`, text: texts[1], lines: toy.allocate("2", 256).lines };
  yield { title: `${policy}: free(block1)`, text: texts[2], lines: toy.free("1", first.p) };
  yield {
    title: `${policy}: block3 = malloc(${SIZE_BYTES})`,
    text: texts[3],
    lines: toy.allocate("3", SIZE_BYTES).lines,
  };
  return toy;
}

function figures({ fordblks, largestFree, fragmentation }: HeapStats): string[] {
  return [String(fordblks), String(largestFree), fragmentation.toFixed(2)];
}
