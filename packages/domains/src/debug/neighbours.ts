// Which blocks lie beside a place in memory: what a programmer asks first when bytes were written over.

import {
  classBytes,
  formatAddress,
  poolHeader,
  poolOverheadBytes,
  type RawAddress,
  readStruct,
} from "@obmalloc/abi";
import type { PyMalloc } from "@obmalloc/pymalloc";
import type { RawAllocator } from "@obmalloc/raw-heap";
import { apiLetter, domainNames } from "../allocator.ts";
import { type BlockBytes, marksOf } from "./block-bytes.ts";
import type { DebugLayout } from "./layout.ts";

/** What lies in a block of an engine. */
export interface Neighbour {
  /** The block as its engine knows it. */
  readonly address: number;
  readonly blockBytes: number;
  readonly state: "live" | "free" | "never used";
  /** Of a live debug block: where its data begins, what was asked for, by which domain. */
  readonly debug?: { readonly data: number; readonly sizeBytes: number; readonly domain: string } | undefined;
}

export interface NeighbourHost {
  /** Those of all threads. */
  engines(): readonly PyMalloc[];
  readonly raw: RawAllocator;
  readonly bytes: BlockBytes;
  readonly layout: DebugLayout;
}

/** A raw allocator that can list its live blocks. */
interface ListsBlocks {
  blocks(): Iterable<{ readonly address: RawAddress; readonly sizeBytes: number }>;
}

/** The blocks in front of and behind the one that begins at `address`, as far as the engines know. */
export function neighboursOf(
  address: number,
  host: NeighbourHost,
): { before: Neighbour | undefined; behind: Neighbour | undefined } {
  for (const engine of host.engines()) {
    if (engine.addressInRange(address)) return poolNeighbours(address, engine, host);
  }
  return rawNeighbours(address, host);
}

/** Tells a neighbour in words; `side` is where it lies. */
export function neighbourText(neighbour: Neighbour, side: "in front" | "behind"): string {
  const { address, blockBytes, state, debug } = neighbour;
  const where = `${side === "in front" ? "In front of it" : "Behind it"} lies`;
  if (debug === undefined) {
    return `${where} the block ${formatAddress(address)}: ${blockBytes} bytes, ${state}.`;
  }
  const { data, sizeBytes, domain } = debug;
  return `${where} the ${state} block ${formatAddress(data)} of the ${domain} domain: ${sizeBytes} bytes were asked for.`;
}

function poolNeighbours(address: number, engine: PyMalloc, host: NeighbourHost) {
  const { profile, memory } = engine;
  const { poolBytes } = profile.pymalloc;
  const pool = address - (address % poolBytes);
  const header = readStruct(memory.u32, poolHeader(profile.model), pool);
  const blockBytes = classBytes(profile, header.szidx);
  const first = pool + poolOverheadBytes(profile);
  const free = freeBlocks(memory.u32, header.freeblock, poolBytes / blockBytes);
  const at = (block: number): Neighbour | undefined => {
    if (block < first || block + blockBytes > pool + poolBytes) return undefined;
    const state = block >= pool + header.nextoffset ? "never used" : free.has(block) ? "free" : "live";
    return describe(block, blockBytes, state, host);
  };
  const own = address - ((address - first) % blockBytes);
  return { before: at(own - blockBytes), behind: at(own + blockBytes) };
}

/** The free list of a pool, cut off where damage would make it endless. */
function freeBlocks(words: Uint32Array, head: number, limit: number): Set<number> {
  const blocks = new Set<number>();
  for (let block = head; block !== 0 && blocks.size <= limit; block = words[block >>> 2] ?? 0)
    blocks.add(block);
  return blocks;
}

function rawNeighbours(address: number, host: NeighbourHost) {
  let before: Neighbour | undefined;
  let behind: Neighbour | undefined;
  if ("blocks" in host.raw) {
    for (const block of (host.raw as RawAllocator & ListsBlocks).blocks()) {
      const { address: other, sizeBytes } = block;
      if (other <= address && address < other + sizeBytes) continue; // the block itself
      if (other < address && (before === undefined || other > before.address)) {
        before = describe(other, sizeBytes, "live", host);
      } else if (other > address && (behind === undefined || other < behind.address)) {
        behind = describe(other, sizeBytes, "live", host);
      }
    }
  }
  return { before, behind };
}

function describe(
  address: number,
  blockBytes: number,
  state: Neighbour["state"],
  { bytes, layout }: NeighbourHost,
): Neighbour {
  const data = address + layout.headBytes;
  for (const domain of state === "live" ? domainNames : []) {
    const sizeBytes = bytes.sizeIfIntact(data, marksOf(apiLetter[domain]));
    if (sizeBytes >= 0) return { address, blockBytes, state, debug: { data, sizeBytes, domain } };
  }
  return { address, blockBytes, state };
}
