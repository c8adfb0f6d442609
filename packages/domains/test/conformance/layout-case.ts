// The cases called "layout": the bytes of debug blocks, printed from inside the interpreters. What an allocator underneath
// writes into free blocks, and what lies behind a block, differs from heap to heap: both are left out of the comparison.

import { bindCApi, type Domains } from "@obmalloc/domains";
import { expect } from "vitest";
import { burnSerialNumbers, makeDomains } from "../damage/machine.ts";
import type { DumpCase } from "./dump-cases.ts";

const A = 0x41;

/** A line of such a dump: what it is about, whether realloc gave the same address, the bytes. */
interface LayoutLine {
  readonly what: string;
  readonly same: string | undefined;
  readonly bytes: string;
}

function linesOf(text: string): LayoutLine[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, what, same, bytes] = /^(.*?)(?: same= (\w+))?(?: new=)? ?([0-9a-f]*)$/.exec(line)!;
      return { what: what!, same, bytes: bytes! };
    });
}

/** Does what the script did, and compares every byte that the hooks wrote. */
export function compareLayout(one: DumpCase): void {
  const { memory, profile } = makeDomains({ ...one, keepsFreed: true });
  const api = bindCApi(memory);
  const S = profile.model.pointerBytes;
  const overhead = (profile.domains.debugSerialNumber ? 4 : 3) * S;
  const lines = linesOf(one.text);
  const read = (p: number, count: number) =>
    Buffer.from(memory.linear.u8.slice(p - 2 * S, p - 2 * S + count)).toString("hex");

  /** Bytes that the allocator underneath may have written: the first of a free block, and the last on wasm32. */
  const freed = { first: (one.isWasm ? 6 : 2) * S, last: one.isWasm ? S : 0 };
  const expectFreed = (p: number, what: string) => {
    const { bytes } = next(lines, what);
    const count = bytes.length / 2;
    const known = (text: string) => text.slice(2 * freed.first, 2 * (count - freed.last));
    if (bytes.includes("fdfdfd")) return; // the interpreter had used the block again before it was read
    expect(known(read(p, count))).toBe(known(bytes));
  };
  const expectLive = (p: number, sizeBytes: number, what: string) => {
    const { bytes } = next(lines, what);
    const count = Math.min(bytes.length / 2, sizeBytes + overhead);
    expect(read(p, count)).toBe(bytes.slice(0, 2 * count));
  };
  const serialIn = (line: LayoutLine, sizeBytes: number) =>
    setSerial(memory, one, line.bytes, 2 * S + sizeBytes + S, S);

  for (const [name, malloc, free, size] of [
    ["r", api.PyMem_RawMalloc, api.PyMem_RawFree, 10],
    ["m", api.PyMem_Malloc, api.PyMem_Free, 10],
    ["o", api.PyObject_Malloc, api.PyObject_Free, 10],
    ["m0", api.PyMem_Malloc, api.PyMem_Free, 0],
  ] as const) {
    serialIn(lines[0]!, size);
    const p = malloc(size);
    expectLive(p, size, `${name} alloc`);
    free(p);
    expectFreed(p, `${name} freed`);
  }

  for (const [from, to] of [
    [10, 20],
    [20, 4],
    [400, 450],
    [100, 400],
    [400, 200],
  ] as const) {
    const p = to === 4 ? last : api.PyMem_Malloc(from);
    if (to !== 4) memory.linear.u8.fill(A, p, p + from);
    const line = lines[0]!;
    serialIn(line, to);
    const q = api.PyMem_Realloc(p, to);
    expect(p === q ? "True" : "False").toBe(line.same);
    if (line.bytes === "") lines.shift();
    else expectLive(q, to, line.what);
    if (lines[0]?.what.startsWith("old block")) expectFreed(p, lines[0].what);
    last = q;
  }
  expect(lines).toEqual([]);
}

let last = 0;

function next(lines: LayoutLine[], what: string): LayoutLine {
  const line = lines.shift()!;
  expect(line.what).toBe(what);
  return line;
}

/** Where blocks have serial numbers: makes the next one get the number that stands in `bytes`. */
function setSerial(memory: Domains, one: DumpCase, bytes: string, at: number, wordBytes: number): void {
  if (!one.version.startsWith("3.7")) return;
  const digits = bytes.slice(2 * at, 2 * (at + wordBytes));
  if (digits !== "") burnSerialNumbers(memory, Number.parseInt(digits, 16)); // longer blocks were printed without it
}
