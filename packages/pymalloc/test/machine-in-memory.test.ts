// All state lies in linear memory, wherever in its 4 GiB that is.

import { type BlockAddress, blockAddress, profiles, rawAddress } from "@obmalloc/abi";
import { attachPyMalloc, createPyMalloc, mappedArenas, type PyMalloc } from "@obmalloc/pymalloc";
import { LinearMemory, PageMapper, RawHeap } from "@obmalloc/raw-heap";
import { describe, expect, it } from "vitest";
import { allocateMany, MIB } from "./machine.ts";

/** The same pseudo-random calls for any allocator that starts in the same state; returns what it was given. */
function exercise(pymalloc: PyMalloc, seed: number, live: BlockAddress[] = []): BlockAddress[] {
  let random = seed;
  const below = (n: number) => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return (random >>> 8) % n;
  };
  for (let n = 0; n < 6000; n++) {
    const choice = below(10);
    if (choice < 5 || live.length === 0) {
      live.push(pymalloc.malloc(below(600)));
    } else if (choice < 7) {
      const index = below(live.length);
      live[index] = pymalloc.realloc(live[index]!, below(600));
    } else {
      pymalloc.free(live.splice(below(live.length), 1)[0]!);
    }
  }
  return live;
}

describe.each(profiles)("an allocator of $version $model.name", (profile) => {
  it("goes on in a copy of its bytes as it does in the original", () => {
    const original = createPyMalloc({ profile, maxBytes: 64 * MIB });
    const live = exercise(original, 1);

    const memory = LinearMemory.from(original.memory.u8, { maxBytes: 64 * MIB });
    const mapper = PageMapper.attach(memory);
    const raw = RawHeap.attach(mapper);
    const arenas = mappedArenas(mapper, profile.pymalloc.poolBytes);
    const copy = attachPyMalloc({ memory, raw, arenas, address: original.address });
    expect(copy.profile).toEqual(profile);

    expect(copy.inspect()).toEqual(original.inspect());
    const inCopy = exercise(copy, 2, [...live]);
    const inOriginal = exercise(original, 2, [...live]);
    expect(inCopy).toEqual(inOriginal);
    expect(copy.check()).toEqual([]);
    const { byteLength } = original.memory;
    expect(copy.memory.byteLength).toBe(byteLength);
    expect(Buffer.compare(copy.memory.u8, original.memory.u8)).toBe(0);
  });

  it("works where addresses do not fit in a signed word", () => {
    const memory = new LinearMemory();
    const mapper = PageMapper.create(memory);
    mapper.mmap(2 ** 31 - 2 * profile.pymalloc.arenaBytes);
    const raw = RawHeap.create(mapper, { model: profile.model });
    const arenas = mappedArenas(mapper, profile.pymalloc.poolBytes);
    const pymalloc = createPyMalloc({ memory, profile, raw, arenas });
    const live = exercise(pymalloc, 3);
    const blocks = allocateMany(pymalloc, 20_000, 200);
    expect(Math.max(...blocks)).toBeGreaterThan(2 ** 31);
    expect(new Set([...live, ...blocks]).size).toBe(live.length + blocks.length);
    expect(pymalloc.check()).toEqual([]);
    for (const block of [...live, ...blocks]) pymalloc.free(block);
    expect(pymalloc.getAllocatedBlocks()).toBe(0);
    expect(pymalloc.check()).toEqual([]);
  });

  it("reaches the last arena below 4 GiB", () => {
    const memory = new LinearMemory();
    const mapper = PageMapper.create(memory);
    const raw = RawHeap.create(mapper, { model: profile.model });
    const { arenaBytes } = profile.pymalloc;
    const base = 2 ** 32 - 4096 - arenaBytes;
    const arenas = { ctx: undefined, alloc: () => (memory.ensure(2 ** 32) ? base : 0), free: () => {} };
    const pymalloc = createPyMalloc({ memory, profile, raw, arenas });
    const block = pymalloc.malloc(100);
    expect(block).toBeGreaterThan(base);
    expect(pymalloc.addressInRange(base + arenaBytes - 1)).toBe(true);
    expect(pymalloc.addressInRange(base - 1)).toBe(false);
    expect(pymalloc.check()).toEqual([]);
    pymalloc.free(block);
    expect(pymalloc.getAllocatedBlocks()).toBe(0);
  });
});

describe("PyMalloc", () => {
  it("sees memory grow that others asked for", () => {
    const pymalloc = createPyMalloc({ maxBytes: 64 * MIB });
    const before = pymalloc.malloc(24);
    const far = pymalloc.raw.malloc(32 * MIB);
    expect(far).not.toBe(0);
    expect(pymalloc.malloc(24)).toBe(before + 32);
    pymalloc.raw.free(rawAddress(far));
    expect(pymalloc.addressInRange(blockAddress(far))).toBe(false);
  });

  it("takes CPython 3.13 on 64 bits when it is not told what to be", () => {
    const { profile, memory } = createPyMalloc();
    expect([profile.version, profile.model.name, memory.maxBytes]).toEqual(["3.13", "lp64", 2 ** 32]);
  });
});
