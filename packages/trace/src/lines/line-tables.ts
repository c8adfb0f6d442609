// From an instruction to its source line: CPython's three encodings of a code object's line table.

import { type Code, LineTableKind } from "../format/tables.ts";

/**
 * The source line of the instruction at byte offset `offset` of a code object; a negative offset is before its first
 * instruction. The first line where the table has none.
 */
export function lineOf(code: Code, offset: number): number {
  if (offset < 0) return code.firstLine;
  const table = code.lineTable;
  if (code.lineTableKind === LineTableKind.lnotab) return lnotab(table, offset, code.firstLine);
  if (code.lineTableKind === LineTableKind.linetable310) return linetable310(table, offset, code.firstLine);
  if (code.lineTableKind === LineTableKind.locations) return locations(table, offset, code.firstLine);
  return code.firstLine;
}

/**
 * Pairs of a step in bytes and a signed step in lines, up to 3.9.
 *
 * @see CPython 3.9 Objects/lnotab_notes.txt; Objects/codeobject.c, PyCode_Addr2Line
 */
function lnotab(table: Uint8Array, offset: number, firstLine: number): number {
  let line = firstLine;
  let at = 0;
  for (let i = 0; i + 1 < table.length; i += 2) {
    at += table[i]!;
    if (at > offset) break;
    line += (table[i + 1]! << 24) >> 24;
  }
  return line;
}

/**
 * Ranges: a length in bytes and a signed step in lines, -128 where there is no line. 3.10.
 *
 * @see CPython 3.10 Objects/lnotab_notes.txt; Objects/codeobject.c, advance
 */
function linetable310(table: Uint8Array, offset: number, firstLine: number): number {
  const NO_LINE = -128;
  let line = firstLine;
  let end = 0;
  for (let i = 0; i + 1 < table.length; i += 2) {
    end += table[i]!;
    const step = (table[i + 1]! << 24) >> 24;
    if (step !== NO_LINE) line += step;
    if (offset < end) return step === NO_LINE ? firstLine : line;
  }
  return line;
}

/**
 * Location entries of one to many bytes, from 3.11: bit 7 marks the first byte, bits 3 to 6 the form, bits 0 to 2 the
 * length in units of two bytes, less one.
 *
 * @see CPython 3.12 Objects/locations.md
 */
function locations(table: Uint8Array, offset: number, firstLine: number): number {
  const FORM = { oneLine0: 10, noColumns: 13, long: 14, none: 15 };
  let line = firstLine;
  let end = 0;
  for (let i = 0; i < table.length; ) {
    const head = table[i++]!;
    const form = (head >>> 3) & 15;
    end += ((head & 7) + 1) * 2;
    if (form === FORM.noColumns || form === FORM.long) line += signedVarint(table, i);
    else if (form >= FORM.oneLine0 && form < FORM.noColumns) line += form - FORM.oneLine0;
    if (offset < end) return form === FORM.none ? firstLine : line;
    while (i < table.length && table[i]! < 0x80) i++; // the rest of this entry
  }
  return line;
}

/** Six bits in each byte, bit 6 says that more follow; the lowest bit of the number is its sign. */
function signedVarint(table: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at, shift = 0; i < table.length && shift < 30; i++, shift += 6) {
    const byte = table[i]!;
    value |= (byte & 63) << shift;
    if ((byte & 64) === 0) break;
  }
  return value & 1 ? -(value >>> 1) : value >>> 1;
}
