// `obmalloc demo arenas`: how one survivor keeps an arena, and what re-homing does.

import {
  type ArenaAddress,
  type BlockAddress,
  formatAddress,
  poolCapacity,
  sizeClassOf,
} from "@obmalloc/abi";
import { type ArenaSnapshot, createPyMalloc, type PyMalloc, type Variations } from "@obmalloc/pymalloc";
import { arenaRows, type DrawnArena, legend } from "../../shared/arena-picture.ts";
import { tableLines } from "../../shared/table.ts";
import type { Look } from "../../shared/terminal.ts";
import { formatBytes } from "../../shared/units.ts";
import type { DemoContext, DemoStep } from "../demo.ts";

const MAX_BYTES = 64 * 1024 * 1024;

export function* arenasDemo({ profile, look }: DemoContext): Generator<DemoStep> {
  const pymalloc = createPyMalloc({ profile, maxBytes: MAX_BYTES });
  const { arenaBytes, smallRequestThreshold, poolBytes, emptyArenas } = profile.pymalloc;
  const blocks = fillArenas(pymalloc, 3, smallRequestThreshold);
  const [first, second, third] = arenasOf(pymalloc).map(({ base }) => base) as [
    ArenaAddress,
    ArenaAddress,
    ArenaAddress,
  ];
  const inside = (base: number) => blocks.filter((block) => block >= base && block < base + arenaBytes);
  const draw = () => [...arenaLines(pymalloc, look), "", usableLine(pymalloc)];

  yield {
    title: "Three arenas, filled",
    text:
      `pymalloc takes memory from the system in arenas of ${formatBytes(arenaBytes)}, and cuts them into pools of ` +
      `${formatBytes(poolBytes)}. Each cell is a pool. None is free, so usable_arenas is empty.`,
    lines: [...draw(), "", legend(look)],
  };

  const survivor = inside(second)[0]!;
  for (const block of inside(second)) if (block !== survivor) pymalloc.free(block);
  yield {
    title: "One block of the second one survives",
    text:
      `All but the first block of the second arena are freed. ${formatBytes(smallRequestThreshold)} of it are in use; the ` +
      `whole arena stays, as it can only go back in one piece.`,
    lines: draw(),
  };

  const few = firstPoolsOf(pymalloc, inside(first), 4);
  for (const block of few) pymalloc.free(block);
  yield {
    title: "The first arena gets four free pools",
    text:
      "It enters usable_arenas in front: the list is sorted by free pools, fewest first. New pools are always taken from its head, " +
      "so that the fullest arena fills up and the emptiest is left alone, until it can go back.",
    lines: draw(),
  };

  const small = Array.from({ length: 3 }, () => pymalloc.malloc(16));
  small.push(pymalloc.malloc(48), pymalloc.malloc(96));
  yield {
    title: "New size classes take their pools from the fullest arena",
    text: `Blocks of 16, 48 and 96 bytes need three pools. They come from ${formatAddress(first)}, which has the fewest, not from the empty one.`,
    lines: [
      ...draw(),
      ...small.slice(2).map((p) => `${formatAddress(p)} is in ${formatAddress(baseOf(pymalloc, p))}`),
    ],
  };

  for (const block of inside(third).slice(0, Math.floor(inside(third).length * 0.75))) pymalloc.free(block);
  const before = usableLine(pymalloc);
  for (const block of inside(first)) if (!few.includes(block)) pymalloc.free(block);
  yield {
    title: "Re-homing: an arena moves back as its pools become free",
    text:
      "First three quarters of the third arena are freed, then the rest of the first one. With each pool that becomes free an arena may " +
      "move to the right; nfp2lasta knows the last arena of each count, so that this takes no search from 3.8 on.",
    lines: [`before: ${before}`, `after:  ${usableLine(pymalloc)}`, "", ...arenaLines(pymalloc, look)],
  };

  const given = () => pymalloc.arenasAllocatedTotal - pymalloc.arenaCount;
  pymalloc.free(survivor);
  yield {
    title: "The survivor goes",
    text:
      emptyArenas === "keep-last"
        ? "Its arena is empty, and stays: from 3.9 on the last arena of the list is kept, since the next one would be wanted soon."
        : "Its arena is empty, and goes back: 3.7 and 3.8 keep none, and map the same one again at the next need.",
    lines: [...draw(), `given back so far: ${given()}`],
  };

  for (const block of small) pymalloc.free(block);
  yield {
    title: "The first arena becomes empty, too",
    text: "The last block of an arena that is not the last of the list sends it back, in every version.",
    lines: [
      ...draw(),
      `mapped ${pymalloc.arenasAllocatedTotal}, given back ${given()}, at most ${pymalloc.arenasHighwater} at once`,
    ],
  };

  yield whatIfStep(profile, look);
}

