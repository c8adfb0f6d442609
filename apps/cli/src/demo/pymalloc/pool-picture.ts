// A pool as rows of cells, one for each block, with the fields of its header beside it.

import type { BlockAddress, PoolAddress } from "@obmalloc/abi";
import { formatAddress, poolHeader, poolOverheadBytes, readStruct } from "@obmalloc/abi";
import type { PoolSnapshot, PyMalloc } from "@obmalloc/pymalloc";
import type { Look } from "../../shared/terminal.ts";

const CELLS_IN_A_ROW = 64;
const LINKS_SHOWN = 5;

/** The pool at `address`, and what its header says. */
export function poolLines(pymalloc: PyMalloc, address: PoolAddress, look: Look): string[] {
  const pool = poolAt(pymalloc, address);
  return [
    ...headerLines(pymalloc, pool, look),
    "",
    ...cellLines(pymalloc, pool, look),
    freeListLine(pool, look),
  ];
}

export function poolLegend({ colors, unicode }: Look): string {
  const [used, free, uncarved] = signs(unicode);
  return `${colors.green(used)} in use   ${colors.yellow(free)} on the free list   ${colors.dim(uncarved)} never handed out`;
}

/** The free list from its head: the block that is given next comes first. */
function freeListLine({ freeBlocks, address }: PoolSnapshot, { colors, unicode }: Look): string {
  const arrow = unicode ? " → " : " -> ";
  const shown = freeBlocks.slice(0, LINKS_SHOWN).map((block) => `+${block - address}`);
  const more = freeBlocks.length > LINKS_SHOWN ? [`${freeBlocks.length - LINKS_SHOWN} more`] : [];
  return `${colors.dim("free list")}  ${[...shown, ...more, "NULL"].join(arrow)}`;
}

export function poolAt(pymalloc: PyMalloc, address: PoolAddress): PoolSnapshot {
  const pools = pymalloc.inspect().arenas.flatMap((arena) => arena.pools);
  return pools.find((pool) => pool.address === address)!;
}

/** The pool that a block lies in. */
export function poolOf({ profile }: PyMalloc, block: BlockAddress): PoolAddress {
  return (block - (block % profile.pymalloc.poolBytes)) as PoolAddress;
}

function headerLines({ memory, profile }: PyMalloc, pool: PoolSnapshot, { colors }: Look): string[] {
  const { ref, freeblock, szidx, nextoffset, maxnextoffset } = readStruct(
    memory.u32,
    poolHeader(profile.model),
    pool.address,
  );
  const fields = { "ref.count": ref, freeblock: formatAddress(freeblock), szidx, nextoffset, maxnextoffset };
  const values = Object.entries(fields).map(([name, value]) => `${colors.dim(name)} ${value}`);
  return [`pool ${formatAddress(pool.address)}  ${colors.bold(pool.state)}`, values.join("  ")];
}

function cellLines({ profile }: PyMalloc, pool: PoolSnapshot, { colors, unicode }: Look): string[] {
  const [used, free, uncarved] = signs(unicode);
  const first = pool.address + poolOverheadBytes(profile);
  const listed = new Set<number>(pool.freeBlocks);
  const cells = Array.from({ length: pool.capacity }, (_, index) => {
    const block = first + index * pool.blockBytes;
    if (block >= pool.address + pool.nextoffset) return colors.dim(uncarved);
    return listed.has(block) ? colors.yellow(free) : colors.green(used);
  });
  const rows: string[] = [];
  for (let at = 0; at < cells.length; at += CELLS_IN_A_ROW)
    rows.push(cells.slice(at, at + CELLS_IN_A_ROW).join(""));
  return rows;
}

function signs(unicode: boolean): readonly [string, string, string] {
  return unicode ? ["█", "▒", "·"] : ["#", "o", "."];
}
