// Frames of pymalloc: what its `inspect()` says, with the bytes and the headers of the pools in use.

import { poolHeader, poolOverheadBytes, readStruct } from "@obmalloc/abi";
import type { ArenasFrame, Field } from "@obmalloc/heap-map";
import type { PoolSnapshot, PyMalloc } from "@obmalloc/pymalloc";
import { hex } from "./scene.ts";

export interface HeapFrameOptions {
  /** What the text calls some blocks. */
  readonly names?: ReadonlyMap<number, string>;
  /** Looks at the pools in use instead of everything. @defaultValue false */
  readonly isCloseUp?: boolean;
  /** Looks at these pools. */
  readonly focus?: readonly number[];
  readonly owners?: ReadonlyMap<number, string>;
  readonly otherOwner?: string;
}

/** The state of an allocator as a picture draws it. */
export function heapFrame(pymalloc: PyMalloc, options: HeapFrameOptions = {}): ArenasFrame {
  const { names, owners, otherOwner, isCloseUp = false } = options;
  const { profile } = pymalloc;
  const { arenas } = pymalloc.inspect();
  const used = arenas.flatMap(({ pools }) => pools).filter(({ count }) => count > 0);
  const { arenaBytes, poolBytes, alignmentBytes } = profile.pymalloc;
  const { fields } = poolHeader(profile.model);
  return {
    geometry: {
      name: `CPython ${profile.version}`,
      arenaBytes,
      poolBytes,
      headerBytes: poolOverheadBytes(profile),
      alignmentBytes,
      header: fields.map(({ name, offset, sizeBytes }) => ({ name, offset, sizeBytes })),
    },
    arenas,
    focus: options.focus ?? (isCloseUp ? used.map(({ address }) => address) : []),
    contents: contentsOf(pymalloc, used),
    headers: new Map(used.map(({ address }) => [address, headerOf(pymalloc, address)])),
    ...(names === undefined ? {} : { names: new Map(names) }),
    ...(owners === undefined ? {} : { owners }),
    ...(otherOwner === undefined ? {} : { otherOwner }),
  };
}

/** Copies of pools, those side by side as one. */
function contentsOf({ memory, profile }: PyMalloc, pools: readonly PoolSnapshot[]) {
  const { poolBytes } = profile.pymalloc;
  const ranges: { start: number; end: number }[] = [];
  for (const { address } of pools) {
    const last = ranges.at(-1);
    if (last?.end === address) last.end += poolBytes;
    else ranges.push({ start: address, end: address + poolBytes });
  }
  return ranges.map(({ start, end }) => ({ address: start, data: memory.u8.slice(start, end) }));
}

function headerOf({ profile, memory }: PyMalloc, address: number): Field[] {
  const layout = poolHeader(profile.model);
  const values: Readonly<Record<string, number>> = readStruct(memory.u32, layout, address);
  return layout.fields.map(({ name, offset, sizeBytes }) => {
    const isAddress = name.endsWith("pool") || name === "freeblock";
    const value = values[name]!;
    return {
      name,
      offset,
      sizeBytes,
      value: isAddress ? (value === 0 ? "NULL" : hex(value)) : String(value),
    };
  });
}
