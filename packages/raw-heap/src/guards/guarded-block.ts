// A block with canaries around it: where they lie, and whether anybody wrote to them.
//
//     base                address              address + sizeBytes      base + totalBytes
//     ┌───────────────────┬────────────────────┬───────────────────────┐
//     │ fd fd fd fd fd …  │ the user's bytes   │ fd fd fd fd fd …      │ live
//     ├───────────────────┴────────────────────┴───────────────────────┤
//     │ dd dd dd dd dd dd dd dd dd dd dd dd dd dd dd dd dd dd dd dd …  │ freed, in quarantine
//     └────────────────────────────────────────────────────────────────┘

import { formatAddress, type RawAddress } from "@obmalloc/abi";

/** Around live blocks; the byte that CPython's debug hooks put there, too. */
export const CANARY_BYTE = 0xfd;

/** In blocks that were freed. */
export const FREED_BYTE = 0xdd;

/** In new blocks, until the user writes to them. */
export const FRESH_BYTE = 0xcd;

/** What the guards know of a block. */
export interface GuardedBlock {
  readonly address: RawAddress;
  /** Bytes that were asked for, 1 at least. */
  readonly sizeBytes: number;
  /** The how manieth allocation it was, from 1 on. */
  readonly serial: number;
  /** The JavaScript that allocated it, innermost call first. */
  readonly allocatedBy: readonly string[];
  /** The JavaScript that freed it. */
  readonly freedBy?: readonly string[];
}

/** The block with what lies around it. */
export interface PlacedBlock extends GuardedBlock {
  /** Where the block begins that the heap below gave. */
  readonly base: RawAddress;
  /** Bytes of both canaries and what is between them. */
  readonly totalBytes: number;
}

/** Damage to a block or to what was one. */
export interface Damage {
  readonly rule: "canary-in-front" | "canary-behind" | "freed-block-unwritten";
  /** The first damaged byte. */
  readonly address: number;
  /** What was found there. */
  readonly what: string;
  readonly block: PlacedBlock;
}

/** The first damage around a live block. */
export function damageAround(u8: Uint8Array, block: PlacedBlock): Damage | undefined {
  const { base, address, sizeBytes, totalBytes } = block;
  const end = address + sizeBytes;
  const front = otherByte(u8, base, address, CANARY_BYTE);
  if (front < address) {
    const what = `${shown(u8, front)}, ${address - front} bytes in front of the block at ${formatAddress(address)}`;
    return { rule: "canary-in-front", address: front, what: `${what}, in place of a canary.`, block };
  }
  const behind = otherByte(u8, end, base + totalBytes, CANARY_BYTE);
  if (behind === base + totalBytes) return undefined;
  const place = `${behind - end} bytes behind the end of the block of ${sizeBytes} bytes at ${formatAddress(address)}`;
  return {
    rule: "canary-behind",
    address: behind,
    what: `${shown(u8, behind)}, ${place}, in place of a canary.`,
    block,
  };
}

/** The first byte of a freed block that somebody wrote to. */
export function damageIn(u8: Uint8Array, freed: PlacedBlock): Damage | undefined {
  const { base, address, totalBytes } = freed;
  const at = otherByte(u8, base, base + totalBytes, FREED_BYTE);
  if (at === base + totalBytes) return undefined;
  const offset = at - address;
  const what = `${shown(u8, at)} at offset ${offset} of the block at ${formatAddress(address)}, which was freed before.`;
  return { rule: "freed-block-unwritten", address: at, what, block: freed };
}

/** The first address in `[from, to)` that holds anything but `byte`, or `to`. */
function otherByte(u8: Uint8Array, from: number, to: number, byte: number): number {
  let at = from;
  while (at < to && u8[at] === byte) at++;
  return at;
}

function shown(u8: Uint8Array, at: number): string {
  return `0x${u8[at]!.toString(16).padStart(2, "0")}`;
}
