import { profileFor } from "@obmalloc/abi";
import { createPyMalloc } from "@obmalloc/pymalloc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArenasLayout } from "../src/world/arenas-layout.ts";
import { Camera } from "../src/world/camera.ts";
import { geometryOf } from "./made-tape.ts";

const geometries = ["3.9", "3.13"].map((version) =>
  geometryOf(createPyMalloc({ profile: profileFor(version), maxBytes: 1 << 20 })),
);

const layouts = fc.record({
  geometry: fc.constantFrom(...geometries),
  rows: fc.integer({ min: 1, max: 900 }),
  aspect: fc.double({ min: 0.4, max: 4, noNaN: true }),
});

describe("ArenasLayout", () => {
  it("property: the middle of a block finds its arena, its pool and itself again", () => {
    fc.assert(
      fc.property(layouts, fc.nat(), fc.nat(31), fc.nat(), ({ geometry, rows, aspect }, p, szidx, b) => {
        const layout = new ArenasLayout(geometry, rows, aspect);
        const pool = p % (rows * layout.pools);
        const block = b % layout.grid(szidx).count;
        const { x, y, width, height } = layout.block(pool, szidx, block);
        const middle = { x: x + width / 2, y: y + height / 2 };
        expect(layout.rowAt(middle)).toBe(Math.floor(pool / layout.pools));
        expect(layout.poolAt(middle)).toBe(pool);
        expect(layout.blockAt(pool, szidx, middle)).toBe(block);
      }),
    );
  });

  it("property: everything lies inside of the world, and between arenas there is nothing", () => {
    fc.assert(
      fc.property(layouts, ({ geometry, rows, aspect }) => {
        const layout = new ArenasLayout(geometry, rows, aspect);
        const last = layout.pool(rows * layout.pools - 1);
        expect(last.x + last.width).toBeLessThanOrEqual(layout.bounds.width + 1e-6);
        expect(last.y + last.height).toBeLessThanOrEqual(layout.bounds.height + 1e-6);
        expect(layout.rowAt({ x: -1, y: 5 })).toBe(-1);
        expect(layout.rowAt({ x: 5, y: layout.arenaHeight + 3 })).toBe(-1);
      }),
    );
  });
});

describe("Camera", () => {
  const cameraOf = (width: number, height: number) => {
    const camera = new Camera();
    camera.setCanvas(width, height);
    camera.setWorld({ x: 0, y: 0, width: 3000, height: 1000 }, 100);
    camera.showAll();
    return camera;
  };

  it("begins with all of the world, and does not go farther", () => {
    const camera = cameraOf(900, 500);
    expect(camera.isWhole).toBe(true);
    camera.zoom(0.01, { x: 10, y: 10 });
    expect(camera.isWhole).toBe(true);
    const { x, y, width, height } = camera.toCanvas({ x: 0, y: 0, width: 3000, height: 1000 });
    expect(x).toBeGreaterThanOrEqual(0);
    expect(y).toBeGreaterThanOrEqual(0);
    expect(x + width).toBeLessThanOrEqual(900);
    expect(y + height).toBeLessThanOrEqual(500);
  });

  it("property: zooming keeps the point under the pointer, as far as the world's edge allows", () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 600 }), fc.integer({ min: 150, max: 350 }), (x, y) => {
        const camera = cameraOf(900, 500);
        camera.zoom(8, { x: 450, y: 250 });
        const before = camera.toWorld({ x, y });
        camera.zoom(2, { x, y });
        const after = camera.toWorld({ x, y });
        expect(after.x).toBeCloseTo(before.x, 6);
        expect(after.y).toBeCloseTo(before.y, 6);
      }),
    );
  });

  it("reveals what lies outside by moving, and what is too large by going farther", () => {
    const camera = cameraOf(900, 500);
    camera.zoom(10, { x: 0, y: 0 });
    const { scale } = camera;
    camera.reveal({ x: 2900, y: 900, width: 20, height: 20 });
    expect(camera.scale).toBe(scale);
    const place = camera.toCanvas({ x: 2900, y: 900, width: 20, height: 20 });
    expect(place.x + place.width).toBeLessThanOrEqual(900.001);
    expect(place.y + place.height).toBeLessThanOrEqual(500.001);
    camera.reveal({ x: 0, y: 0, width: 2000, height: 900 });
    expect(camera.scale).toBeLessThan(scale);
  });
});
