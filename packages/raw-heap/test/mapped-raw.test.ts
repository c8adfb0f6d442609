import {
  ilp32,
  lp64,
  NotABlockError,
  NULL,
  OutOfMemoryError,
  type RawAddress,
  rawAddress,
} from "@obmalloc/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LinearMemory, MappedRaw, PAGE_BYTES, PageMapper } from "../src/index.ts";

const MIB = 1024 * 1024;

function makeRaw(maxBytes = 4 * MIB, model = lp64) {
  const memory = new LinearMemory({ maxBytes });
  const mapper = PageMapper.create(memory);
  return { memory, mapper, raw: new MappedRaw({ mapper, model }) };
}

describe("MappedRaw follows CPython's raw domain", () => {
  it("gives an address of its own for a size of 0", () => {
    const { raw } = makeRaw();
    const blocks = [raw.malloc(0), raw.malloc(0), raw.calloc(0, 8), raw.calloc(8, 0), raw.realloc(NULL, 0)];
    expect(new Set(blocks).size).toBe(5);
    expect(blocks).not.toContain(0);
    expect(raw.realloc(blocks[0]!, 0)).not.toBe(0);
  });

  it("aligns blocks to 16 bytes", () => {
    const { raw } = makeRaw();
    for (const size of [1, 15, 17, 5000]) expect(raw.malloc(size) % 16).toBe(0);
  });

  it("returns NULL above PY_SSIZE_T_MAX, for an overflowing product and for what is no size", () => {
    const { raw } = makeRaw();
    const sizes = [2 ** 63, 2 ** 62, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY];
    for (const size of sizes) expect(raw.malloc(size)).toBe(0);
    expect(raw.calloc(2 ** 62, 4)).toBe(0);
    expect(raw.calloc(-2, -3)).toBe(0);
    expect(raw.calloc(0.5, 4)).toBe(0);
    expect(raw.liveBlockCount).toBe(0);
  });

  it("knows the limit of its data model: 3 GiB is no size on ilp32", () => {
    const wide = makeRaw(2 ** 32, lp64);
    expect(wide.raw.malloc(3 * 1024 * MIB)).not.toBe(0);
    const narrow = makeRaw(2 ** 32, ilp32);
    expect(narrow.raw.malloc(2 ** 31)).toBe(0);
    expect(narrow.raw.calloc(2 ** 16, 2 ** 16)).toBe(0);
    expect(narrow.raw.malloc(2 ** 31 - 1)).not.toBe(0);
  });

  it("keeps the old block when realloc cannot be served", () => {
    const { memory, raw } = makeRaw();
    const block = raw.malloc(100);
    memory.u8.fill(9, block, block + 100);
    for (const size of [8 * MIB, 2 ** 63, -1, Number.NaN]) expect(raw.realloc(block, size)).toBe(0);
    expect(memory.u8.subarray(block, block + 100).every((byte) => byte === 9)).toBe(true);
    expect(raw.liveBlockCount).toBe(1);
  });

  it("resizes in place as long as the pages stay the same", () => {
    const { raw } = makeRaw();
    const block = raw.malloc(100);
    expect(raw.realloc(block, 4000)).toBe(block);
    expect(raw.realloc(block, 5000)).not.toBe(block);
  });

  it("ignores NULL", () => {
    const { raw } = makeRaw();
    raw.free(NULL);
    expect(raw.liveBlockCount).toBe(0);
  });

  it("throws for what is not a live block of it, naming the address", () => {
    const { mapper, raw } = makeRaw();
    const block = raw.malloc(5000);
    const mapping = mapper.mmap(PAGE_BYTES);
    for (const bad of [block + 16, block - 32, block + PAGE_BYTES, mapping + 32, 48, -16, 2 ** 33, 1.5]) {
      expect(() => raw.free(rawAddress(bad))).toThrow(NotABlockError);
      expect(() => raw.realloc(rawAddress(bad), 10)).toThrow(NotABlockError);
    }
    raw.free(block);
    expect(() => raw.free(block)).toThrow(`free: 0x${block.toString(16)} is not a live block.`);
    expect(raw.check()).toEqual([]);
  });

  it("cannot be made without a page for its state", () => {
    const memory = new LinearMemory({ maxBytes: MIB });
    const mapper = PageMapper.create(memory);
    mapper.mmap(mapper.stats().reservedBytes);
    expect(() => new MappedRaw({ mapper })).toThrow(OutOfMemoryError);
  });
});

