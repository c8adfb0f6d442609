// Looks at every live block for what the debug hooks would find when it comes back, and at free ones for what was written
// into them since.

import { formatAddress, type Violation } from "@obmalloc/abi";
import type { PyMalloc } from "@obmalloc/pymalloc";
import type { RawAllocator } from "@obmalloc/raw-heap";
import { apiLetter, domainNames } from "../allocator.ts";
import { type EngineBlock, liveBlocksOf, poolsOf, rawBlocks } from "../engine-blocks.ts";
import { type BlockBytes, marksOf } from "./block-bytes.ts";
import { DEAD_BYTE, type DebugLayout, ERASED_BYTES, FORBIDDEN_BYTE } from "./layout.ts";

export interface ScanOptions {
  readonly pymallocs: readonly PyMalloc[];
  readonly raw: RawAllocator;
  readonly bytes: BlockBytes;
  readonly layout: DebugLayout;
  /** Whether the hooks were there before the first block, so that all blocks of pools have their marks. */
  readonly sinceStart: boolean;
  /** Whether a block may have been resized before it was freed, so that it is not wholly dead. */
  isResized(address: number): boolean;
  /** Blocks that are free already, though their pools do not know yet. */
  readonly returning: ReadonlySet<number>;
}

const RAW_LETTER = apiLetter.raw.charCodeAt(0);
const LETTERS = domainNames.map((domain) => apiLetter[domain].charCodeAt(0));

/** Everything that is wrong with the marks around blocks. O(heap). */
export function scanDebugBlocks(options: ScanOptions): Violation[] {
  const violations: Violation[] = [];
  for (const pymalloc of options.pymallocs) scanPools(pymalloc, options, violations);
  for (const block of rawBlocks(options.raw)) scanLive(block, false, options, violations);
  return violations;
}

function scanPools(pymalloc: PyMalloc, options: ScanOptions, violations: Violation[]): void {
  const slackBytes = pymalloc.profile.pymalloc.alignmentBytes;
  for (const pool of poolsOf(pymalloc)) {
    for (const block of liveBlocksOf(pymalloc, pool)) {
      if (!options.returning.has(block.address)) scanLive(block, options.sinceStart, options, violations);
    }
    const end = pool.address + pool.nextoffset;
    for (const [index, address] of pool.freeBlocks.entries()) {
      // The last one may never have been handed out: its bytes are those of the class that the pool had before.
      const isLast = index === pool.freeBlocks.length - 1 && address + pool.blockBytes === end;
      if (!isLast) scanFree({ address, sizeBytes: pool.blockBytes }, slackBytes, options, violations);
    }
  }
}

/** @param isMarked whether the block must have marks; otherwise only a block whose head is whole is looked at. */
function scanLive(
  block: EngineBlock,
  isMarked: boolean,
  options: ScanOptions,
  violations: Violation[],
): void {
  const { bytes, layout } = options;
  const p = block.address + layout.headBytes;
  const letter = bytes.u8[p - layout.wordBytes]!;
  const isHeadWhole =
    LETTERS.includes(letter) && isFilled(bytes.u8, p - layout.wordBytes + 1, p, FORBIDDEN_BYTE);
  if (!isHeadWhole && !isMarked) return;
  const sizeBytes = isHeadWhole ? bytes.sizeIfIntact(p, marksOf(String.fromCharCode(letter))) : -1;
  if (sizeBytes >= 0) {
    // Pymalloc passes large requests on to the raw domain: one debug block lies in the data of another.
    if (letter === RAW_LETTER) scanLive({ address: p, sizeBytes }, false, options, violations);
    return;
  }
  const place = isHeadWhole ? "behind" : "in front of";
  violations.push({
    rule: isHeadWhole ? "debug-tail" : "debug-head",
    address: p,
    message: `Bytes ${place} the block ${formatAddress(p)} were written over.`,
  });
}

/**
 * A block that was freed through the hooks is dead from its second word on. Its own end is not known any more: the last
 * bytes of its size class may be older, a quarter of it when it was shrunk in place, and the middle of one that a resize
 * has left.
 */
function scanFree(
  block: EngineBlock,
  slackBytes: number,
  options: ScanOptions,
  violations: Violation[],
): void {
  const { bytes, layout } = options;
  const { wordBytes } = layout;
  const from = block.address + wordBytes;
  const { address, sizeBytes } = block;
  const usual = sizeBytes - slackBytes + 1;
  const resized = Math.min(usual, Math.floor((3 * sizeBytes) / 4) + 1, layout.headBytes + ERASED_BYTES);
  const end = address + (options.isResized(address) ? resized : usual);
  const dead = countOf(bytes.u8, from, from + wordBytes, DEAD_BYTE);
  if (dead === 0 || isFilled(bytes.u8, from, end, DEAD_BYTE)) return;
  const wrong = bytes.u8.subarray(from, end).findIndex((byte) => byte !== DEAD_BYTE) + from;
  violations.push({
    rule: "write-after-free",
    address: wrong,
    message: `The block ${formatAddress(block.address + layout.headBytes)} is free, and ${formatAddress(wrong)} in it was written to.`,
  });
}

function isFilled(u8: Uint8Array, from: number, to: number, byte: number): boolean {
  return countOf(u8, from, to, byte) === to - from;
}

function countOf(u8: Uint8Array, from: number, to: number, byte: number): number {
  let count = 0;
  for (let at = from; at < to; at++) if (u8[at] === byte) count++;
  return count;
}
