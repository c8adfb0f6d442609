// Any sequence of calls, for every profile, against an oracle that knows nothing of pools.

import { type BlockAddress, blockAddress, profiles } from "@obmalloc/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockOracle } from "./block-oracle.ts";
import { MIB, makeMachine } from "./machine.ts";

const size = fc.oneof(fc.integer({ min: 1, max: 512 }), fc.integer({ min: 0, max: 700 }));
const pick = fc.nat();

const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("malloc" as const), size }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("calloc" as const), nelem: fc.nat(9), elsize: fc.nat(90) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("realloc" as const), size, pick }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("free" as const), pick }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("burst" as const),
      size,
      count: fc.integer({ min: 1, max: 1500 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("drain" as const), step: fc.integer({ min: 1, max: 3 }), pick }),
  },
);

describe.each(profiles)("PyMalloc of $version $model.name", (profile) => {
  it("property: blocks are aligned, never overlap, keep their bytes, and every invariant holds after each call", () => {
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 30 }),
        fc.array(fc.nat(255), { minLength: 1 }),
        (commands, pages) => {
          const { pymalloc } = makeMachine(profile, {
            maxBytes: 16 * MIB,
            offset: (n) => (pages[n % pages.length]! * 4096) % profile.pymalloc.arenaBytes,
          });
          const oracle = new BlockOracle(pymalloc.memory);
          const keep = (block: BlockAddress, sizeBytes: number) => {
            if (block === 0) return; // the memory of this test is small
            expect(block % profile.pymalloc.alignmentBytes).toBe(0);
            oracle.acquire(block, sizeBytes);
          };
          const drop = (block: number) => {
            oracle.release(block);
            pymalloc.free(blockAddress(block));
          };
          for (const step of commands) {
            const { live } = oracle;
            const chosen = "pick" in step && live.length > 0 ? live[step.pick % live.length]! : 0;
            if (step.kind === "malloc") {
              keep(pymalloc.malloc(step.size), step.size);
            } else if (step.kind === "calloc") {
              const block = pymalloc.calloc(step.nelem, step.elsize);
              if (block !== 0) oracle.expectZero(block, step.nelem * step.elsize);
              keep(block, step.nelem * step.elsize);
            } else if (step.kind === "burst") {
              for (let n = 0; n < step.count; n++) keep(pymalloc.malloc(step.size), step.size);
            } else if (step.kind === "drain") {
              for (let n = step.pick % 7; n < live.length; n += step.step) drop(live[n]!);
            } else if (chosen !== 0 && step.kind === "free") {
              drop(chosen);
            } else if (chosen !== 0 && step.kind === "realloc") {
              const moved = pymalloc.realloc(blockAddress(chosen), step.size);
              if (moved !== 0) oracle.move(chosen, moved, step.size);
            }
            expect(pymalloc.check()).toEqual([]);
            expect(pymalloc.getAllocatedBlocks()).toBe(oracle.live.length);
          }
          for (const block of oracle.live) drop(block);
          expect(pymalloc.check()).toEqual([]);
          expect(pymalloc.getAllocatedBlocks()).toBe(0);
          expect(pymalloc.collectStats().bytes.allocatedBlocks).toBe(0);
          expect(pymalloc.arenaCount).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 20 },
    );
  }, 60_000);
});
