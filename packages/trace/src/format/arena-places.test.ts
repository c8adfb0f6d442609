import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArenaPlaces, PLACES_START } from "./arena-places.ts";
import { DenseArenas } from "./dense-arenas.ts";
import { Tables } from "./tables.ts";

const PAGE_SHIFT = 14;
const ARENA_BYTES = 2 ** 20;
const BASE = 0x7f00_0000_0000;

/** Arenas as [mapped at, events it stays (0: for good)], each a few pages of 4 KiB away from where an arena would be aligned. */
function tablesOf(lives: readonly (readonly [number, number])[], shift = 0): Tables {
  const tables = new Tables();
  for (const [index, [mappedAt, stays]] of lives.entries()) {
    const base = BASE + index * 2 * ARENA_BYTES + ((index * shift) % 16) * 4096;
    tables.arenas.push({ base, sizeBytes: ARENA_BYTES, mappedAt });
    if (stays > 0) tables.arenaGoneAt.set(index + 1, mappedAt + stays);
  }
  return tables;
}

describe("ArenaPlaces", () => {
  it("uses a place again once its arena is gone", () => {
    const places = new ArenaPlaces(
      tablesOf([
        [0, 10],
        [5, 0],
        [20, 0],
      ]),
      PAGE_SHIFT,
    );
    expect([1, 2, 3].map((id) => places.of(id))).toEqual([
      PLACES_START,
      PLACES_START + ARENA_BYTES,
      PLACES_START,
    ]);
    expect(places.end).toBe(PLACES_START + 2 * ARENA_BYTES);
  });

  it("has no place for what does not fit into 32 bits, and none for ids that there are not", () => {
    const places = new ArenaPlaces(
      tablesOf(Array.from({ length: 4200 }, (_, i) => [i, 0] as const)),
      PAGE_SHIFT,
    );
    expect(places.of(3000)).toBeGreaterThan(0);
    expect(places.of(4200)).toBe(0);
    expect(places.of(9999)).toBe(0);
    expect(places.end).toBeLessThan(2 ** 32);
  });

  it("property: arenas that are mapped at the same time never overlap, and addresses go there and back", () => {
    const life = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 30 }));
    fc.assert(
      fc.property(fc.array(life, { maxLength: 40 }), fc.integer({ min: 0, max: 15 }), (steps, shift) => {
        let at = 0;
        const lives = steps.map(([after, stays]) => {
          at += after;
          return [at, stays] as const;
        });
        const tables = tablesOf(lives, shift);
        for (let event = 0; event <= at; event++) {
          const dense = new DenseArenas(tables, PAGE_SHIFT);
          const taken = new Set<number>();
          for (const id of tables.arenasAt(event)) {
            dense.map(id);
            const { base } = tables.arenas[id]!;
            const page = Math.ceil(base / 2 ** PAGE_SHIFT) * 2 ** PAGE_SHIFT;
            const linear = dense.linearPage(page);
            expect(linear % 2 ** PAGE_SHIFT).toBe(0);
            expect(taken.has(linear)).toBe(false);
            taken.add(linear);
            expect(dense.toRecorded(linear + 4321)).toBe(page + 4321);
          }
        }
      }),
    );
  });
});
