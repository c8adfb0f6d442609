// Pools read address by address in real interpreters (fixtures/probes), and the same calls here.

import { readdirSync, readFileSync } from "node:fs";
import { classBytes, poolCapacity, profileFor } from "@obmalloc/abi";
import { createPyMalloc } from "@obmalloc/pymalloc";
import { describe, expect, it } from "vitest";
import { allocateMany, headerOf } from "../machine.ts";

interface Probe {
  readonly v: string;
  readonly "fresh pool: first block offset, nextoffset, maxnextoffset, freeblock offset, szidx": number[];
  readonly "subsequent (offset,count,nextoffset after,freeblock after) first2": number[][];
  readonly last2: [number, number, number, number | null][];
  readonly "blocks per pool": number;
  readonly "LIFO reuse": number[];
  readonly "realloc same ptr?": Record<string, boolean | null>;
  readonly "allocatedblocks delta for >512 malloc/free": number[];
  readonly "delta for malloc(0)": number[];
  readonly "1-byte block class szidx": number;
}

const folder = new URL("fixtures/probes/", import.meta.url);
const probes = readdirSync(folder)
  .sort()
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Probe);

function machineOf(probe: Probe) {
  const profile = profileFor(probe.v);
  const pymalloc = createPyMalloc({ profile, maxBytes: 8 * 1024 * 1024 });
  const szidx =
    probe["fresh pool: first block offset, nextoffset, maxnextoffset, freeblock offset, szidx"][4]!;
  const size = classBytes(profile, szidx);
  return { profile, pymalloc, szidx, size, capacity: poolCapacity(profile, szidx) };
}

describe.each(probes)("a pool, as read in CPython $v", (probe) => {
  it("is set up for two blocks, and grows block by block until it is full", () => {
    const { pymalloc, size, szidx, capacity } = machineOf(probe);
    const first = pymalloc.malloc(size);
    const { pool, ...fresh } = headerOf(pymalloc, first);
    expect([
      first - pool,
      fresh.nextoffset,
      fresh.maxnextoffset,
      fresh.freeblock - pool,
      fresh.szidx,
    ]).toEqual(probe["fresh pool: first block offset, nextoffset, maxnextoffset, freeblock offset, szidx"]);
    const rows = Array.from({ length: capacity - 1 }, () => {
      const block = pymalloc.malloc(size);
      const header = headerOf(pymalloc, block);
      expect(header.pool).toBe(pool);
      const free = header.freeblock === 0 ? null : header.freeblock - pool;
      return [block - pool, header.ref, header.nextoffset, free];
    });
    expect(rows.slice(0, 2)).toEqual(
      probe["subsequent (offset,count,nextoffset after,freeblock after) first2"],
    );
    expect(rows.slice(-2)).toEqual(probe.last2);
    expect(capacity).toBe(probe["blocks per pool"]);
    expect(headerOf(pymalloc, pymalloc.malloc(size)).pool).not.toBe(pool);
    expect(headerOf(pymalloc, first).szidx).toBe(szidx);
  });

  it("gives back the block that was freed last", () => {
    const { pymalloc, size, capacity } = machineOf(probe);
    const blocks = allocateMany(pymalloc, capacity, size);
    for (const index of [5, 2, 9]) pymalloc.free(blocks[index]!);
    const again = allocateMany(pymalloc, 3, size);
    expect(again.map((block) => blocks.indexOf(block))).toEqual(probe["LIFO reuse"]);
  });

  it("keeps blocks in place by the rule of three quarters", () => {
    const { pymalloc } = machineOf(probe);
    for (const [sizes, stays] of Object.entries(probe["realloc same ptr?"])) {
      const [from, to] = sizes.split("->").map(Number);
      const block = pymalloc.malloc(from!);
      const kept = pymalloc.reallocKeeps(block, to!);
      expect(pymalloc.realloc(block, to!) === block, sizes).toBe(stays ?? false);
      expect(kept).toBe(stays ?? false);
    }
  });

  it("is not asked for large and empty blocks, which are counted all the same", () => {
    const { pymalloc } = machineOf(probe);
    const counts = (size: number) => {
      const before = pymalloc.getAllocatedBlocks();
      const block = pymalloc.malloc(size);
      expect(pymalloc.addressInRange(block)).toBe(false);
      const during = pymalloc.getAllocatedBlocks();
      pymalloc.free(block);
      return [during - before, pymalloc.getAllocatedBlocks() - during];
    };
    expect(counts(0)).toEqual(probe["delta for malloc(0)"]);
    expect(counts(513)).toEqual([1, -1]);
    expect(headerOf(pymalloc, pymalloc.malloc(1)).szidx).toBe(probe["1-byte block class szidx"]);
  });
});