describe("MappedRaw", () => {
  it("lists its live blocks, most recent first", () => {
    const { raw } = makeRaw();
    const [a, b, c] = [raw.malloc(10), raw.malloc(20), raw.malloc(30)];
    raw.free(b);
    expect([...raw.blocks()]).toEqual([
      { address: c, sizeBytes: 30 },
      { address: a, sizeBytes: 10 },
    ]);
  });

  it("lives in its memory alone: a second owner of a copy goes on in the same way", () => {
    const { memory, raw } = makeRaw();
    const blocks = [raw.malloc(10), raw.malloc(9000), raw.malloc(30)];
    raw.free(blocks[1]!);
    const copied = LinearMemory.from(memory.u8, { maxBytes: 4 * MIB });
    const copy = new MappedRaw({ mapper: PageMapper.attach(copied), stateAddress: raw.stateAddress });
    expect([...copy.blocks()]).toEqual([...raw.blocks()]);
    copy.free(blocks[0]!);
    raw.free(blocks[0]!);
    expect(copy.malloc(5)).toBe(raw.malloc(5));
    expect(copied.u8).toEqual(memory.u8);
  });

  it("property: blocks never overlap, keep their bytes through realloc, and calloc clears", () => {
    const step = fc.record({ kind: fc.nat(3), size: fc.nat(9000), pick: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { memory, mapper, raw } = makeRaw();
        const live: { address: RawAddress; size: number; mark: number }[] = [];
        const holds = (address: number, size: number, mark: number) =>
          memory.u8.subarray(address, address + size).every((byte) => byte === mark);
        let mark = 0;
        for (const { kind, size, pick } of steps) {
          const old = live[pick % live.length];
          mark = (mark % 255) + 1;
          if (kind <= 1 || old === undefined) {
            const address = kind === 0 ? raw.malloc(size) : raw.calloc(size, 1);
            if (address === 0) continue;
            if (kind === 1) expect(holds(address, size, 0)).toBe(true);
            memory.u8.fill(mark, address, address + size);
            live.push({ address, size, mark });
          } else if (kind === 2) {
            expect(holds(old.address, old.size, old.mark)).toBe(true);
            raw.free(old.address);
            live.splice(live.indexOf(old), 1);
          } else {
            const address = raw.realloc(old.address, size);
            if (address === 0) continue;
            expect(holds(address, Math.min(size, old.size), old.mark)).toBe(true);
            memory.u8.fill(mark, address, address + size);
            Object.assign(old, { address, size, mark });
          }
          expect(raw.check()).toEqual([]);
        }
        for (const { address, size, mark: kept } of live) {
          expect(holds(address, size, kept)).toBe(true);
          raw.free(address);
        }
        expect(mapper.stats().committedBytes).toBe(PAGE_BYTES);
        expect(mapper.check()).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("property: check finds any damaged header of a block, and ends", () => {
    const { memory, raw } = makeRaw();
    const blocks = [raw.malloc(10), raw.malloc(20), raw.malloc(5000)];
    const words = memory.u32;
    const fields = fc.constantFrom(0, 2, 3, 4); // magic, pages, next, previous
    fc.assert(
      fc.property(
        fc.constantFrom(...blocks),
        fields,
        fc.integer({ min: 1, max: 0xffff_ffff }),
        (block, field, flip) => {
          const word = (block - 32) / 4 + field;
          const sound = words[word]!;
          words[word] = sound ^ flip;
          const violations = raw.check();
          words[word] = sound;
          expect(violations.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 300 },
    );
    words[raw.stateAddress / 4 + 1]! += 1;
    expect(raw.check().map(({ rule }) => rule)).toEqual(["raw-count"]);
    words[raw.stateAddress / 4 + 1]! -= 2;
    expect(raw.check().map(({ rule }) => rule)).toEqual(["raw-count"]);
  });
});
