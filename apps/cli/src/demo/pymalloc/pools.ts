// `obmalloc demo pools`: a pool's life. Carve, fill, free, reuse in reverse order.

import { type BlockAddress, formatAddress, poolOverheadBytes } from "@obmalloc/abi";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import type { Look } from "../../shared/terminal.ts";
import { counted } from "../../shared/units.ts";
import type { DemoContext, DemoStep } from "../demo.ts";
import { poolAt, poolLegend, poolLines, poolOf } from "./pool-picture.ts";

const MAX_BYTES = 64 * 1024 * 1024;
const REQUEST_BYTES = 400;

export function* poolsDemo({ profile, look }: DemoContext): Generator<DemoStep> {
  const pymalloc = createPyMalloc({ profile, maxBytes: MAX_BYTES });
  const { poolBytes, alignmentBytes } = profile.pymalloc;
  const blocks: BlockAddress[] = [];
  const allocate = (count: number) => {
    for (let n = 0; n < count; n++) blocks.push(pymalloc.malloc(REQUEST_BYTES));
  };
  const offset = (block: BlockAddress) => `+${block - poolOf(pymalloc, block)}`;

  allocate(1);
  const pool = poolOf(pymalloc, blocks[0]!);
  const draw = () => poolLines(pymalloc, pool, look);
  const { capacity, blockBytes } = poolAt(pymalloc, pool);
  yield {
    title: `The first malloc(${REQUEST_BYTES}) carves a pool`,
    text:
      `A pool is ${poolBytes} bytes for blocks of one size class: requests are rounded up to ${alignmentBytes} bytes, here to ` +
      `${blockBytes}. A header of ${poolOverheadBytes(profile)} bytes comes first. The second block is on the free list already; ` +
      "nobody has touched the others.",
    lines: [...draw(), "", poolLegend(look)],
  };

  allocate(5);
  yield {
    title: "Five more: the pool is carved no further than needed",
    text:
      "Each malloc takes the head of the free list. When that was the last one, the block at nextoffset becomes the new list: " +
      "a malloc never touches more than two blocks.",
    lines: draw(),
  };

  const freed = [1, 4, 2].map((index) => blocks[index]!);
  for (const block of freed) pymalloc.free(block);
  yield {
    title: `Free ${freed.map(offset).join(", then ")}`,
    text:
      "A free pushes the block on the list: its first word, where the program's data was, is now the link to the block freed " +
      "before. The list is in the block, so it costs no memory.",
    lines: [...draw(), ...freed.map((block) => linkLine(pymalloc, block, look))],
  };

  const again = freed.map(() => pymalloc.malloc(REQUEST_BYTES));
  yield {
    title: "Allocate three: they come back in reverse order",
    text: "Last in, first out: the block that was used last is the one most likely to be in the processor's cache.",
    lines: [
      `freed      ${freed.map(offset).join("  ")}`,
      `allocated  ${again.map(offset).join("  ")}`,
      "",
      ...draw(),
    ],
  };

  allocate(capacity - 6);
  const next = pymalloc.malloc(REQUEST_BYTES);
  yield {
    title: `${capacity} blocks fill it`,
    text:
      "A full pool has no free list, and is on no list either: malloc does not see it any more. The next block came from " +
      `a new pool, ${formatAddress(poolOf(pymalloc, next))}.`,
    lines: [...draw(), usedPoolsLine(pymalloc, poolAt(pymalloc, pool).szidx!)],
  };

  pymalloc.free(blocks[0]!);
  yield {
    title: "One free, and it is the first choice",
    text: "A pool that was full goes to the front of usedpools: the next block of this class comes from it, not from the newer one.",
    lines: [...draw(), usedPoolsLine(pymalloc, poolAt(pymalloc, pool).szidx!)],
  };

  yield* poolsEnd(pymalloc, blocks, draw);
}

/** The pool becomes free, and another class's. */
function* poolsEnd(
  pymalloc: PyMalloc,
  blocks: readonly BlockAddress[],
  draw: () => string[],
): Generator<DemoStep> {
  const order = [...blocks.slice(1)].sort((a, b) => (a % 7) - (b % 7) || a - b);
  for (const block of order) pymalloc.free(block);
  const [arena] = pymalloc.inspect().arenas;
  const freePools = `${counted(arena!.nfreepools, "free pool")} of ${arena!.ntotalpools}`;
  yield {
    title: "The last free gives the pool to its arena",
    text:
      "Any size class may have it now. Its header and its free list stay as they are: when the same class gets it back, nothing is " +
      "set up, and blocks come in the reverse order of the frees.",
    lines: [...draw(), `arena ${formatAddress(arena!.base)}: ${freePools}`],
  };

  const other = pymalloc.malloc(64);
  yield {
    title: "Another class takes it over",
    text:
      "malloc(64) takes the free pool that the arena got last. The class differs, so the header is written anew: the old free " +
      "list is forgotten, and two blocks of 64 bytes are carved.",
    lines: [
      `malloc(64) -> ${formatAddress(other)}`,
      "",
      ...draw(),
      `check(): ${pymalloc.check().length} findings`,
    ],
  };
}

function linkLine({ memory }: PyMalloc, block: BlockAddress, { colors }: Look): string {
  const link = memory.u32[block / 4]!;
  return colors.dim(
    `first word of the block at ${formatAddress(block)}: ${link === 0 ? "NULL" : formatAddress(link)}`,
  );
}

function usedPoolsLine(pymalloc: PyMalloc, szidx: number): string {
  const pools = pymalloc.inspect().usedPools[szidx]!.map(formatAddress);
  return `usedpools of class ${szidx}: ${pools.length === 0 ? "none" : pools.join(", ")}`;
}
