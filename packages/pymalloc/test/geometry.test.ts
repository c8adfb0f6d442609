// Sizes that no CPython has: any sequence, for any geometry that is accepted, against the same oracle.

import {
  type BlockAddress,
  blockAddress,
  maxPoolsInArena,
  type Profile,
  profiles,
  withGeometry,
} from "@obmalloc/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockOracle } from "./block-oracle.ts";
import { allocateMany, MIB, makeMachine } from "./machine.ts";
import { randomSequence } from "./random-sequence.ts";

const KIB = 1024;

/** Geometries that are accepted, small enough for a memory of some MiB. */
const geometry = fc
  .record({
    profile: fc.constantFrom(...profiles),
    arenaShift: fc.integer({ min: 14, max: 20 }),
    poolShift: fc.integer({ min: 9, max: 16 }),
    alignmentShift: fc.integer({ min: 3, max: 7 }),
    classes: fc.integer({ min: 1, max: 200 }),
  })
  .filter(({ arenaShift, poolShift }) => poolShift < arenaShift)
  .map(({ profile, arenaShift, poolShift, alignmentShift, classes }) => {
    const alignmentBytes = 2 ** alignmentShift;
    const most = Math.floor((2 ** poolShift - Math.max(48, alignmentBytes)) / 2 / alignmentBytes);
    return withGeometry(profile, {
      arenaBytes: 2 ** arenaShift,
      poolBytes: 2 ** poolShift,
      alignmentBytes,
      smallRequestThreshold: Math.max(1, Math.min(classes, most)) * alignmentBytes,
    });
  });

const name = ({ version, model, pymalloc }: Profile) =>
  `${version} ${model.name}, arenas ${pymalloc.arenaBytes}, pools ${pymalloc.poolBytes}, ` +
  `alignment ${pymalloc.alignmentBytes}, threshold ${pymalloc.smallRequestThreshold}`;

describe("PyMalloc of any geometry", () => {
  it("property: blocks are aligned, never overlap, keep their bytes; every invariant holds; all comes back", () => {
    fc.assert(
      fc.property(geometry, fc.nat(), fc.nat(63), (profile, seed, offset) => {
        const { arenaBytes, alignmentBytes, smallRequestThreshold } = profile.pymalloc;
        const { pymalloc } = makeMachine(profile, {
          maxBytes: 24 * MIB,
          offset: (n) => (((n * offset) % 64) * 4096) % arenaBytes,
        });
        const oracle = new BlockOracle(pymalloc.memory);
        let random = seed >>> 0;
        const below = (n: number) => {
          random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
          return Math.floor((random / 2 ** 32) * n);
        };
        for (let n = 0; n < 400; n++) {
          const { live } = oracle;
          const sizeBytes = below(smallRequestThreshold + 20);
          if (live.length === 0 || below(10) < 7) {
            const block = pymalloc.malloc(sizeBytes);
            expect(block % Math.min(alignmentBytes, 16)).toBe(0);
            if (pymalloc.isCarved(block)) expect(block % alignmentBytes).toBe(0);
            oracle.acquire(block, sizeBytes);
          } else {
            const block = blockAddress(live[below(live.length)]!);
            if (below(2) === 0) {
              oracle.release(block);
              pymalloc.free(block);
            } else {
              oracle.move(block, pymalloc.realloc(block, sizeBytes), sizeBytes);
            }
          }
        }
        expect(pymalloc.check(), name(profile)).toEqual([]);
        expect(pymalloc.getAllocatedBlocks()).toBe(oracle.live.length);
        for (const block of oracle.live) {
          oracle.release(block);
          pymalloc.free(blockAddress(block));
        }
        expect(pymalloc.check(), name(profile)).toEqual([]);
        expect(pymalloc.getAllocatedBlocks()).toBe(0);
        expect(pymalloc.arenaCount).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

describe.each(profiles)("arenas of 2 MiB in $version $model.name", (profile) => {
  const huge = withGeometry(profile, { arenaBytes: 2 * MIB });

  it("hold as many pools as fit, and one less at a base that is not pool-aligned", () => {
    for (const offset of [0, 4 * KIB]) {
      const { pymalloc } = makeMachine(huge, { maxBytes: 32 * MIB, offset: () => offset });
      pymalloc.malloc(1);
      const lost = offset % huge.pymalloc.poolBytes === 0 ? 0 : 1;
      expect(pymalloc.inspect().arenas[0]!.ntotalpools).toBe(maxPoolsInArena(huge) - lost);
      expect(pymalloc.collectStats().bytes.total).toBe(2 * MIB);
      expect(pymalloc.check()).toEqual([]);
    }
  });

  it("come and go as others do", () => {
    const { pymalloc } = makeMachine(huge, { maxBytes: 64 * MIB, offset: (n) => n * 4 * KIB });
    const live = randomSequence(pymalloc, { seed: 5, operations: 60_000, checks: 12 });
    const more: BlockAddress[] = allocateMany(pymalloc, 20_000, 500);
    expect(pymalloc.arenaCount).toBeGreaterThan(4);
    for (const block of [...live, ...more]) pymalloc.free(block);
    expect(pymalloc.check()).toEqual([]);
    expect(pymalloc.getAllocatedBlocks()).toBe(0);
  });
});
