// What CPython does not do: rules for arenas that can be chosen for what-if questions.

import { ObmallocError } from "@obmalloc/abi";

/**
 * Deviations from CPython. Each is off unless it is named; with any of them on, addresses are not CPython's any more.
 * (Other sizes of arenas and pools are a matter of the profile: `withGeometry` of `@obmalloc/abi`.)
 */
export interface Variations {
  /**
   * How many arenas without a block in use are held back from the system. An arena that becomes empty while so many
   * others are empty is given back at once.
   * @defaultValue the version's rule: none (3.7, 3.8), or the last one of `usable_arenas` (3.9 on)
   */
  readonly keptEmptyArenas?: number;
  /**
   * How `usable_arenas` is ordered. "fullest-first" is CPython's bias: arenas move back as their pools become free, so
   * that pools come from the fullest one. "last-freed-first" switches it off: an arena comes to the front with its
   * first free pool and stays in its place.
   * @defaultValue "fullest-first"
   */
  readonly usableArenas?: "fullest-first" | "last-freed-first";
  /**
   * Whether the memory of a pool that becomes free goes back to the system while its arena stays (as with
   * `madvise(MADV_DONTNEED)`). The pool is set up anew at its next use.
   * @defaultValue false
   */
  readonly returnFreePools?: boolean;
}

/** A variation was asked for that does not exist. */
export class VariationError extends ObmallocError {
  override readonly name: string = "VariationError";
}

/** {@link Variations} with nothing left open. */
export interface Rules {
  /** Undefined: the version's rule. */
  readonly keptEmptyArenas: number | undefined;
  readonly fullestFirst: boolean;
  readonly returnFreePools: boolean;
}

/** @throws {VariationError} for values that are none of those described. */
export function rulesOf(variations: Variations = {}): Rules {
  const { keptEmptyArenas, usableArenas = "fullest-first", returnFreePools = false } = variations;
  if (keptEmptyArenas !== undefined && (!Number.isInteger(keptEmptyArenas) || keptEmptyArenas < 0)) {
    throw new VariationError(`keptEmptyArenas is a number of arenas, not ${keptEmptyArenas}.`);
  }
  if (usableArenas !== "fullest-first" && usableArenas !== "last-freed-first") {
    throw new VariationError(`usableArenas is "fullest-first" or "last-freed-first", not ${usableArenas}.`);
  }
  return { keptEmptyArenas, fullestFirst: usableArenas === "fullest-first", returnFreePools };
}
