// Records what the allocator of a real CPython does on 32 bits, where no interpreter can be asked: a seeded sequence of calls, every
// address of which is written down. The test replays the file; the source of CPython stays outside of the repository.
//
//   node packages/pymalloc/test/ilp32/record.ts SOURCE_TREE OUTPUT [OPERATIONS] [SEED]
//
// Needs clang with the WASI headers and libraries (Debian: clang lld wasi-libc libclang-rt-14-dev-wasm32).

import { writeFileSync } from "node:fs";
import { buildModule } from "./build-module.ts";
import { type CallRecord, Tag, writeColumns } from "./columns.ts";

const MAX_LIVE = 9000;
const REPORTS = 4;
const UNIT_BYTES = 64 * 1024;
const PAGE_BYTES = 4096;

const [tree, output, operationsText = "40000", seed = "1"] = process.argv.slice(2);
if (tree === undefined || output === undefined) throw new Error("record.ts SOURCE_TREE OUTPUT");
const operations = Number(operationsText);

const records: CallRecord[] = [];
/** Bases of arenas that were given back. */
const unused: number[] = [];
/** What the report has written so far. */
const written: Buffer[] = [];
const live: { readonly block: number; readonly size: number }[] = [];
/** Shares of allocations and of frees in a hundred calls, and the size that is asked for most. */
let phase: readonly [number, number, number] = [100, 0, 1];
let mappings = 0;
let random = Number(seed) | 1;

const pymalloc = buildModule(tree, {
  map_arena: mapArena,
  unmap_arena: unmapArena,
  write: (bytes) => written.push(bytes),
});
for (let i = 0; i < operations; i++) step(i);
report();
writeFileSync(output, writeColumns(records));

function below(n: number): number {
  random ^= random << 13;
  random ^= random >>> 17;
  random ^= random << 5;
  return (random >>> 0) % n;
}

function put(tag: CallRecord["tag"], size: number, old: number, result: number, text = ""): void {
  records.push({ tag, size, old: old >>> 0, result: result >>> 0, text });
}

/** Arenas at bases of all kinds: aligned to the arena, or to the page only. Those given back are used again. */
function mapArena(size: number): number {
  const again = unused.pop();
  const base = again ?? newArena(size);
  put(Tag.arenaMap, size, 0, base);
  return base;
}

function newArena(size: number): number {
  const start = pymalloc.memory.grow((2 * size) / UNIT_BYTES) * UNIT_BYTES;
  if (mappings++ % 3 === 0) return Math.ceil(start / size) * size;
  return start + below(size / PAGE_BYTES) * PAGE_BYTES;
}

function unmapArena(base: number, size: number): void {
  put(Tag.arenaUnmap, size, base, 0);
  unused.push(base >>> 0);
}

function report(): void {
  written.length = 0;
  pymalloc.report();
  const text = Buffer.concat(written).toString("latin1");
  put(Tag.report, text.length, pymalloc.count_blocks() + 1, 0, text);
}

/** What happens until the next change; calls that neither allocate nor free are reallocs. Sometimes all blocks go first. */
function newPhase(): readonly [number, number, number] {
  if (below(6) === 0) while (live.length > 0) release(below(2) === 0 ? live.length - 1 : 0);
  const [allocations, frees] = (
    [
      [85, 5],
      [10, 80],
      [42, 42],
      [70, 20],
    ] as const
  )[below(4)]!;
  return [allocations, frees, 1 + below(512)];
}

function step(i: number): void {
  if (i % (MAX_LIVE / 5) === 0) phase = newPhase();
  const [allocations, frees, favourite] = phase;
  const choice = below(100);
  const size = [below(701), favourite, favourite, favourite][below(8)] ?? 1 + below(1 + below(512));
  if (live.length === 0 || (choice < allocations && live.length < MAX_LIVE)) allocate(size);
  else if (choice < allocations + frees) release(below(4) === 0 ? live.length - 1 : below(live.length));
  else resize(below(live.length));
  if (i % Math.floor(operations / REPORTS) === 0) report();
}

function allocate(size: number): void {
  if (below(5) > 0) {
    const block = pymalloc.PyObject_Malloc(size);
    put(Tag.malloc, size, 0, block);
    keep(block, size);
  } else {
    const nelem = below(9);
    const elsize = nelem > 0 ? Math.floor(size / nelem) : size;
    const block = pymalloc.PyObject_Calloc(nelem, elsize);
    put(Tag.calloc, elsize, nelem, block);
    keep(block, nelem * elsize);
  }
}

function release(index: number): void {
  const { block } = live[index]!;
  live[index] = live[live.length - 1]!;
  live.pop();
  pymalloc.PyObject_Free(block);
  put(Tag.free, 0, block, 0);
}

function resize(index: number): void {
  const old = live[index]!;
  const size = below(3) === 0 ? below(701) : Math.floor(old.size / 2) + below(old.size + 2);
  const block = pymalloc.PyObject_Realloc(old.block, size);
  put(Tag.realloc, size, old.block, block);
  live[index] = live[live.length - 1]!;
  live.pop();
  keep(block, size);
}

/** Fills a block as a program would, so that no link in it is what it was. */
function keep(pointer: number, size: number): void {
  const block = pointer >>> 0;
  new Uint8Array(pymalloc.memory.buffer).fill(0xa5, block, block + size);
  live.push({ block, size });
}
