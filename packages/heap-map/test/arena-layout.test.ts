import fc from "fast-check";
import { expect, it } from "vitest";
import { cellAt, cellFromPoint, layoutArenas } from "../src/arena-layout.ts";

const sizes = {
  arenas: fc.integer({ min: 1, max: 3000 }),
  pools: fc.constantFrom(16, 63, 64, 128),
  width: fc.integer({ min: 320, max: 2000 }),
};

it("property: a point in a cell finds the cell again", () => {
  fc.assert(
    fc.property(fc.record(sizes), fc.nat(), fc.nat(), ({ arenas, pools, width }, a, p) => {
      const layout = layoutArenas(arenas, pools, width, 560, 1);
      const arena = a % arenas;
      const pool = p % pools;
      const { x, y } = cellAt(layout, pools, arena, pool);
      const middle = [x + layout.cellWidth / 2, y + layout.cellHeight / 2] as const;
      expect(cellFromPoint(layout, arenas, pools, ...middle)).toEqual({ arena, pool });
    }),
  );
});

it("property: no cell lies outside of the picture", () => {
  fc.assert(
    fc.property(fc.record(sizes), ({ arenas, pools, width }) => {
      const layout = layoutArenas(arenas, pools, width, 560, 1);
      const last = cellAt(layout, pools, arenas - 1, pools - 1);
      expect(last.x + layout.cellWidth).toBeLessThanOrEqual(width + 1e-6);
      expect(last.y + layout.cellHeight).toBeLessThanOrEqual(layout.height);
    }),
  );
});

it("finds nothing between arenas and beyond the last", () => {
  const layout = layoutArenas(3, 64, 1000, 560, 1);
  expect(cellFromPoint(layout, 3, 64, -1, 0)).toBeUndefined();
  expect(cellFromPoint(layout, 3, 64, 0, layout.height + 10)).toBeUndefined();
});

it("makes cells smaller for more arenas, and the picture no higher than asked while they have room", () => {
  const few = layoutArenas(10, 64, 1000, 560, 1);
  const many = layoutArenas(600, 64, 1000, 560, 1);
  expect(many.cellWidth).toBeLessThan(few.cellWidth);
  expect(many.height).toBeLessThanOrEqual(560);
});
