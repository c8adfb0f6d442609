// `obmalloc demo realloc`: the 3/4 rule, growth, and what leaves the pools for good.

import { type BlockAddress, formatAddress } from "@obmalloc/abi";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import { bar } from "../../shared/bar.ts";
import { tableLines } from "../../shared/table.ts";
import type { DemoContext, DemoStep } from "../demo.ts";

const BAR_COLUMNS = 40;

export function* reallocDemo({ profile, look }: DemoContext): Generator<DemoStep> {
  const pymalloc = createPyMalloc({ profile, maxBytes: 64 * 1024 * 1024 });
  const { smallRequestThreshold, alignmentBytes } = profile.pymalloc;
  const largest = smallRequestThreshold;
  const stays = (from: number, to: number) => staysInPlace(pymalloc, from, to);

  const boundary = smallestThatStays(stays, largest);
  const sizes = [largest, Math.round(largest * 0.9), boundary + 1, boundary, boundary - 1, largest / 2, 1];
  yield {
    title: `A block of ${largest} bytes is asked to shrink`,
    text:
      "A smaller request stays where it is as long as it uses more than three quarters of the block: moving would save " +
      "less than copying costs. Below that it moves to a block of its own class.",
    lines: tableLines(
      [
        { heading: "realloc to", align: "right" },
        { heading: "of the block" },
        { heading: "" },
        { heading: "" },
      ],
      sizes.map((size) => [
        `${size}`,
        bar(size / largest, BAR_COLUMNS, look.unicode),
        `${((100 * size) / largest).toFixed(1)} %`,
        stays(largest, size) ? look.colors.green("stays") : look.colors.yellow("moves"),
      ]),
      look.colors,
    ),
  };

  const classes = [1, 2, 4, 7, 16].map((n) => n * alignmentBytes).concat(largest);
  yield {
    title: "The rule looks at the block, not at what was asked for",
    text:
      "pymalloc does not know the size of the request, only the size class. The smallest request that stays, found by trying " +
      "every one on the engine:",
    lines: tableLines(
      ["block", "stays from", "share of it"].map((heading) => ({ heading, align: "right" as const })),
      classes.map((bytes) => {
        const least = smallestThatStays(stays, bytes);
        return [`${bytes}`, `${least}`, `${((100 * least) / bytes).toFixed(1)} %`];
      }),
      look.colors,
    ),
  };

  yield growthStep(pymalloc, alignmentBytes);
  yield outsideStep(pymalloc, largest);

  const block = pymalloc.malloc(24);
  const lines = [line("p = malloc(24)", block, placeOf(pymalloc, block))];
  const zero = pymalloc.realloc(block, 0);
  lines.push(line("realloc(p, 0)", zero, placeOf(pymalloc, zero)));
  yield {
    title: "Size 0 is a block too",
    text:
      "0 is not more than three quarters of anything, so the block moves; and requests of 0 go to the raw allocator, as one byte. " +
      "The result is never NULL, which would mean that there is no memory.",
    lines: [...lines, `check(): ${pymalloc.check().length} findings`],
  };
}

function growthStep(pymalloc: PyMalloc, alignmentBytes: number): DemoStep {
  const { u8 } = pymalloc.memory;
  const p = pymalloc.malloc(alignmentBytes - 3);
  u8.set(new TextEncoder().encode("data"), p);
  const same = pymalloc.realloc(p, alignmentBytes);
  const moved = pymalloc.realloc(same, alignmentBytes + 1);
  const text = new TextDecoder().decode(pymalloc.memory.u8.slice(moved, moved + 4));
  return {
    title: "Growing inside the block is free, beyond it is a copy",
    text: "A larger request than the block gets a block of the next class; all bytes of the old one are copied, asked for or not.",
    lines: [
      line(`p = malloc(${alignmentBytes - 3})`, p, ""),
      line(`realloc(p, ${alignmentBytes})`, same, same === p ? "the same block" : "moved"),
      line(`realloc(p, ${alignmentBytes + 1})`, moved, `moved, and begins with "${text}"`),
    ],
  };
}

function outsideStep(pymalloc: PyMalloc, largest: number): DemoStep {
  const place = (call: string, p: BlockAddress) => {
    lines.push(line(call, p, placeOf(pymalloc, p)));
    return p;
  };
  const lines: string[] = [];
  const p = place(`p = malloc(${largest})`, pymalloc.malloc(largest));
  const out = place(`realloc(p, ${largest + 1})`, pymalloc.realloc(p, largest + 1));
  place("realloc(p, 8)", pymalloc.realloc(out, 8));
  place("malloc(8)", pymalloc.malloc(8));
  return {
    title: "Out of the pools there is no way back",
    text: `Beyond ${largest} bytes a block belongs to the raw allocator, and stays there when it shrinks, however small it gets.`,
    lines,
  };
}

function line(call: string, p: number, remark: string): string {
  return `${call.padEnd(20)}${formatAddress(p).padEnd(10)}${remark}`.trimEnd();
}

/** Whether a new block of `from` bytes is where it was after a realloc to `to`. Frees it. */
function staysInPlace(pymalloc: PyMalloc, from: number, to: number): boolean {
  const before = pymalloc.malloc(from);
  const after = pymalloc.realloc(before, to);
  pymalloc.free(after);
  return before === after;
}

function smallestThatStays(stays: (from: number, to: number) => boolean, blockBytes: number): number {
  let size = blockBytes;
  while (size > 1 && stays(blockBytes, size - 1)) size--;
  return size;
}

function placeOf(pymalloc: PyMalloc, p: BlockAddress): string {
  return pymalloc.addressInRange(p) ? `in a pool, ${pymalloc.blockSizeBytes(p)} bytes` : "raw allocator";
}
