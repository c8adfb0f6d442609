// Frames of pymalloc: a pool with its blocks, arenas with their pools.

import { poolHeader, poolOverheadBytes, readStruct } from "@obmalloc/abi";
import type { ArenaSnapshot, PoolSnapshot, PyMalloc } from "@obmalloc/pymalloc";
import { type Cell, type Field, hex, type Region } from "./scene.ts";

const BYTES_SHOWN = 32;

/** A pool: its header, its blocks, what is left over behind them. */
export function poolRegion(
  pymalloc: PyMalloc,
  pool: PoolSnapshot,
  bytesPerRow: number,
  names: ReadonlyMap<number, string> = new Map(),
): Region {
  const { profile, memory } = pymalloc;
  const headerBytes = poolOverheadBytes(profile);
  const { address, blockBytes, capacity, nextoffset } = pool;
  const free = new Set<number>(pool.freeBlocks);
  const cells: Cell[] = [header(pymalloc, address, headerBytes)];
  for (let index = 0; index < capacity; index++) {
    const block = address + headerBytes + index * blockBytes;
    const bytes = memory.u8.slice(block, block + Math.min(blockBytes, BYTES_SHOWN));
    const place = { address: block, sizeBytes: blockBytes, bytes };
    if (block >= address + nextoffset) cells.push({ ...place, kind: "fresh", label: "·" });
    else if (!free.has(block)) cells.push({ ...place, kind: "used", label: names.get(block) ?? "block" });
    else {
      const link = memory.u32[block >>> 2]!;
      cells.push({
        ...place,
        kind: "free",
        label: block === pool.freeBlocks[0] ? "freeblock" : "free",
        link,
      });
    }
  }
  const end = address + headerBytes + capacity * blockBytes;
  const tailBytes = address + profile.pymalloc.poolBytes - end;
  if (tailBytes > 0) cells.push({ address: end, sizeBytes: tailBytes, kind: "tail", label: "tail" });
  const title = `Pool at ${hex(address)}: blocks of ${blockBytes} bytes, ${pool.count} of ${capacity} in use`;
  return { title, address, bytesPerRow, cells };
}

function header({ profile, memory }: PyMalloc, address: number, sizeBytes: number): Cell {
  const layout = poolHeader(profile.model);
  const values: Readonly<Record<string, number>> = readStruct(memory.u32, layout, address);
  const fields: Field[] = layout.fields.map((field) => ({
    name: field.name,
    offset: field.offset,
    sizeBytes: field.sizeBytes,
    value:
      field.name.endsWith("pool") || field.name === "freeblock"
        ? hex(values[field.name]!)
        : String(values[field.name]),
  }));
  const bytes = memory.u8.slice(address, address + sizeBytes);
  return { address, sizeBytes, kind: "header", label: "head", fields, bytes };
}

/** An arena: its pools, each as full as its blocks in use make it. */
export function arenaRegion(arena: ArenaSnapshot, poolBytes: number, isPinned = false): Region {
  const cells = arena.pools.map((pool): Cell => {
    const { address, state, blockBytes, count, capacity } = pool;
    const place = { address, sizeBytes: poolBytes };
    if (state === "uncarved") return { ...place, kind: "fresh", label: "uncarved" };
    if (count === 0) return { ...place, kind: "free", label: "free pool", fill: 0 };
    const kind = isPinned && count < capacity / 2 ? "pin" : "used";
    return { ...place, kind, label: String(blockBytes), fill: count / capacity };
  });
  const bytes = arena.pools.length * poolBytes;
  const title = `Arena at ${hex(arena.base)}: ${arena.nfreepools} of ${arena.ntotalpools} pools free, ${arena.liveBytes.toLocaleString("en")} live bytes`;
  return { title, address: arena.pools[0]?.address ?? arena.base, bytesPerRow: bytes / 2, cells };
}
