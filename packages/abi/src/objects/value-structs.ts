// Objects that hold values: numbers, strings, bytes. The head is added by object-layouts.ts.

import { array } from "../struct.ts";

/** `PyLongObject` up to 3.11: the sign of `ob_size` is the number's sign, its size the count of 30-bit digits. */
export const longObject = { ob_size: "ssize", ob_digit: array("u32", 0) } as const;

/** `PyLongObject` since 3.12: `lv_tag` is the count of digits << 3 | sign (0 positive, 1 zero, 2 negative). */
export const taggedLongObject = { lv_tag: "size", ob_digit: array("u32", 0) } as const;

/** `PyFloatObject`. */
export const floatObject = { ob_fval: "f64" } as const;

/** `PyComplexObject`. */
export const complexObject = { real: "f64", imag: "f64" } as const;

/**
 * `PyASCIIObject` up to 3.11 (lp64: 48 bytes), followed by the characters when the string is ASCII.
 *
 *      state, from the lowest bit: interned 2, kind 3, compact 1, ascii 1, ready 1
 *
 * @see CPython 3.11 Include/cpython/unicodeobject.h
 */
export const asciiObject = { length: "ssize", hash: "ssize", state: "u32", wstr: "ptr" } as const;

/** `PyASCIIObject` since 3.12, without `wstr` (lp64: 40 bytes). */
export const shortAsciiObject = { length: "ssize", hash: "ssize", state: "u32" } as const;

/** What `PyCompactUnicodeObject` has after the ASCII part up to 3.11 (lp64: 72 bytes together). */
export const compactUnicode = { utf8_length: "ssize", utf8: "ptr", wstr_length: "ssize" } as const;

/** The same since 3.12 (lp64: 56 bytes together). */
export const shortCompactUnicode = { utf8_length: "ssize", utf8: "ptr" } as const;

/** `PyBytesObject`: the bytes, and a 0 behind them, start at `ob_sval`. */
export const bytesObject = { ob_size: "ssize", ob_shash: "ssize", ob_sval: array("u8", 0) } as const;

/** `PyByteArrayObject` of 3.7 and 3.8. */
export const byteArrayObject37 = {
  ob_size: "ssize",
  ob_alloc: "ssize", // bytes allocated for ob_bytes
  ob_bytes: "ptr",
  ob_start: "ptr", // first byte that is in use, behind what was cut off at the front
  ob_exports: "i32",
} as const;

/** `PyByteArrayObject` of 3.9 to 3.14. */
export const byteArrayObject = { ...byteArrayObject37, ob_exports: "ssize" } as const;

/** `PyByteArrayObject` of 3.15, which keeps its content in a bytes object. */
export const byteArrayOverBytes = { ...byteArrayObject, ob_bytes_object: "ptr" } as const;
