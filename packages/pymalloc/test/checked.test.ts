// What free and realloc notice: always, and with `checked`.

import {
  type BlockAddress,
  blockAddress,
  NotABlockError,
  poolOverheadBytes,
  profileFor,
  profiles,
} from "@obmalloc/abi";
import { findBlock } from "@obmalloc/pymalloc";
import { describe, expect, it } from "vitest";
import { allocateMany, makeMachine } from "./machine.ts";
import { randomSequence } from "./random-sequence.ts";

/** Runs `call` and returns the lines of the NotABlockError that it throws. */
function refusal(call: () => unknown): string[] {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(NotABlockError);
    return (error as NotABlockError).message.split("\n").map((line) => line.trim());
  }
  return [];
}

describe.each(profiles)("free of $version $model.name, unchecked", (profile) => {
  it("refuses an address in a pool that has no block in use, and changes nothing", () => {
    const { pymalloc } = makeMachine(profile);
    const keeper = pymalloc.malloc(512);
    const [a, b] = allocateMany(pymalloc, 2, 100);
    pymalloc.free(a!);
    pymalloc.free(b!);
    const before = pymalloc.memory.u8.slice();
    const pool = `0x${(b! - (b! % profile.pymalloc.poolBytes)).toString(16)}`;
    const expected = [
      `free: 0x${b!.toString(16)} is not a live block.`,
      `No block of its pool, ${pool}, is in use.`,
    ];
    expect(refusal(() => pymalloc.free(b!))).toEqual(expected);
    expect(refusal(() => pymalloc.freeSmall(b!))).toEqual(expected);
    expect(Buffer.compare(pymalloc.memory.u8, before)).toBe(0);
    pymalloc.free(keeper);
  });

  it("refuses an address where no pool was carved", () => {
    const { pymalloc, arenas } = makeMachine(profile, { offset: () => 4096 });
    pymalloc.malloc(16);
    const { arenaBytes } = profile.pymalloc;
    for (const p of [arenas[0]! + arenaBytes - 16, arenas[0]! + arenaBytes / 2]) {
      const address = blockAddress(p);
      const why = "It lies in an arena, where no pool has been carved.";
      expect(refusal(() => pymalloc.free(address))).toEqual([expect.stringMatching(/^free: 0x/), why]);
      expect(refusal(() => pymalloc.realloc(address, 5))).toEqual([expect.stringMatching(/^realloc: /), why]);
    }
    expect(pymalloc.getAllocatedBlocks()).toBe(1);
    expect(pymalloc.check()).toEqual([]);
  });
});

describe.each(profiles)("free and realloc of $version $model.name, checked", (profile) => {
  const setUp = () => {
    const { pymalloc } = makeMachine(profile, { checked: true });
    const blocks = allocateMany(pymalloc, 6, 64);
    pymalloc.free(blocks[1]!);
    pymalloc.free(blocks[3]!);
    return { pymalloc, blocks };
  };

  it.each<[string, (blocks: BlockAddress[], pool: number) => number, RegExp]>([
    ["a block that was freed", (blocks) => blocks[1]!, /^This block was freed already\.$/],
    ["the block that was freed last", (blocks) => blocks[3]!, /^This block was freed already\.$/],
    [
      "the middle of a block",
      (blocks) => blocks[2]! + 8,
      /^It lies 8 bytes into the block at 0x[\da-f]+ of 64 bytes\.$/,
    ],
    ["an odd address", (blocks) => blocks[2]! + 1, /^It lies 1 bytes into the block/],
    [
      "a block that was never handed out",
      (blocks) => blocks[5]! + 128,
      /^This block was never handed out\.$/,
    ],
    ["a pool header", (_, pool) => pool + 8, /^It lies in the header of the pool at 0x/],
    [
      "a pool's tail",
      (_, pool) => pool + profile.pymalloc.poolBytes - 8,
      /^It lies behind the last block of the pool/,
    ],
  ])("refuse %s", (_, address, why) => {
    const { pymalloc, blocks } = setUp();
    const p = blockAddress(address(blocks, blocks[0]! - (blocks[0]! % profile.pymalloc.poolBytes)));
    const before = pymalloc.memory.u8.slice();
    for (const operation of ["free", "realloc"] as const) {
      const lines = refusal(() => (operation === "free" ? pymalloc.free(p) : pymalloc.realloc(p, 10)));
      expect(lines).toEqual([
        `${operation}: 0x${p.toString(16)} is not a live block.`,
        expect.stringMatching(why),
      ]);
    }
    expect(Buffer.compare(pymalloc.memory.u8, before)).toBe(0);
  });

  it("let every correct call pass", () => {
    const { pymalloc } = makeMachine(profile, { checked: true });
    const live = randomSequence(pymalloc, { seed: 3, operations: 5000, checks: 3 });
    for (const block of live) pymalloc.free(block);
    pymalloc.free(blockAddress(0));
    expect(pymalloc.realloc(blockAddress(0), 10)).not.toBe(0);
    expect(pymalloc.check()).toEqual([]);
  });
});

describe("findBlock", () => {
  it("says what lies at an address", () => {
    const { pymalloc, arenas } = makeMachine(profileFor("3.13"));
    const [a, b] = allocateMany(pymalloc, 2, 100);
    pymalloc.free(a!);
    const pool = arenas[0]!;
    const at = (p: number) => {
      const { state, block, blockBytes } = findBlock(pymalloc, p);
      return [state, block, blockBytes];
    };
    expect(poolOverheadBytes(pymalloc.profile)).toBe(a! - pool);
    expect(at(a!)).toEqual(["free", a, 112]);
    expect(at(b!)).toEqual(["live", b, 112]);
    expect(at(b! + 5)).toEqual(["inside a block", b, 112]);
    expect(at(b! + 224)).toEqual(["never handed out", b! + 224, 112]);
    expect(at(pool)).toEqual(["no block", 0, 0]);
    expect(at(pool + 16384)).toEqual(["no block", 0, 0]);
    for (const p of [0, -1, 0.5, Number.NaN, 2 ** 40]) expect(at(p)).toEqual(["no block", 0, 0]);
    expect(findBlock(pymalloc, b!).pool).toBe(pool);
  });
});