/** The same program as CPython runs it, and with rules that CPython does not have. */
function whatIfStep(profile: DemoContext["profile"], look: Look): DemoStep {
  const variants: readonly (readonly [string, Variations])[] = [
    [`CPython ${profile.version}`, {}],
    ["usable_arenas not sorted", { usableArenas: "last-freed-first" }],
    ["two empty arenas kept", { keptEmptyArenas: 2 }],
    ["free pools go back to the system", { returnFreePools: true }],
  ];
  const rows = variants.map(([name, variations]) => {
    const pymalloc = createPyMalloc({ profile, variations, maxBytes: MAX_BYTES });
    const liveBytes = growAndShrink(pymalloc);
    const { returnedPools = 0 } = pymalloc.collectStats();
    const { arenaBytes, poolBytes } = profile.pymalloc;
    const heldBytes = pymalloc.arenaCount * arenaBytes - returnedPools * poolBytes;
    const counts = [pymalloc.arenaCount, pymalloc.arenasAllocatedTotal].map(String);
    return [name, ...counts, formatBytes(heldBytes), formatBytes(liveBytes)];
  });
  return {
    title: "What if?",
    text:
      "A program fills eight arenas with lots of blocks, a pool each, then shrinks: it frees three lots at random and makes two, " +
      "until one in ten is left. Four allocators, three of which no CPython has: `variations` of createPyMalloc.",
    lines: tableLines(
      [
        { heading: "" },
        ...["arenas", "mapped in all", "held", "live"].map((heading) => ({
          heading,
          align: "right" as const,
        })),
      ],
      rows,
      look.colors,
    ),
  };
}

/** Fills eight arenas, then frees three lots of blocks and makes two until a tenth is left; returns their bytes. */
function growAndShrink(pymalloc: PyMalloc): number {
  const sizeBytes = pymalloc.profile.pymalloc.smallRequestThreshold / 2;
  const length = poolCapacity(pymalloc.profile, sizeClassOf(pymalloc.profile, sizeBytes));
  const lot = () => Array.from({ length }, () => pymalloc.malloc(sizeBytes));
  const lots: BlockAddress[][] = [];
  while (pymalloc.arenaCount <= 8) lots.push(lot());
  const least = lots.length / 10;
  let random = 1;
  while (lots.length > least) {
    for (let n = 0; n < 3; n++) {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      const index = Math.floor((random / 2 ** 32) * lots.length);
      for (const block of lots.splice(index, 1)[0]!) pymalloc.free(block);
    }
    for (let n = 0; n < 2; n++) lots.push(lot());
  }
  return lots.length * length * sizeBytes;
}

/** Allocates until `count` arenas are full. */
function fillArenas(pymalloc: PyMalloc, count: number, sizeBytes: number): BlockAddress[] {
  const blocks: BlockAddress[] = [];
  while (pymalloc.arenaCount < count) blocks.push(pymalloc.malloc(sizeBytes));
  const pools = pymalloc.inspect().arenas.reduce((sum, arena) => sum + arena.ntotalpools, 0);
  const all = pools * poolCapacity(pymalloc.profile, sizeClassOf(pymalloc.profile, sizeBytes));
  while (blocks.length < all) blocks.push(pymalloc.malloc(sizeBytes));
  return blocks;
}

/** The blocks of the first `count` pools among those of `blocks`. */
function firstPoolsOf({ profile }: PyMalloc, blocks: readonly BlockAddress[], count: number): BlockAddress[] {
  const end = Math.min(...blocks) + (count - 1) * profile.pymalloc.poolBytes;
  const limit = end - (end % profile.pymalloc.poolBytes) + profile.pymalloc.poolBytes;
  return blocks.filter((block) => block < limit);
}

function arenasOf(pymalloc: PyMalloc): readonly ArenaSnapshot[] {
  return [...pymalloc.inspect().arenas].sort((a, b) => a.base - b.base);
}

function arenaLines(pymalloc: PyMalloc, look: Look): string[] {
  const arenas = arenasOf(pymalloc).map(
    (arena): DrawnArena => ({
      ...arena,
      blockBytes: arena.liveBytes,
      freePools: arena.nfreepools,
      totalPools: arena.ntotalpools,
    }),
  );
  return [...arenaRows(arenas, { first: arenas.length, last: 0 }, look)];
}

function usableLine(pymalloc: PyMalloc): string {
  const { usableArenas, arenas } = pymalloc.inspect();
  const free = new Map(arenas.map((arena) => [arena.base, arena.nfreepools]));
  const items = usableArenas.map((base) => `${formatAddress(base)} (${free.get(base)} free)`);
  return `usable_arenas: ${items.length === 0 ? "none" : items.join(", ")}`;
}

function baseOf(pymalloc: PyMalloc, p: number): number {
  const { arenaBytes } = pymalloc.profile.pymalloc;
  return arenasOf(pymalloc).find(({ base }) => p >= base && p < base + arenaBytes)!.base;
}
