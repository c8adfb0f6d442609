import { CLEAN_BYTE, DEAD_BYTE, FORBIDDEN_BYTE } from "./layout.ts";

const PATTERNS = [0, CLEAN_BYTE, DEAD_BYTE, FORBIDDEN_BYTE];

/**
 * Whether the value of a pointer is NULL or a pattern that the debug hooks fill memory with: read from memory that was
 * never written, was freed, or lies outside of a block.
 *
 * @param pointer all bits of it, a bigint where they are more than 53.
 * @see CPython 3.13 Include/internal/pycore_pymem.h, _PyMem_IsPtrFreed
 */
export function isFreedPointer(pointer: number | bigint, pointerBytes: 4 | 8): boolean {
  const value = BigInt(pointer);
  return PATTERNS.some(
    (byte) => value === BigInt(`0x${byte.toString(16).padStart(2, "0").repeat(pointerBytes)}`),
  );
}
