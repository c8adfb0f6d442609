import fc from "fast-check";
import { expect, it } from "vitest";
import { packTape, unpackTape } from "../src/index.ts";
import { playCalls } from "./made-tape.ts";

const calls = fc.array(
  fc.oneof(fc.record({ malloc: fc.integer({ min: 1, max: 512 }) }), fc.record({ free: fc.nat(99) })),
  { minLength: 1, maxLength: 120 },
);

it("property: a packed tape comes back as it was", () => {
  fc.assert(
    fc.property(calls, (played) => {
      const tape = playCalls(played);
      expect(unpackTape(packTape(tape))).toEqual(tape);
    }),
    { numRuns: 50 },
  );
});

it("keeps a film, and events beyond 2^31", () => {
  const tape = playCalls([{ malloc: 30 }, { malloc: 60 }, { free: 0 }]);
  const late = {
    ...tape,
    lastEvent: 0xf000_0000,
    lives: {
      ...tape.lives,
      born: Uint32Array.of(1, 0xe000_0000),
      died: Uint32Array.of(0xf000_0000, 0xffff_ffff),
    },
    marks: [{ event: 2, label: "after load" }],
    film: {
      moments: [
        { event: 2, hasBlocks: false, fill: Uint8Array.of(0, 200, 255), classes: Uint8Array.of(255, 3, 255) },
        { event: 3, hasBlocks: true, fill: Uint8Array.of(7, 8, 9), classes: Uint8Array.of(1, 2, 3) },
      ],
    },
  };
  expect(unpackTape(packTape(late))).toEqual(late);
});

it("refuses what is cut, and what is no tape", () => {
  const packed = packTape(playCalls([{ malloc: 30 }, { malloc: 60 }]));
  expect(() => unpackTape(packed.subarray(0, packed.length - 1))).toThrow(/cut/);
  expect(() => unpackTape(packed.subarray(0, 3))).toThrow(RangeError);
  expect(() => unpackTape(Uint8Array.of(4, 0, 0, 0, 9, 9, 9, 9))).toThrow(SyntaxError);
});
