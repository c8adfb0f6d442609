import { describe, expect, it } from "vitest";
import type { TimelineData } from "../src/data.ts";
import { collectionTwins, drawLanes, lanesHeight } from "../src/element/collections.ts";
import type { Palette } from "../src/theme.ts";

const palette = { dim: "dim", good: "good", other: "other" } as unknown as Palette;

const dataOf = (collections?: TimelineData["collections"]): TimelineData => ({
  points: [],
  marks: [],
  ...(collections === undefined ? {} : { collections }),
});

const some = dataOf([
  { event: 100, generation: 0, bytes: 0, elapsedNs: 10_000 },
  { event: 200, generation: 0, bytes: 4096, elapsedNs: 50_000 },
  { event: 300, generation: 2, bytes: 1 << 20, elapsedNs: 2_000_000 },
]);

/** What is drawn: texts and ticks with their places. */
function drawn(data: TimelineData) {
  const texts: [string, number][] = [];
  const ticks: [color: string, x: number, y: number][] = [];
  const context = {
    fillStyle: "",
    fillText: (text: string, _x: number, y: number) => texts.push([text, y]),
    fillRect: (x: number, y: number) => ticks.push([context.fillStyle, x, y]),
  };
  const place = { x: (event: number) => event / 10, top: 50, left: 76 };
  drawLanes(data, context as unknown as CanvasRenderingContext2D, place, palette);
  return { texts, ticks };
}

describe("collections below a timeline", () => {
  it("have a lane for each generation, and a tick where each one ended", () => {
    const { texts, ticks } = drawn(some);
    expect(texts.map(([text]) => text)).toEqual(["gc 0", "gc 2"]);
    expect(ticks.map(([color, x]) => [color, x])).toEqual([
      ["other", 10],
      ["good", 20],
      ["good", 30],
    ]);
    expect(ticks[2]![2]).toBe(ticks[0]![2] + lanesHeight(some) / 2);
  });

  it("say the same as text", () => {
    const [twin, ...others] = collectionTwins(some);
    expect(others).toEqual([]);
    expect(twin!.caption).toBe("Collections of garbage");
    expect(twin!.rows).toEqual([
      ["100", "0", "0 bytes", "0.01 ms"],
      ["200", "0", "4.0 KiB", "0.05 ms"],
      ["300", "2", "1.0 MiB", "2.00 ms"],
    ]);
  });

  it("are told by what they freed where there are many", () => {
    const many = Array.from({ length: 500 }, (_, index) => ({
      event: index,
      generation: 0,
      bytes: (index * 37) % 500,
      elapsedNs: 0,
    }));
    const [twin] = collectionTwins(dataOf(many));
    expect(twin!.caption).toBe("The 40 of 500 collections of garbage that freed most");
    expect(twin!.rows.every(([, , freed]) => Number.parseInt(freed!, 10) >= 460)).toBe(true);
  });

  it("take no room where there are none", () => {
    expect([lanesHeight(dataOf()), collectionTwins(dataOf()), drawn(dataOf()).texts]).toEqual([0, [], []]);
  });
});
