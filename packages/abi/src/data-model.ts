/** The two C data models that CPython's memory manager was built for: 64-bit Unix and 32-bit. */
export interface DataModel {
  readonly name: "lp64" | "ilp32";
  /** Bytes of a pointer, `size_t` and `Py_ssize_t`. */
  readonly pointerBytes: 8 | 4;
  /** The smallest size that is refused: `PY_SSIZE_T_MAX + 1`, which a double holds exactly. */
  readonly ssizeLimit: number;
}

/** 64-bit pointers and sizes, 32-bit `int` (Linux, macOS, the BSDs). */
export const lp64: DataModel = Object.freeze({ name: "lp64", pointerBytes: 8, ssizeLimit: 2 ** 63 });

/** 32-bit pointers, sizes and `int` (32-bit Linux and ARM, wasm32). */
export const ilp32: DataModel = Object.freeze({ name: "ilp32", pointerBytes: 4, ssizeLimit: 2 ** 31 });

/** Every data model, 64-bit first. */
export const dataModels: readonly DataModel[] = Object.freeze([lp64, ilp32]);

/**
 * Whether C could take `n` as a size: a whole number from 0 to `PY_SSIZE_T_MAX`.
 *
 * The C-like calls of every layer return NULL for anything else.
 */
export function isSize(n: number, model: DataModel): boolean {
  return Number.isInteger(n) && n >= 0 && n < model.ssizeLimit;
}
