// Arenas in words: what a thing is, the legend, and the tables that say what is drawn.

import { addressText, bytesText, countText, percentText } from "../format.ts";
import type { ArenaHeap } from "../tape/arena-heap.ts";
import { BlockKind, PoolKind } from "../tape/arena-heap.ts";
import { ABSENT, classBytes } from "../tape/heap-tape.ts";
import { type ArenasScene, FRESH_FROM, showsBlocks } from "./arenas-fill.ts";
import { blockAddress } from "./block-detail.ts";
import { COLORED_LINES, type Inks } from "./inks.ts";
import { NO_BLOCKS, SEVERAL } from "./pool-summaries.ts";
import { cssOf } from "./raster.ts";
import type { Coloring, Description, LegendEntry, TextTwin, Thing } from "./world.ts";

const TWIN_ROWS = 300;
const POOL_WORDS: Readonly<Record<number, string>> = {
  [PoolKind.absent]: "not mapped",
  [PoolKind.uncarved]: "never used",
  [PoolKind.free]: "free",
  [PoolKind.used]: "in use",
  [PoolKind.full]: "full",
};
const BLOCK_WORDS = ["in use", "free", "never handed out"] as const;

export function describeThing(scene: ArenasScene, thing: Thing): Description | undefined {
  if (thing.level === "arena") return describeArena(scene, thing.row);
  if (!("pool" in thing) || thing.pool >= scene.heap.kinds.length) return undefined;
  if (thing.level === "pool") return describePool(scene, thing.pool);
  if (scene.heap.classes[thing.pool] === ABSENT) return describePool(scene, thing.pool);
  return thing.level === "header"
    ? describeHeader(scene, thing.pool)
    : describeBlock(scene, thing.pool, thing.block);
}

function describeArena({ heap, summaries }: ArenasScene, row: number): Description {
  const totals = arenaTotals(heap, row);
  const facts: [string, string][] = [
    ["bytes", bytesText(heap.geometry.arenaBytes)],
    ["live", `${bytesText(totals.bytes)} (${percentText(totals.bytes / heap.geometry.arenaBytes)})`],
    ["pools", `${totals.used} in use, ${totals.free} free`],
  ];
  if (heap.hasBlocks) facts.push(["live blocks", countText(totals.blocks)]);
  if (heap.hasBlocks && heap.lines.length > 0) facts.push(["held by", holderText({ heap, summaries }, row)]);
  const address = heap.baseOf(row);
  return { title: totals.isMapped ? "Arena" : "Arena, not mapped at this moment", address, facts };
}

function holderText({ heap, summaries }: Pick<ArenasScene, "heap" | "summaries">, row: number): string {
  const line = summaries.arenaLine(row);
  if (line === NO_BLOCKS) return "no live block: it is kept for the next need";
  if (line !== SEVERAL) return lineText(heap, line);
  const held = new Set<number>();
  for (let pool = row * heap.poolsPerArena; pool < (row + 1) * heap.poolsPerArena; pool++)
    if (heap.liveBlocks[pool]! > 0) for (const one of heap.blockLines(pool)) if (one >= 0) held.add(one);
  const first = Math.min(...held);
  return `${countText(held.size)} lines, ${lineText(heap, first)} among them`;
}

const lineText = (heap: ArenaHeap, rank: number): string =>
  rank < 0 ? "no Python code" : (heap.lines[rank] ?? "no Python code");

function describePool({ heap, summaries }: ArenasScene, pool: number): Description {
  const szidx = heap.classes[pool]!;
  const facts: [string, string][] = [["state", POOL_WORDS[heap.kinds[pool]!]!]];
  if (szidx !== ABSENT) facts.push(["blocks of", `${classBytes(szidx, heap.geometry)} bytes`]);
  if (szidx !== ABSENT && heap.hasBlocks)
    facts.push(["in use", `${heap.liveBlocks[pool]} of ${heap.blockKinds(pool, false).length} blocks`]);
  facts.push(["live", `${bytesText(heap.liveBytes[pool]!)} of ${bytesText(heap.geometry.poolBytes)}`]);
  if (!heap.hasBlocks) facts.push(["its blocks", "not stored for this moment"]);
  else if (heap.lines.length > 0 && heap.liveBlocks[pool]! > 0) {
    const line = summaries.onlyLine(pool);
    facts.push(["made by", line === SEVERAL ? "several lines" : lineText(heap, line)]);
  }
  const tables = heap.header(pool).length > 0 ? [headerTable(heap, pool)] : [];
  return { title: "Pool", address: heap.poolAddress(pool), facts, tables };
}

