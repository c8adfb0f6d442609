// `_PyObject_DebugDumpAddress`: the block in words, as CPython prints it before it dies. A character is a byte.

import { formatAddress } from "@obmalloc/abi";
import type { BlockBytes } from "./block-bytes.ts";
import { type DebugLayout, FORBIDDEN_BYTE } from "./layout.ts";

/** Bytes of data that are shown from each end. */
const SHOWN_BYTES = 8;

export interface BlockDump {
  readonly text: string;
  /** Whether the text ends where reading on would have left the memory: CPython crashes there. */
  readonly leftMemory: boolean;
}

/**
 * What CPython prints of the debug block whose data is at `p`, whatever bytes are there.
 *
 * @param p an address with at least a block's head in front of it.
 * @param traceback what tracemalloc knows of the block, with an empty line at its end.
 */
export function dumpBlock(p: number, bytes: BlockBytes, layout: DebugLayout, traceback: string): BlockDump {
  const { wordBytes, hasSerialNumber } = layout;
  const { u8 } = bytes;
  const sizeBytes = bytes.readNumber(p - layout.headBytes);
  const padBytes = wordBytes - 1;
  let text =
    `Debug memory block at address p=${formatAddress(p)}: API '${String.fromCharCode(u8[p - wordBytes]!)}'\n` +
    `    ${sizeBytes} bytes originally requested\n` +
    `    The ${padBytes} pad bytes at p-${padBytes} are ` +
    padText(u8, p - padBytes, padBytes, (i) => `p-${padBytes - i}`);
  if (!isForbidden(u8, p - padBytes, padBytes)) {
    text +=
      "    Because memory is corrupted at the start, the count of bytes requested\n" +
      "       may be bogus, and checking the trailing pad bytes may segfault.\n";
  }
  const tail = tailOf(p, bytes, layout);
  text += `    The ${wordBytes} pad bytes at tail=0x${tail.toString(16)} are `;
  if (!bytes.contains(Number(tail), hasSerialNumber ? 2 * wordBytes : wordBytes)) {
    return { text, leftMemory: true };
  }
  const end = Number(tail);
  text += padText(bytes.u8, end, wordBytes, (i) => `tail+${i}`);
  if (hasSerialNumber) {
    const serialNumber = bytes.readNumber(end + wordBytes);
    text += `    The block was made by call #${serialNumber} to debug malloc/realloc.\n`;
  }
  if (sizeBytes > 0n) text += dataText(bytes.u8, p, end);
  return { text: `${text}\n${traceback}`, leftMemory: false };
}

/** Where the block ends whose data is at `p`, as C computes it of whatever stands in front: modulo the address space. */
export function tailOf(p: number, bytes: BlockBytes, { wordBytes, headBytes }: DebugLayout): bigint {
  return BigInt.asUintN(wordBytes * 8, BigInt(p) + bytes.readNumber(p - headBytes));
}

function isForbidden(u8: Uint8Array, from: number, count: number): boolean {
  for (let i = from; i < from + count; i++) if (u8[i] !== FORBIDDEN_BYTE) return false;
  return true;
}

function padText(u8: Uint8Array, from: number, count: number, place: (i: number) => string): string {
  if (isForbidden(u8, from, count)) return "FORBIDDENBYTE, as expected.\n";
  let text = `not all FORBIDDENBYTE (0x${hex(FORBIDDEN_BYTE)}):\n`;
  for (let i = 0; i < count; i++) {
    const byte = u8[from + i]!;
    text += `        at ${place(i)}: 0x${hex(byte)}${byte === FORBIDDEN_BYTE ? "" : " *** OUCH"}\n`;
  }
  return text;
}

/** The first 8 bytes, and the last 8 or what there is of them; nothing when a bogus size puts the tail in front. */
function dataText(u8: Uint8Array, p: number, tail: number): string {
  const shown = (from: number, to: number) =>
    Array.from(u8.slice(from, to), (byte) => ` ${hex(byte)}`).join("");
  const firstEnd = Math.max(p, Math.min(p + SHOWN_BYTES, tail));
  const lastStart = Math.max(firstEnd, tail - SHOWN_BYTES);
  const gap = lastStart > firstEnd ? " ..." : "";
  return `    Data at p:${shown(p, firstEnd)}${gap}${shown(lastStart, tail)}\n`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
