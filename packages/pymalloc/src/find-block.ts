// What an address is: a block, or something else, and whether it is in use.

import {
  type BlockAddress,
  blockAddress,
  classBytes,
  formatAddress,
  type PoolAddress,
  poolAddress,
  poolCapacity,
  poolHeader,
  poolOverheadBytes,
  readStruct,
} from "@obmalloc/abi";
import type { PyMalloc } from "./pymalloc.ts";

/** What lies at an address. */
export interface FoundBlock {
  /**
   * "live": the first byte of a block in use; "free": of one that was given back; "never handed out": of one behind
   * those; "inside a block": another byte of any of the three; "no block": a pool's header or tail, a pool that was never
   * used, or an address in no pool.
   */
  readonly state: "live" | "free" | "never handed out" | "inside a block" | "no block";
  /** The pool, NULL when it is in none. */
  readonly pool: PoolAddress;
  /** The block that the address is in, NULL when it is in none. */
  readonly block: BlockAddress;
  /** Bytes of the block, 0 when it is in none. */
  readonly blockBytes: number;
  /** One sentence for people. */
  readonly description: string;
}

/** Looks an address up. O(free blocks of its pool). */
export function findBlock(pymalloc: PyMalloc, p: number): FoundBlock {
  const { memory, profile } = pymalloc;
  if (!(Number.isInteger(p) && p > 0 && p < memory.byteLength && pymalloc.isCarved(p))) {
    return nothing(0, "It lies in no pool.");
  }
  const pool = p - (p % profile.pymalloc.poolBytes);
  const header = readStruct(memory.u32, poolHeader(profile.model), pool);
  const where = `the pool at ${formatAddress(pool)}`;
  const blockBytes = classBytes(profile, header.szidx);
  const capacity = poolCapacity(profile, header.szidx);
  const first = pool + poolOverheadBytes(profile);
  if (!(capacity > 0)) return nothing(pool, `It lies in ${where}, which was never used.`);
  if (p < first) return nothing(pool, `It lies in the header of ${where}.`);
  const index = Math.floor((p - first) / blockBytes);
  if (index >= capacity) return nothing(pool, `It lies behind the last block of ${where}.`);
  const block = first + index * blockBytes;
  const found = { pool: poolAddress(pool), block: blockAddress(block), blockBytes };
  if (p !== block) {
    const description = `It lies ${p - block} bytes into the block at ${formatAddress(block)} of ${blockBytes} bytes.`;
    return { ...found, state: "inside a block", description };
  }
  if (block >= pool + header.nextoffset) {
    return { ...found, state: "never handed out", description: "This block was never handed out." };
  }
  let link = header.freeblock;
  for (let steps = capacity; link !== 0 && link !== p && steps > 0; steps--)
    link = memory.u32[link >>> 2] ?? 0;
  return link === p
    ? { ...found, state: "free", description: "This block was freed already." }
    : { ...found, state: "live", description: `A block of ${blockBytes} bytes, in use.` };
}

function nothing(pool: number, description: string): FoundBlock {
  return { state: "no block", pool: poolAddress(pool), block: blockAddress(0), blockBytes: 0, description };
}