const headerTable = (heap: ArenaHeap, pool: number): TextTwin => ({
  caption: "Fields of the pool's header",
  columns: [
    { heading: "offset", isNumber: true },
    { heading: "bytes", isNumber: true },
    { heading: "field" },
    { heading: "value" },
  ],
  rows: heap
    .header(pool)
    .map(({ offset, sizeBytes, name, value }) => [String(offset), String(sizeBytes), name, value]),
});

function describeHeader({ heap }: ArenasScene, pool: number): Description {
  const address = heap.poolAddress(pool);
  const data = heap.bytes(address, heap.geometry.headerBytes);
  return {
    title: "Header of a pool",
    address,
    facts: [
      ["bytes", String(heap.geometry.headerBytes)],
      ["pool of blocks of", `${classBytes(heap.classes[pool]!, heap.geometry)} bytes`],
    ],
    tables: [headerTable(heap, pool)],
    ...(data === undefined ? {} : { bytes: { address, data } }),
  };
}

function describeBlock(scene: ArenasScene, pool: number, block: number): Description {
  const { heap } = scene;
  const address = blockAddress(scene, pool, block);
  const room = classBytes(heap.classes[pool]!, heap.geometry);
  const data = heap.bytes(address, room);
  const bytes = data === undefined ? {} : { bytes: { address, data } };
  const life = heap.life(pool, block);
  const kind = heap.blockKinds(pool, true)[block]!;
  if (life === undefined) {
    const next = nextFree(scene, pool, block);
    const facts: [string, string][] = [
      ["state", BLOCK_WORDS[kind] ?? "free"],
      ["bytes", String(room)],
    ];
    if (next !== undefined) facts.push(["holds the address of", next]);
    return { title: "Block", address, facts, ...bytes };
  }
  const facts: [string, string][] = [
    ["state", "in use"],
    ["bytes", life.sizeBytes === 0 ? String(room) : `${life.sizeBytes} asked for, ${room} taken`],
    ["born", life.born],
    ["dies", life.died ?? "not in what is shown"],
  ];
  return { title: life.name ?? "Block", address, facts, stack: life.stack, ...bytes };
}

/** What a free block's first word says. */
function nextFree(scene: ArenasScene, pool: number, block: number): string | undefined {
  const list = scene.heap.freeList(pool);
  const at = list?.indexOf(block) ?? -1;
  if (list === undefined || at < 0) return undefined;
  const next = list[at + 1];
  return next === undefined ? "none: NULL ends the list" : addressText(blockAddress(scene, pool, next));
}

function arenaTotals(heap: ArenaHeap, row: number) {
  const totals = { bytes: 0, blocks: 0, used: 0, free: 0, isMapped: false };
  for (let pool = row * heap.poolsPerArena; pool < (row + 1) * heap.poolsPerArena; pool++) {
    const kind = heap.kinds[pool]!;
    if (kind === PoolKind.absent) continue;
    totals.isMapped = true;
    totals.bytes += heap.liveBytes[pool]!;
    totals.blocks += heap.liveBlocks[pool]!;
    if (kind >= PoolKind.used) totals.used++;
    else totals.free++;
  }
  return totals;
}

/** The arenas; for a picture of some pools, these block by block. */
export function arenaTwins(scene: ArenasScene, pools: readonly number[]): TextTwin[] {
  const { heap, summaries } = scene;
  const rows: string[][] = [];
  for (let row = 0; row < heap.rows && rows.length < TWIN_ROWS; row++) {
    const { isMapped, used, free, bytes, blocks } = arenaTotals(heap, row);
    if (!isMapped) continue;
    const holder = heap.hasBlocks && heap.lines.length > 0 ? holderText({ heap, summaries }, row) : "";
    const count = heap.hasBlocks ? countText(blocks) : "not stored";
    rows.push([addressText(heap.baseOf(row)), String(used), String(free), count, bytesText(bytes), holder]);
  }
  if (rows.length === 0) rows.push(["no arena is mapped", "0", "0", "0", bytesText(0), ""]);
  const number = (heading: string) => ({ heading, isNumber: true });
  const arenas: TextTwin = {
    caption: `${heap.geometry.name}: arenas of ${bytesText(heap.geometry.arenaBytes)}`,
    columns: [
      { heading: "arena" },
      number("pools in use"),
      number("free pools"),
      number("live blocks"),
      number("live"),
      { heading: "held by" },
    ],
    rows,
  };
  return [arenas, ...pools.map((pool) => blocksTable(scene, pool)).filter((table) => table.rows.length > 0)];
}

