import { describe, expect, it } from "vitest";
import { streamKinds } from "./index.ts";
import type { StreamScale } from "./kind.ts";
import { Random } from "./random.ts";
import { Op, type Stream, StreamBuilder } from "./stream.ts";

const SEED = 7;
const kindOf = (name: string) => streamKinds.find((kind) => kind.name === name)!;
const streamOf = (name: string, scale: Partial<StreamScale> = {}) => {
  const kind = kindOf(name);
  return kind.make({ ...kind.defaults, ...scale, seed: SEED });
};

/** What a stream leaves alive, by playing it; fails where an operation does not fit its slot. */
function play({ ops, slots, sizes, slotCount, setup }: Stream) {
  const held = new Array<number>(slotCount).fill(0);
  const counts = [0, 0, 0, 0, 0];
  let live = 0;
  let peak = 0;
  for (const [i, op] of ops.entries()) {
    const slot = slots[i]!;
    const before = held[slot]!;
    const needsBlock = op === Op.free || op === Op.realloc || op === Op.replace;
    if (before > 0 !== needsBlock || sizes[i]! > 0 === (op === Op.free))
      throw new Error(`operation ${i} does not fit`);
    held[slot] = op === Op.pair ? 0 : sizes[i]!;
    peak = Math.max(peak, live - before + sizes[i]!);
    live += held[slot]! - before;
    if (i >= setup) counts[op]!++;
  }
  const [mallocs = 0, frees = 0, reallocs = 0, replacements = 0, pairs = 0] = counts;
  return { held, live, peak, mallocs, frees, reallocs, replacements, pairs };
}

const shareOf = (values: Iterable<number>, test: (value: number) => boolean) => {
  const all = [...values];
  return all.filter(test).length / all.length;
};

describe("every stream", () => {
  it.each(streamKinds)("$name is the same for the same seed, and another for another", (kind) => {
    const scale = { ...kind.defaults, live: 300, operations: 1000 };
    expect(kind.make({ ...scale, seed: 1 })).toEqual(kind.make({ ...scale, seed: 1 }));
    expect(kind.make({ ...scale, seed: 1 })).not.toEqual(kind.make({ ...scale, seed: 2 }));
  });

  it.each(streamKinds)("$name can be played, and says what it leaves alive", (kind) => {
    const stream = kind.make({ ...kind.defaults, live: 500, operations: 4000, seed: SEED });
    const { held, live, peak, mallocs, frees, reallocs, replacements, pairs } = play(stream);
    expect(stream.liveBytesAtEnd).toBe(live);
    expect(stream.liveBytesAtPeak).toBe(peak);
    expect([...stream.liveSlots]).toEqual([...held.keys()].filter((slot) => held[slot]! > 0));
    expect(stream.timedCalls).toBe(mallocs + frees + reallocs + 2 * (replacements + pairs));
  });

  it.each(streamKinds)("$name keeps to the sizes that it is given", (kind) => {
    const sizes = { min: 24, max: 32 };
    const stream = kind.make({ live: 1000, operations: 1000, sizes, seed: SEED });
    const small = stream.sizes.filter((size) => size > 0 && size <= 32);
    expect(Math.min(...small)).toBe(24);
    expect(Math.max(...small)).toBe(32);
  });
});

describe("what the streams are", () => {
  it("W1: 100,000 live blocks of 1 to 512 bytes, each operation replaces one of them", () => {
    const stream = streamOf("W1");
    const { replacements, held } = play(stream);
    expect([held.length, stream.setup, replacements]).toEqual([100_000, 100_000, 1_000_000]);
    expect([Math.min(...held), Math.max(...held)]).toEqual([1, 512]);
    expect(shareOf(stream.sizes, (size) => size <= 256)).toBeCloseTo(0.5, 2);
    const touched = new Set(stream.slots.subarray(stream.setup));
    expect(touched.size / 100_000).toBeCloseTo(1 - Math.exp(-10), 3); // all slots with equal chance
  });

  it.each([
    ["W2", 0],
    ["W2b", 1000],
  ])("%s: pairs of malloc and free among %i blocks", (name, live) => {
    const stream = streamOf(name);
    const { pairs, held } = play(stream);
    expect([stream.setup, pairs, held.filter(Boolean).length]).toEqual([live, 1_000_000, live]);
    expect(stream.sizes.every((size) => size >= 1 && size <= 512)).toBe(true);
  });

  it("W3: 90% small, 9.9% to 32 KiB, 0.1% to 1 MiB; one operation of five is a realloc", () => {
    const stream = streamOf("W3");
    const { reallocs, replacements } = play(stream);
    expect(reallocs / (reallocs + replacements)).toBeCloseTo(0.2, 2);
    expect(reallocs + replacements).toBe(1_000_000);
    expect(shareOf(stream.sizes, (size) => size <= 512)).toBeCloseTo(0.9, 2);
    expect(shareOf(stream.sizes, (size) => size > 512 && size <= 32 * 1024)).toBeCloseTo(0.099, 2);
    const large = shareOf(stream.sizes, (size) => size > 32 * 1024);
    expect(large).toBeGreaterThan(0.0009);
    expect(large).toBeLessThan(0.0011);
    expect(stream.sizes.every((size) => size <= 1024 * 1024)).toBe(true);
  });

  it.each(["W4", "W4b"])(
    "%s: 200,000 blocks, 90% of them freed at random and replaced by larger ones",
    (name) => {
      const stream = streamOf(name);
      const { mallocs, frees, held } = play(stream);
      expect([stream.setup, mallocs, frees]).toEqual([0, 380_000, 180_000]);
      const refill = kindOf(name).defaults.sizes.max * 1.5;
      expect(held.filter((size) => size === refill).length).toBe(180_000);
      const survivors = [...held.keys()].filter((slot) => held[slot]! < refill);
      for (let tenth = 0; tenth < 10; tenth++) {
        const share = survivors.filter((slot) => Math.floor(slot / 20_000) === tenth).length / 20_000;
        expect(share).toBeGreaterThan(0.09);
        expect(share).toBeLessThan(0.11);
      }
    },
  );
});

describe("StreamBuilder", () => {
  it("refuses operations that do not fit their slot", () => {
    const stream = new StreamBuilder(2);
    stream.malloc(0, 8);
    expect(() => stream.malloc(0, 8)).toThrow("slot 0 holds a block already");
    expect(() => stream.pair(0, 8)).toThrow("slot 0 holds a block already");
    expect(() => stream.free(1)).toThrow("slot 1 holds no block");
    expect(() => stream.realloc(1, 8)).toThrow("slot 1 holds no block");
    expect(() => stream.replace(1, 8)).toThrow("slot 1 holds no block");
  });
});

describe("Random", () => {
  it("gives the numbers of sfc32", () => {
    const random = new Random(1);
    const numbers = Array.from({ length: 3 }, () => random.next());
    expect(numbers).toMatchInlineSnapshot(`
      [
        1299785925,
        4001059704,
        2906380172,
      ]
    `);
  });

  it("spreads them evenly", () => {
    const random = new Random(SEED);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[random.below(10)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
