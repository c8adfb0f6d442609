// Whether the blocks that a stream leaves alive hold what the driver wrote to them last.

import { Op, type RunnableStream } from "./streams/stream.ts";

/**
 * Compares the first and the last word of each block with the number of the operation that wrote them.
 *
 * @param words the whole memory. @returns what is wrong, undefined when nothing is.
 */
export function checkLiveBlocks(
  words: Uint32Array,
  { ops, slots, sizes, slotCount, liveSlots }: RunnableStream,
  addresses: Uint32Array,
): string | undefined {
  const writer = new Uint32Array(slotCount);
  for (const [i, op] of ops.entries()) if (op !== Op.free && op !== Op.pair) writer[slots[i]!] = i;
  for (const slot of liveSlots) {
    const operation = writer[slot]!;
    const size = sizes[operation]!;
    const p = addresses[slot]!;
    const first = words[p >>> 2]!;
    const isIntact =
      size < 4
        ? (first & 0xff) === (operation & 0xff)
        : first === operation && words[(p + size - 4) >>> 2] === operation;
    if (!isIntact) return `the block of ${size} bytes that operation ${operation} made was overwritten`;
  }
  return undefined;
}
