// The order in which a class's bases are searched.

import type { ObjectAddress } from "@obmalloc/abi";
import { PythonError } from "../core/errors.ts";

/**
 * The C3 linearization: each class comes before its bases, and bases keep the order in which they were given.
 *
 * @param orderOf the linearization of a base.
 * @throws {PythonError} TypeError when there is no such order.
 * @see CPython 3.13 Objects/typeobject.c, mro_implementation; Barrett and others, "A Monotonic Superclass
 * Linearization for Dylan" (1996)
 */
export function linearize(
  type: ObjectAddress,
  bases: readonly ObjectAddress[],
  orderOf: (base: ObjectAddress) => readonly ObjectAddress[],
): ObjectAddress[] {
  const order = [type];
  let rest = [...bases.map((base) => [...orderOf(base)]), [...bases]].filter((list) => list.length > 0);
  while (rest.length > 0) {
    const next = rest
      .map((list) => list[0]!)
      .find((candidate) => rest.every((list) => list.indexOf(candidate) <= 0));
    if (next === undefined) {
      throw new PythonError(
        "TypeError",
        "Cannot create a consistent method resolution order (MRO) for bases",
      );
    }
    order.push(next);
    rest = rest.map((list) => list.filter((item) => item !== next)).filter((list) => list.length > 0);
  }
  return order;
}
