// Damage as data, so that the same is done here and in a real interpreter (run_damage.py).

import { bindCApi, type Domains } from "@obmalloc/domains";

/** The functions that take a size and give a block. */
export type AllocatingFunction = "PyMem_RawMalloc" | "PyMem_Malloc" | "PyObject_Malloc";
/** The functions that take the block and, to resize, a size. */
export type ResizingFunction = "PyMem_RawRealloc" | "PyMem_Realloc" | "PyObject_Realloc";
export type FreeingFunction = "PyMem_RawFree" | "PyMem_Free" | "PyObject_Free";

/** One step; `p` is the block of the step before. Offsets are bytes from `p`, and may be negative. */
export type DamageStep =
  | readonly [AllocatingFunction, sizeBytes: number]
  | readonly ["PyMem_RawCalloc" | "PyMem_Calloc" | "PyObject_Calloc", nelem: number, elsize: number]
  | readonly [ResizingFunction, sizeBytes: number]
  | readonly [FreeingFunction]
  /** Frees the block, and keeps its address. */
  | readonly ["forget", FreeingFunction]
  | readonly ["poke", offset: number, byte: number]
  | readonly ["fill", offset: number, count: number, byte: number]
  /** As `step`, in a thread that does not hold the GIL. */
  | readonly ["without the GIL", step: DamageStep];

/**
 * Does the damage with the domains of `memory`.
 *
 * @param beforeLast called before the last step.
 * @throws what the debug hooks find.
 */
export function doDamage(memory: Domains, steps: readonly DamageStep[], beforeLast?: () => void): void {
  const api = bindCApi(memory);
  let p = 0;
  const run = (step: DamageStep): void => {
    switch (step[0]) {
      case "poke":
        memory.linear.u8[p + step[1]] = step[2];
        break;
      case "fill":
        memory.linear.u8.fill(step[3], p + step[1], p + step[1] + step[2]);
        break;
      case "forget":
        api[step[1]](p);
        break;
      case "without the GIL":
        memory.gil.release();
        run(step[1]);
        break;
      case "PyMem_RawCalloc":
      case "PyMem_Calloc":
      case "PyObject_Calloc":
        p = api[step[0]](step[1], step[2]);
        break;
      case "PyMem_RawRealloc":
      case "PyMem_Realloc":
      case "PyObject_Realloc":
        p = api[step[0]](p, step[1]);
        break;
      case "PyMem_RawMalloc":
      case "PyMem_Malloc":
      case "PyObject_Malloc":
        p = api[step[0]](step[1]);
        break;
      default:
        api[step[0]](p);
        p = 0;
    }
  };
  for (const [index, step] of steps.entries()) {
    if (index === steps.length - 1) beforeLast?.();
    run(step);
  }
}
