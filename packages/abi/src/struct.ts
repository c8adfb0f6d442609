// C structs as data. A layout is computed once from the field list and read by engines (offsets),
// inspectors (fields) and tests alike, so that an offset is written down nowhere else.

import type { DataModel } from "./data-model.ts";

/**
 * Scalar types of a field. `ptr`, `size` and `ssize` have the data model's width, the numbers in the other names are
 * bits. `f128` is C's `long double`, of which only the 16 bytes and their alignment are known here.
 */
export type ScalarType =
  | "ptr"
  | "size"
  | "ssize"
  | "u8"
  | "i8"
  | "u16"
  | "i16"
  | "u32"
  | "i32"
  | "u64"
  | "f64"
  | "f128";

const WIDTH_BYTES = { u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, u64: 8, f64: 8, f128: 16 } as const;

/** `length` elements of a scalar or of a struct, one after the other. */
export interface ArrayType {
  readonly element: ScalarType | StructLayout;
  readonly length: number;
}

/** What a field of a structure can be: a scalar, another structure, or an array. */
export type FieldType = ScalarType | StructLayout | ArrayType;

/** One field of a layout, in memory order. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  /** Bytes of the whole field, all elements of an array included. */
  readonly sizeBytes: number;
}

/** A C struct laid out for one data model. */
export interface StructLayout<Name extends string = string> {
  readonly sizeBytes: number;
  readonly alignmentBytes: number;
  /** Byte offset of each field by its C name. */
  readonly offsets: Readonly<Record<Name, number>>;
  /** The same fields in memory order. */
  readonly fields: readonly Field[];
}

/** `length` elements in a row; 0 leaves the field out of the bytes but keeps its name. */
export function array(element: ScalarType | StructLayout, length: number): ArrayType {
  return { element, length };
}

/**
 * Lays out a C struct by the rules of the System V ABIs: each field at the next multiple of its own
 * alignment, the whole rounded up to the largest alignment.
 *
 * @param declaration field name to type, in C order. Names that look like numbers would be reordered by
 * the language and are refused with a `RangeError`.
 */
export function struct<const Declaration extends Record<string, FieldType>>(
  model: DataModel,
  declaration: Declaration,
): StructLayout<Extract<keyof Declaration, string>> {
  const offsets: Record<string, number> = {};
  const fields: Field[] = [];
  let end = 0;
  let alignmentBytes = 1;
  for (const [name, type] of Object.entries(declaration)) {
    if (/^\d/.test(name))
      throw new RangeError(`A field cannot be called ${name}: C names start with a letter.`);
    const alignment = alignmentOf(model, type);
    const offset = roundUp(end, alignment);
    const sizeBytes = sizeOf(model, type);
    offsets[name] = offset;
    fields.push(Object.freeze({ name, type, offset, sizeBytes }));
    end = offset + sizeBytes;
    alignmentBytes = Math.max(alignmentBytes, alignment);
  }
  return Object.freeze({
    sizeBytes: roundUp(end, alignmentBytes),
    alignmentBytes,
    offsets: Object.freeze(offsets) as Record<Extract<keyof Declaration, string>, number>,
    fields: Object.freeze(fields),
  });
}

/**
 * The scalar fields of the struct at `address`, signed where the type is; of fields wider than 32 bits the low word
 * only; arrays are left out.
 *
 * For looking, not for speed. Fields outside the memory read as 0.
 * @param words all aligned 32-bit words of the memory.
 */
export function readStruct<Name extends string>(
  words: Uint32Array,
  layout: StructLayout<Name>,
  address: number,
): Readonly<Record<Name, number>> {
  const values: Record<string, number> = {};
  for (const { name, type, offset } of layout.fields) {
    if (typeof type !== "string") continue;
    const word = words[(address + offset) >>> 2] ?? 0;
    const spareBits = type in WIDTH_BYTES ? 32 - 8 * Math.min(WIDTH_BYTES[type as "u8"], 4) : 0;
    const top = word << (spareBits - 8 * ((address + offset) & 3)); // the field's bits, at the top of the word
    values[name] = type === "ssize" || type.startsWith("i") ? top >> spareBits : top >>> spareBits;
  }
  return values as Record<Name, number>;
}

/** The smallest multiple of `unit` that is not below `n`; exact up to 2^53. */
export function roundUp(n: number, unit: number): number {
  return Math.ceil(n / unit) * unit;
}

function sizeOf(model: DataModel, type: FieldType): number {
  if (typeof type === "string") {
    return type === "ptr" || type === "size" || type === "ssize" ? model.pointerBytes : WIDTH_BYTES[type];
  }
  if ("element" in type) return type.length * sizeOf(model, type.element);
  return type.sizeBytes;
}

function alignmentOf(model: DataModel, type: FieldType): number {
  if (typeof type === "string") return sizeOf(model, type);
  if ("element" in type) return alignmentOf(model, type.element);
  return type.alignmentBytes;
}
