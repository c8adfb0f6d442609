// Tapes are made by one package and drawn by another; neither knows the other, and this is where they meet.

import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import type { TimelineData, WaterfallData } from "@obmalloc/heap-map/data";
import { ABSENT, FULL, type HeapTape, NEVER, TapeHeap } from "@obmalloc/heap-map/tape";
import {
  recordTape,
  TAPE_ABSENT,
  TAPE_FULL,
  TAPE_NEVER,
  type Tape,
  type TimelinePicture,
  type WaterfallPicture,
} from "@obmalloc/insight";
import { bytesSource, Replay, TraceReader } from "@obmalloc/trace";
import { describe, expect, expectTypeOf, it } from "vitest";

const trace = TraceReader.open(bytesSource(readFileSync(new URL("../recordings/run.obm", import.meta.url))), {
  inflate: (bytes) => inflateRawSync(bytes),
});

/** By the address of a pool with a size class: its free list, of addresses. */
function enginesFreeLists(event: number): Map<number, readonly number[]> {
  const { machine } = new Replay(trace).runTo(event);
  const found = new Map<number, readonly number[]>();
  for (const { heap } of machine.allHeaps())
    for (const { pools } of heap.engine.inspect().arenas)
      for (const { address, count, freeBlocks } of pools)
        if (count > 0)
          found.set(
            machine.arenas.toRecorded(address),
            freeBlocks.map((at) => machine.arenas.toRecorded(at)),
          );
  return found;
}

function drawnFreeLists(heap: TapeHeap): Map<number, readonly number[]> {
  const { geometry, classes, liveBlocks } = heap;
  const found = new Map<number, readonly number[]>();
  for (let pool = 0; pool < classes.length; pool++) {
    if (liveBlocks[pool] === 0) continue;
    const address = heap.poolAddress(pool);
    const at = (block: number) =>
      address + geometry.headerBytes + block * (classes[pool]! + 1) * geometry.alignmentBytes;
    found.set(address, heap.freeList(pool)!.map(at));
  }
  return found;
}

describe("a tape", () => {
  it("has the same signs where it is made and where it is drawn", () => {
    expect([TAPE_NEVER, TAPE_ABSENT, TAPE_FULL]).toEqual([NEVER, ABSENT, FULL]);
  });

  it("has the same columns", () => {
    expectTypeOf<Tape>().toExtend<HeapTape>();
    expectTypeOf<HeapTape>().toExtend<Tape>();
    expectTypeOf<TimelinePicture>().toExtend<TimelineData>();
    expectTypeOf<WaterfallPicture>().toExtend<WaterfallData>();
  });

  it("that begins in the middle is drawn with the free lists that the allocator has", () => {
    const from = Math.round(trace.eventCount * 0.6);
    const heap = new TapeHeap(recordTape(trace, { from, to: from + 3000 }));
    for (const event of [from, from + 1, from + 900, from + 3000]) {
      heap.seek(event);
      expect(drawnFreeLists(heap)).toEqual(enginesFreeLists(event));
    }
  });
});
