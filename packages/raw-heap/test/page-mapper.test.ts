import { type PageAddress, pageAddress } from "@obmalloc/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LinearMemory, MAX_MEMORY_BYTES, NotMappedError, PAGE_BYTES, PageMapper } from "../src/index.ts";
import { mapperState } from "../src/memory/mapper-layout.ts";
import { PageOracle } from "./page-oracle.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

function makeMapper(maxBytes = MIB): PageMapper {
  return PageMapper.create(new LinearMemory({ maxBytes }));
}

describe("PageMapper.mmap", () => {
  it("gives zeroed pages, never page 0, one after the other", () => {
    const mapper = makeMapper();
    const a = mapper.mmap(1);
    const b = mapper.mmap(PAGE_BYTES + 1);
    const c = mapper.mmap(PAGE_BYTES);
    expect(a).toBeGreaterThanOrEqual(PAGE_BYTES);
    expect([b - a, c - b]).toEqual([PAGE_BYTES, 2 * PAGE_BYTES]);
  });

  it("keeps an offset within an alignment", () => {
    const mapper = makeMapper(8 * MIB);
    for (const offset of [0, PAGE_BYTES, 3 * PAGE_BYTES, 256 * KIB - PAGE_BYTES]) {
      expect(mapper.mmap(100 * KIB, 256 * KIB, offset) % (256 * KIB)).toBe(offset);
    }
    expect(mapper.check()).toEqual([]);
  });

  it("returns NULL for what cannot be mapped, and maps on afterwards", () => {
    const mapper = makeMapper();
    for (const size of [0, -1, 1.5, Number.NaN, 2 * MIB, 2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(mapper.mmap(size)).toBe(0);
    }
    const before = mapper.stats();
    expect(before.committedBytes).toBe(0);
    expect(mapper.mmap(before.reservedBytes)).not.toBe(0);
    expect(mapper.mmap(1)).toBe(0);
    expect(mapper.check()).toEqual([]);
  });

  it("leaves the last page of 4 GiB alone, so that every mapping ends at an address", () => {
    const mapper = makeMapper(MAX_MEMORY_BYTES);
    const address = mapper.mmap(mapper.stats().reservedBytes);
    expect(address + mapper.stats().reservedBytes).toBe(MAX_MEMORY_BYTES - PAGE_BYTES);
  });

  it.each([
    [3000, 0],
    [12 * KIB, 0],
    [0, 0],
    [8 * KIB, 8 * KIB],
    [8 * KIB, 100],
    [8 * KIB, -PAGE_BYTES],
    [Number.NaN, 0],
  ])("refuses an alignment of %i with an offset of %i", (alignment, offset) => {
    expect(() => makeMapper().mmap(1, alignment, offset)).toThrow(RangeError);
  });
});

describe("PageMapper.munmap", () => {
  it("merges neighbours, so that one large range can take their place", () => {
    const mapper = makeMapper();
    const parts = [mapper.mmap(3 * PAGE_BYTES), mapper.mmap(5 * PAGE_BYTES), mapper.mmap(40 * PAGE_BYTES)];
    const guard = mapper.mmap(PAGE_BYTES);
    mapper.munmap(parts[0]!, 3 * PAGE_BYTES);
    mapper.munmap(parts[2]!, 40 * PAGE_BYTES);
    mapper.munmap(parts[1]!, 5 * PAGE_BYTES);
    expect(mapper.inspect()).toEqual([
      { address: parts[0], sizeBytes: 48 * PAGE_BYTES, mapped: false },
      { address: guard, sizeBytes: PAGE_BYTES, mapped: true },
    ]);
    expect(mapper.mmap(48 * PAGE_BYTES)).toBe(parts[0]);
  });

  it("gives the range back that was unmapped last, as a thrashing arena needs", () => {
    const mapper = makeMapper(8 * MIB);
    const arena = mapper.mmap(256 * KIB);
    mapper.mmap(PAGE_BYTES);
    for (let round = 0; round < 3; round++) {
      mapper.munmap(arena, 256 * KIB);
      expect(mapper.mmap(256 * KIB)).toBe(arena);
    }
  });

  it("extends a free range at the end instead of leaving it behind", () => {
    const mapper = makeMapper();
    const last = mapper.mmap(4 * PAGE_BYTES);
    mapper.munmap(last, 4 * PAGE_BYTES);
    expect(mapper.mmap(8 * PAGE_BYTES)).toBe(last);
    expect(mapper.stats().reusableBytes).toBe(0);
  });

  it("takes part of a mapping", () => {
    const mapper = makeMapper();
    const start = mapper.mmap(4 * PAGE_BYTES);
    mapper.munmap(pageAddress(start + PAGE_BYTES), 2 * PAGE_BYTES);
    expect(mapper.isMapped(start, PAGE_BYTES)).toBe(true);
    expect(mapper.isMapped(start, PAGE_BYTES + 1)).toBe(false);
    expect(mapper.isMapped(start + 3 * PAGE_BYTES, PAGE_BYTES)).toBe(true);
    expect(mapper.check()).toEqual([]);
  });

  it("refuses pages that are not mapped, naming the address, and changes nothing", () => {
    const mapper = makeMapper();
    const start = mapper.mmap(2 * PAGE_BYTES);
    const bad: [number, number][] = [
      [0, PAGE_BYTES],
      [PAGE_BYTES, PAGE_BYTES],
      [start + 1, PAGE_BYTES],
      [start, 3 * PAGE_BYTES],
      [start, 0],
      [start, Number.NaN],
      [2 ** 40, PAGE_BYTES],
      [-PAGE_BYTES, PAGE_BYTES],
    ];
    for (const [address, sizeBytes] of bad) {
      expect(() => mapper.munmap(pageAddress(address), sizeBytes)).toThrow(NotMappedError);
    }
    mapper.munmap(start, 2 * PAGE_BYTES);
    expect(() => mapper.munmap(start, 2 * PAGE_BYTES)).toThrowErrorMatchingInlineSnapshot(
      `[NotMappedError: munmap: 8192 bytes at 0x2000 are not a range of mapped pages.]`,
    );
    expect(mapper.check()).toEqual([]);
  });
});

describe("PageMapper", () => {
  it("counts what is reserved, committed, reusable, and the peak", () => {
    const mapper = makeMapper();
    const a = mapper.mmap(10 * PAGE_BYTES);
    const b = mapper.mmap(20 * PAGE_BYTES);
    mapper.munmap(a, 10 * PAGE_BYTES);
    const { reservedBytes, ...rest } = mapper.stats();
    expect(reservedBytes).toBe(MIB - b + 10 * PAGE_BYTES);
    expect(rest).toEqual({
      committedBytes: 20 * PAGE_BYTES,
      residentBytes: 30 * PAGE_BYTES,
      peakBytes: 30 * PAGE_BYTES,
      foreignBytes: 0,
      reusableBytes: 10 * PAGE_BYTES,
    });
  });

  it("lives in its memory alone: a copy of the bytes maps the same pages", () => {
    const mapper = makeMapper();
    const a = mapper.mmap(10 * PAGE_BYTES);
    mapper.mmap(PAGE_BYTES);
    mapper.munmap(a, 10 * PAGE_BYTES);
    const copy = PageMapper.attach(LinearMemory.from(mapper.memory.u8, { maxBytes: MIB }));
    for (const pages of [3, 30, 7, 1])
      expect(copy.mmap(pages * PAGE_BYTES)).toBe(mapper.mmap(pages * PAGE_BYTES));
    expect(copy.memory.u8).toEqual(mapper.memory.u8);
  });

  it("is not found in a memory that has none, nor made in one that is too small", () => {
    expect(() => PageMapper.attach(new LinearMemory())).toThrow("There is no page mapper in this memory.");
    const tooShort = LinearMemory.from(makeMapper().memory.u8, { maxBytes: MIB / 2 });
    expect(() => PageMapper.attach(tooShort)).toThrow("There is no page mapper in this memory.");
    expect(() => makeMapper(0)).toThrow(RangeError);
  });

  it("property: pages are zero, never given out twice, and all come back", () => {
    const step = fc.record({
      map: fc.boolean(),
      pages: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 80 })),
      unit: fc.integer({ min: 0, max: 4 }),
      offset: fc.nat(15),
      pick: fc.nat(),
      keepPages: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const mapper = makeMapper(4 * MIB);
        const oracle = new PageOracle(mapper.memory);
        const mappings: { address: PageAddress; sizeBytes: number }[] = [];
        for (const { map, pages, unit, offset, pick, keepPages } of steps) {
          const mapping = mappings[pick % mappings.length];
          if (map || mapping === undefined) {
            const alignment = 2 ** unit * PAGE_BYTES;
            const within = (offset * PAGE_BYTES) % alignment;
            const address = mapper.mmap(pages * PAGE_BYTES, alignment, within);
            if (address === 0) continue;
            expect(address % alignment).toBe(within);
            oracle.acquire(address, pages * PAGE_BYTES);
            mappings.push({ address, sizeBytes: pages * PAGE_BYTES });
          } else {
            const kept = Math.min(keepPages * PAGE_BYTES, mapping.sizeBytes - PAGE_BYTES);
            const start = pageAddress(mapping.address + kept);
            oracle.release(start, mapping.sizeBytes - kept);
            mapper.munmap(start, mapping.sizeBytes - kept);
            if (kept > 0) mapping.sizeBytes = kept;
            else mappings.splice(mappings.indexOf(mapping), 1);
          }
          expect(mapper.check()).toEqual([]);
          expect(mapper.stats().committedBytes).toBe(oracle.mappedBytes);
        }
        for (const { address, sizeBytes } of mappings) mapper.munmap(address, sizeBytes);
        expect(mapper.inspect().length).toBeLessThanOrEqual(1);
        expect(mapper.check()).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe("PageMapper.sbrk and extend", () => {
  it("gives pages behind the last ones as long as nobody maps there, and new ones elsewhere after that", () => {
    const mapper = makeMapper();
    const a = mapper.sbrk(PAGE_BYTES);
    expect(mapper.sbrk(2 * PAGE_BYTES)).toBe(a + PAGE_BYTES);
    const between = mapper.mmap(PAGE_BYTES);
    expect(between).toBe(a + 3 * PAGE_BYTES);
    const b = mapper.sbrk(PAGE_BYTES);
    expect(b).toBe(between + PAGE_BYTES);
    expect(mapper.sbrk(5 * PAGE_BYTES)).toBe(b + PAGE_BYTES);
    expect(mapper.sbrk(2 * MIB)).toBe(0);
    expect(mapper.sbrk(PAGE_BYTES)).toBe(b + 6 * PAGE_BYTES);
    expect(mapper.check()).toEqual([]);
  });

  it("extends a mapping into free pages behind it, up to the end of the memory, or not at all", () => {
    const mapper = makeMapper();
    const a = mapper.mmap(PAGE_BYTES);
    const hole = mapper.mmap(4 * PAGE_BYTES);
    const b = mapper.mmap(PAGE_BYTES);
    const end = a + PAGE_BYTES;
    expect(mapper.extend(end, PAGE_BYTES)).toBe(false);
    mapper.munmap(hole, 4 * PAGE_BYTES);
    expect(mapper.extend(end, 5 * PAGE_BYTES)).toBe(false);
    expect(mapper.extend(end, 3 * PAGE_BYTES)).toBe(true);
    expect(mapper.extend(end + 3 * PAGE_BYTES, PAGE_BYTES)).toBe(true);
    expect(mapper.isMapped(a, 5 * PAGE_BYTES)).toBe(true);
    expect(mapper.extend(end + 4 * PAGE_BYTES, PAGE_BYTES)).toBe(false);
    expect(mapper.extend(end + 1, PAGE_BYTES)).toBe(false);
    mapper.munmap(b, PAGE_BYTES);
    expect(mapper.extend(end + 4 * PAGE_BYTES, 10 * PAGE_BYTES)).toBe(true);
    expect(mapper.extend(end + 14 * PAGE_BYTES, 2 * MIB)).toBe(false);
    expect(mapper.check()).toEqual([]);
  });
});

describe("PageMapper in somebody else's memory", () => {
  const makeForeign = () => {
    const source = new WebAssembly.Memory({ initial: 4, maximum: 64 });
    new Uint8Array(source.buffer).fill(0xee);
    return { source, memory: new LinearMemory({ source, startAddress: 70_000, maxBytes: 40 * 65_536 }) };
  };
  const isUntouched = (source: WebAssembly.Memory, start: number, end: number) =>
    new Uint8Array(source.buffer, start, end - start).every((byte) => byte === 0xee);

  it("stays behind the start address, and maps zeroed pages there", () => {
    const { source, memory } = makeForeign();
    const mapper = PageMapper.create(memory);
    const a = mapper.mmap(3 * PAGE_BYTES);
    expect(a).toBeGreaterThan(70_000);
    expect(memory.u8.subarray(a, a + 3 * PAGE_BYTES).every((byte) => byte === 0)).toBe(true);
    expect(isUntouched(source, 0, 70_000)).toBe(true);
    const attached = PageMapper.attach(
      new LinearMemory({ source, startAddress: 70_000, maxBytes: 40 * 65_536 }),
    );
    expect(attached.isMapped(a, 3 * PAGE_BYTES)).toBe(true);
    expect(() => PageMapper.attach(new LinearMemory({ source }))).toThrow("There is no page mapper");
  });

  it("leaves the pages alone that somebody else grows, again and again", () => {
    const { source, memory } = makeForeign();
    const mapper = PageMapper.create(memory);
    const oracle = new PageOracle(memory);
    const theirs: number[] = [];
    for (let round = 0; round < 6; round++) {
      const pages = 7 + 5 * round;
      const address = mapper.mmap(pages * PAGE_BYTES);
      expect(address).not.toBe(0);
      oracle.acquire(address, pages * PAGE_BYTES);
      theirs.push(source.grow(1) * 65_536);
      new Uint8Array(source.buffer).fill(0xee, theirs.at(-1));
      expect(mapper.check()).toEqual([]);
    }
    expect(theirs.every((start) => isUntouched(source, start, start + 65_536))).toBe(true);
    const foreign = mapper.inspect().filter((range) => range.foreign === true);
    expect(mapper.stats().foreignBytes).toBe(foreign.reduce((sum, range) => sum + range.sizeBytes, 0));
    expect(foreign.length).toBeGreaterThan(2);
    for (const { address, sizeBytes } of foreign) {
      expect(mapper.isMapped(address, sizeBytes)).toBe(false);
      expect(() => mapper.munmap(address, sizeBytes)).toThrow(NotMappedError);
    }
  });

  it("returns NULL when the memory is at its end", () => {
    const { memory } = makeForeign();
    const mapper = PageMapper.create(memory);
    expect(mapper.mmap(60 * 65_536)).toBe(0);
    expect(mapper.mmap(mapper.stats().reservedBytes)).not.toBe(0);
    expect(mapper.mmap(1)).toBe(0);
    expect(memory.buffer.byteLength).toBe(40 * 65_536);
  });

  it("hands pages back to a host that can take them", () => {
    const wasm = new WebAssembly.Memory({ initial: 4, maximum: 8 });
    const discarded: number[][] = [];
    const source = {
      get buffer() {
        return wasm.buffer;
      },
      grow: (units: number) => wasm.grow(units),
      discard: (address: number, sizeBytes: number) => {
        discarded.push([address, sizeBytes]);
        new Uint8Array(wasm.buffer, address, sizeBytes).fill(0);
      },
    };
    const mapper = PageMapper.create(new LinearMemory({ source }));
    const a = mapper.mmap(10 * PAGE_BYTES);
    mapper.memory.u8.fill(1, a, a + 10 * PAGE_BYTES);
    mapper.munmap(a, 10 * PAGE_BYTES);
    expect(discarded).toEqual([[a, 10 * PAGE_BYTES]]);
    expect(mapper.stats().residentBytes).toBe(0);
    expect(mapper.check()).toEqual([]);
  });
});

describe("PageMapper.check", () => {
  it("finds a write to pages that were unmapped, and one through NULL", () => {
    const mapper = makeMapper();
    const a = mapper.mmap(4 * PAGE_BYTES);
    mapper.mmap(PAGE_BYTES);
    mapper.munmap(a, 4 * PAGE_BYTES);
    mapper.memory.u8[a + 5000] = 1;
    mapper.memory.u8[8] = 1;
    expect(mapper.check().map(({ rule, address }) => [rule, address])).toEqual([
      ["write-after-unmap", a + 5000],
      ["null-page", 8],
    ]);
  });

  it("property: finds any damaged word of its books, and ends", () => {
    const mapper = makeMapper();
    const holes = [3, 9, 40].map(
      (pages) => [mapper.mmap(pages * PAGE_BYTES), mapper.mmap(PAGE_BYTES), pages] as const,
    );
    for (const [address, , pages] of holes) mapper.munmap(address, pages * PAGE_BYTES);
    const header = PAGE_BYTES / 4;
    // What the header says of pages, and the bins; then the three words that each free range starts with, and its last.
    const { magic, header_page, frontier_page, mapped_pages, first_page, bins, map } = mapperState(0).offsets;
    const binWords = Array.from({ length: (map - bins) / 4 }, (_, bin) => bins / 4 + bin);
    const fields = [magic, header_page, frontier_page, mapped_pages, first_page];
    const books = [...fields.map((offset) => offset / 4), ...binWords].map((word) => header + word);
    const ranges = holes.flatMap(([address, , pages]) =>
      [0, 1, 2, (pages * PAGE_BYTES) / 4 - 1].map((word) => address / 4 + word),
    );
    const words = mapper.memory.u32;
    fc.assert(
      fc.property(
        fc.constantFrom(...books, ...ranges),
        fc.integer({ min: 1, max: 0xffff_ffff }),
        (word, flip) => {
          const sound = words[word]!;
          words[word] = sound ^ flip;
          const violations = mapper.check();
          words[word] = sound;
          expect(violations.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 500 },
    );
    expect(mapper.check()).toEqual([]);
  });
});
