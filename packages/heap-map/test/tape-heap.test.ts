import type { PyMalloc } from "@obmalloc/pymalloc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockKind, PoolKind } from "../src/tape/arena-heap.ts";
import { TapeHeap } from "../src/tape/tape-heap.ts";
import { type Call, playCalls } from "./made-tape.ts";

const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ malloc: fc.constantFrom(16, 60, 64, 200, 384, 500, 512) }) },
  { weight: 2, arbitrary: fc.record({ free: fc.nat(5000) }) },
);

interface Shot {
  readonly event: number;
  readonly arenas: ReturnType<PyMalloc["inspect"]>["arenas"];
  readonly live: ReadonlyMap<number, number>;
}

/** Everything that the heap says of a moment against what the allocator said then. */
function expectSame(heap: TapeHeap, { event, arenas, live }: Shot): void {
  heap.seek(event);
  const seen = new Map<number, number>();
  const mapped = new Set<number>();
  for (let pool = 0; pool < heap.kinds.length; pool++) {
    if (heap.kinds[pool] === PoolKind.absent) continue;
    mapped.add(heap.baseOf(Math.floor(pool / heap.poolsPerArena)));
    const real = arenas
      .flatMap(({ pools }) => pools)
      .find(({ address }) => address === heap.poolAddress(pool))!;
    expect(heap.liveBlocks[pool]).toBe(real.count);
    if (real.count === 0) continue;
    expect(heap.classes[pool]).toBe(real.szidx);
    const kinds = [...heap.blockKinds(pool, true)];
    expect(kinds.length).toBe(real.capacity);
    const address = (block: number) => real.address + heap.geometry.headerBytes + block * real.blockBytes;
    expect(heap.freeList(pool)!.map(address)).toEqual(real.freeBlocks);
    for (const [block, kind] of kinds.entries()) {
      const isCarved = address(block) < real.address + real.nextoffset;
      expect(kind === BlockKind.fresh).toBe(!isCarved);
      const life = heap.life(pool, block);
      expect(life !== undefined).toBe(kind === BlockKind.live);
      if (life !== undefined) seen.set(life.address, life.sizeBytes);
    }
    const fields = Object.fromEntries(heap.header(pool).map(({ name, value }) => [name, value]));
    expect(fields.ref).toBe(String(real.count));
    expect(fields.nextoffset).toBe(String(real.nextoffset));
    expect(fields.nextpool).toBe("not recorded");
  }
  expect(seen).toEqual(live);
  expect(mapped).toEqual(new Set(arenas.map(({ base }) => base)));
}

describe("TapeHeap", () => {
  it.each(["3.7", "3.9", "3.13"])(
    "property: any moment, sought in any order, is as inspect() of the allocator said (%s)",
    (version) => {
      fc.assert(
        fc.property(
          fc.array(call, { minLength: 1, maxLength: 400 }),
          fc.array(fc.nat(), { maxLength: 12 }),
          (calls, order) => {
            const shots: Shot[] = [];
            const tape = playCalls(
              calls,
              (event, pymalloc, live) => shots.push({ event, arenas: pymalloc.inspect().arenas, live }),
              version,
            );
            const heap = new TapeHeap(tape);
            for (const pick of [...order, calls.length - 1]) expectSame(heap, shots[pick % shots.length]!);
          },
        ),
        { numRuns: 40 },
      );
    },
  );

  it("goes far and comes back by keyframes, with the same state each time", () => {
    const calls: Call[] = [];
    for (let round = 0; round < 60; round++) {
      for (let index = 0; index < 6000; index++) calls.push({ malloc: 1 + ((index * 37 + round) % 512) });
      for (let index = 0; index < 5900; index++) calls.push({ free: 0 });
    }
    const tape = playFast(calls);
    const moments = [0, 700_000, 1000, 713_999, 330_000, 700_000, 5, 714_000, 330_000];
    const heap = new TapeHeap(tape);
    const sums = moments.map((event) => {
      heap.seek(event);
      return liveOf(heap);
    });
    const expected = moments.map((event) => {
      const { born, died, sizeBytes } = tape.lives;
      let [blocks, bytes] = [0, 0];
      for (let life = 0; life < born.length; life++) {
        if (born[life]! >= event || died[life]! < event) continue;
        blocks++;
        bytes += sizeBytes[life]!;
      }
      return { blocks, bytes };
    });
    expect(sums).toEqual(expected);
  });

  it("ranks lines by the bytes that stay", () => {
    const heap = new TapeHeap(playCalls([{ malloc: 300 }, { malloc: 10 }, { malloc: 500 }, { free: 2 }]));
    expect(heap.lines[0]).toBe("main.py:1 <module>"); // 300 bytes stay, stack 1
    heap.seek(4);
    const lines = [...heap.lines];
    expect(lines).toHaveLength(3);
    expect(
      heap.life(
        heap.liveBlocks.findIndex((count) => count > 0),
        0,
      )?.stack.length,
    ).toBeGreaterThan(0);
  });
});

function liveOf(heap: TapeHeap) {
  let [blocks, bytes] = [0, 0];
  for (let pool = 0; pool < heap.kinds.length; pool++) {
    blocks += heap.liveBlocks[pool]!;
    bytes += heap.liveBytes[pool]!;
  }
  return { blocks, bytes };
}

/** A tape of lives in made-up places, oldest freed first: as many events as no test could inspect one by one. */
function playFast(calls: readonly Call[]) {
  const one = playCalls([{ malloc: 64 }]);
  const place: number[] = [];
  const sizes: number[] = [];
  const born: number[] = [];
  const died: number[] = [];
  const deaths: number[] = [];
  const header = one.geometry.headerBytes / one.geometry.alignmentBytes;
  for (const [event, each] of calls.entries()) {
    if ("malloc" in each) {
      const index = born.length % 16_000;
      place.push(Math.floor(index / 250) * 1024 + header + (index % 250) * 4);
      sizes.push(1 + (each.malloc % 64));
      born.push(event);
      died.push(0xffff_ffff);
    } else {
      died[deaths.length] = event;
      deaths.push(deaths.length);
    }
  }
  // Places are taken again only after they were left: lives die in the order of their births, 16,000 apart at most.
  return {
    ...one,
    lastEvent: calls.length,
    lives: {
      place: Uint32Array.from(place),
      sizeBytes: Uint16Array.from(sizes),
      classes: new Uint8Array(place.length).fill(3),
      born: Uint32Array.from(born),
      died: Uint32Array.from(died),
      stack: new Uint32Array(place.length).fill(1),
      deaths: Uint32Array.from(deaths),
    },
  };
}
