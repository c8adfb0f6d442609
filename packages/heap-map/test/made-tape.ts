// Tapes made of the calls of a real allocator, for tests: what a recorder would have written.

import { poolHeader, poolOverheadBytes, profileFor } from "@obmalloc/abi";
import { createPyMalloc, type PyMalloc } from "@obmalloc/pymalloc";
import type { HeapGeometry, HeapTape } from "../src/index.ts";
import { NEVER } from "../src/index.ts";
import { firstPool, poolsPerArena } from "../src/tape/heap-tape.ts";

export type Call = { readonly malloc: number } | { readonly free: number };

export function geometryOf({ profile }: PyMalloc): HeapGeometry {
  const { arenaBytes, poolBytes, alignmentBytes } = profile.pymalloc;
  const { fields } = poolHeader(profile.model);
  return {
    name: `CPython ${profile.version}`,
    arenaBytes,
    poolBytes,
    headerBytes: poolOverheadBytes(profile),
    alignmentBytes,
    header: fields.map(({ name, offset, sizeBytes }) => ({ name, offset, sizeBytes })),
  };
}

interface Life {
  readonly address: number;
  readonly sizeBytes: number;
  readonly szidx: number;
  readonly born: number;
  readonly stack: number;
  died: number;
}

/** Plays calls; `free` takes the number of a malloc, modulo those that live. `seen` is told after each. */
export function playCalls(
  calls: readonly Call[],
  seen: (event: number, pymalloc: PyMalloc, live: ReadonlyMap<number, number>) => void = () => {},
  version = "3.13",
): HeapTape {
  const pymalloc = createPyMalloc({ profile: profileFor(version), maxBytes: 256 << 20 });
  const lives: Life[] = [];
  const deaths: number[] = [];
  const live = new Map<number, number>();
  const mappings = new Map<number, { mapped: number; unmapped: number }[]>();
  for (const [event, call] of calls.entries()) {
    if ("malloc" in call) {
      const address = pymalloc.malloc(call.malloc);
      const szidx = pymalloc.blockSizeBytes(address) / pymalloc.profile.pymalloc.alignmentBytes - 1;
      live.set(address, lives.length);
      lives.push({
        address,
        sizeBytes: call.malloc,
        szidx,
        born: event,
        died: NEVER,
        stack: 1 + (call.malloc % 3),
      });
    } else if (live.size > 0) {
      const [address, life] = [...live][call.free % live.size]!;
      pymalloc.free(address as Parameters<PyMalloc["free"]>[0]);
      live.delete(address);
      lives[life]!.died = event;
      deaths.push(life);
    }
    const bases = new Set(pymalloc.inspect().arenas.map(({ base }) => base as number));
    for (const base of bases) {
      const spans = mappings.get(base) ?? [];
      mappings.set(base, spans);
      if (spans.at(-1)?.unmapped !== NEVER) spans.push({ mapped: event, unmapped: NEVER });
    }
    for (const [base, spans] of mappings)
      if (!bases.has(base) && spans.at(-1)!.unmapped === NEVER) spans.at(-1)!.unmapped = event;
    seen(event + 1, pymalloc, new Map([...live].map(([address, life]) => [address, lives[life]!.sizeBytes])));
  }
  return tapeOf(geometryOf(pymalloc), lives, deaths, mappings, calls.length);
}

function tapeOf(
  geometry: HeapGeometry,
  lives: readonly Life[],
  deaths: readonly number[],
  mappings: ReadonlyMap<number, readonly { mapped: number; unmapped: number }[]>,
  lastEvent: number,
): HeapTape {
  const bases = [...mappings.keys()].sort((a, b) => a - b);
  const spans = bases.flatMap((base, row) => mappings.get(base)!.map((span) => ({ row, ...span })));
  const rowUnits = (poolsPerArena(geometry) * geometry.poolBytes) / geometry.alignmentBytes;
  const place = ({ address }: Life) => {
    const row = bases.findLastIndex((base) => base <= address);
    return row * rowUnits + (address - firstPool(bases[row]!, geometry)) / geometry.alignmentBytes;
  };
  return {
    geometry,
    firstEvent: 0,
    lastEvent,
    arenas: {
      bases: Float64Array.from(bases),
      row: Uint32Array.from(spans, ({ row }) => row),
      mapped: Uint32Array.from(spans, ({ mapped }) => mapped),
      unmapped: Uint32Array.from(spans, ({ unmapped }) => unmapped),
    },
    lives: {
      place: Uint32Array.from(lives, place),
      sizeBytes: Uint16Array.from(lives, ({ sizeBytes }) => sizeBytes),
      classes: Uint8Array.from(lives, ({ szidx }) => szidx),
      born: Uint32Array.from(lives, ({ born }) => born),
      died: Uint32Array.from(lives, ({ died }) => died),
      stack: Uint32Array.from(lives, ({ stack }) => stack),
      deaths: Uint32Array.from(deaths),
    },
    stacks: {
      parent: Uint32Array.of(0, 0, 1, 1),
      line: Uint32Array.of(0, 0, 1, 2),
      lines: ["main.py:1 <module>", "main.py:7 load", "main.py:9 parse"],
    },
    marks: [],
  };
}