function blocksTable(scene: ArenasScene, pool: number): TextTwin {
  const { heap } = scene;
  const kinds = heap.classes[pool] === ABSENT ? [] : [...heap.blockKinds(pool, true)];
  return {
    caption: `Pool at ${addressText(heap.poolAddress(pool))}`,
    columns: [
      { heading: "address" },
      { heading: "bytes", isNumber: true },
      { heading: "state" },
      { heading: "what" },
      { heading: "holds the address" },
    ],
    rows: kinds.map((kind, block) => [
      addressText(blockAddress(scene, pool, block)),
      String(classBytes(heap.classes[pool]!, heap.geometry)),
      BLOCK_WORDS[kind] ?? "",
      heap.life(pool, block)?.name ?? "",
      kind === BlockKind.free ? (nextFree(scene, pool, block) ?? "") : "",
    ]),
  };
}

export function arenasLegend(
  scene: ArenasScene,
  coloring: Coloring,
  inks: Inks,
  scale: number,
): LegendEntry[] {
  const { heap } = scene;
  const kinds = new Set(heap.kinds);
  const used = [...heap.kinds.keys()].filter((pool) => heap.kinds[pool]! >= PoolKind.used);
  const hasBlocks = used.some((pool) => showsBlocks(scene, pool, scale));
  const entry = (color: number, text: string, isThere = true) =>
    isThere ? [{ color: cssOf(color), text }] : [];
  const blank = [
    ...entry(inks.free, "free", hasBlocks && coloring !== "pins"),
    ...entry(inks.fresh, "never handed out", hasBlocks && scale >= FRESH_FROM),
    ...entry(inks.freePool, "free pool", kinds.has(PoolKind.free) && coloring !== "pins"),
    ...entry(inks.freePool, "free, in arenas of several lines", coloring === "pins"),
    ...entry(inks.uncarved, "pool never used", kinds.has(PoolKind.uncarved)),
  ];
  if (coloring === "occupancy") {
    const hasPools = used.some((pool) => !showsBlocks(scene, pool, scale));
    return [
      ...entry(inks.live, "in use"),
      ...entry(inks.occupancy(0.5), "pool half full", hasPools),
      ...entry(inks.occupancy(0.02), "pool nearly empty", hasPools),
      ...blank,
    ];
  }
  if (coloring === "age")
    return [
      ...entry(inks.age(0), "just born"),
      ...entry(inks.age(0.6), "older"),
      ...entry(inks.age(1), "as old as what is shown"),
      ...blank,
    ];
  return [...(coloring === "class" ? classEntries(heap, inks) : lineEntries(heap, inks)), ...blank];
}

const CLASSES_SHOWN = 16;

function classEntries(heap: ArenaHeap, inks: Inks): LegendEntry[] {
  const seen = [...new Set(heap.classes)].filter((szidx) => szidx !== ABSENT).sort((a, b) => a - b);
  return seen.slice(0, CLASSES_SHOWN).map((szidx) => ({
    color: cssOf(inks.sizeClass(szidx)),
    text: `${classBytes(szidx, heap.geometry)} bytes`,
  }));
}

function lineEntries(heap: ArenaHeap, inks: Inks): LegendEntry[] {
  const lines = heap.lines
    .slice(0, COLORED_LINES)
    .map((text, rank) => ({ color: cssOf(inks.rank(rank)), text, rank }));
  const others = heap.lines.length - COLORED_LINES;
  if (others <= 0 && !heap.hasUnknownLines) return lines;
  const text = others > 0 ? `${countText(others)} other lines` : "no Python code";
  return [...lines, { color: cssOf(inks.rank(-1)), text }];
}
