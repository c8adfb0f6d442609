import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OutsideBlocks } from "./outside-blocks.ts";

/** Few addresses, so that they come again, of all sizes, and some that differ only in high bits. */
const address = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.constantFrom(0, 2 ** 32, 0x7f00_0000_0000, 2 ** 52))
  .map(([low, high]) => high + low * 16);
const step = fc.record({ address, sizeBytes: fc.nat(), frees: fc.boolean() });

describe("OutsideBlocks", () => {
  it("holds what a Map would hold, after any sequence of blocks and frees", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
        const blocks = new OutsideBlocks();
        const model = new Map<number, number>();
        for (const { address, sizeBytes, frees } of steps) {
          if (frees) expect(blocks.delete(address)).toBe(model.delete(address));
          else {
            blocks.set(address, sizeBytes, 1, 7);
            model.set(address, sizeBytes);
          }
          expect(blocks.has(address)).toBe(model.has(address));
        }
        const expected = [...model].sort(([a], [b]) => a - b).map(([at, size]) => [at, size, 1, 7]);
        expect([...blocks.all()].map((b) => [b.address, b.sizeBytes, b.domain, b.stack])).toEqual(expected);
        expect(blocks.count).toBe(model.size);
      }),
    );
  });

  it("grows, and forgets again what it held", () => {
    const blocks = new OutsideBlocks();
    for (let n = 0; n < 20_000; n++) blocks.set(0x7f00_0000_0000 + n * 48, n, n % 3, n);
    for (let n = 0; n < 20_000; n += 2) expect(blocks.delete(0x7f00_0000_0000 + n * 48)).toBe(true);
    expect(blocks.count).toBe(10_000);
    expect(blocks.get(0x7f00_0000_0000)).toBeUndefined();
    expect(blocks.get(0x7f00_0000_0000 + 48 * 777)).toEqual({
      address: 0x7f00_0000_0000 + 48 * 777,
      sizeBytes: 777,
      domain: 0,
      stack: 777,
    });
  });

  it("stays quick when the same addresses come again and again beside many live blocks", () => {
    const blocks = new OutsideBlocks();
    for (let n = 0; n < 100_000; n++) blocks.set(0x7f00_0000_0000 + n * 16, 600, 0, 0);
    const startedAt = performance.now();
    for (let n = 0; n < 1_000_000; n++) {
      blocks.set(0x7e00_0000_0000 + (n % 50) * 16, 600, 0, 0);
      blocks.delete(0x7e00_0000_0000 + (n % 50) * 16);
    }
    // A Map needs six seconds for this, the table a twentieth of one.
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});
