// Compares what random programs emit here and in an interpreter, and shrinks what differs.

import { profileFor } from "@obmalloc/abi";
import type { Python } from "@obmalloc/test-support";
import fc from "fast-check";
import { emittedHere, rawPrograms, scriptOf, statementsOf } from "./program.ts";
import { emittedThere } from "./real-python.ts";

/** The most statements of a program in the tests. */
export const STATEMENTS = 40;

/** How much to compare. */
export interface CompareOptions {
  readonly programs: number;
  /** The most statements of a program. */
  readonly statements: number;
  readonly seed: number;
}

/**
 * Runs random programs here and there.
 *
 * @returns nothing when all of them emit the same; else the shortest program found that does not, and both outputs.
 */
export function comparePrograms(
  python: Pick<Python, "path" | "version">,
  { programs, statements, seed }: CompareOptions,
): string | undefined {
  const profile = profileFor(python.version);
  const differs = fc.property(rawPrograms(statements), (raw) => {
    const program = statementsOf(raw, profile);
    const here = JSON.stringify(emittedHere(program, profile));
    const there = JSON.stringify(emittedThere(scriptOf(program), python));
    if (here !== there) throw new Error(`here:  ${here}\nthere: ${there}`);
  });
  const result = fc.check(differs, { numRuns: programs, seed });
  if (!result.failed) return undefined;
  const shortest = statementsOf(result.counterexample![0], profile);
  const why = result.errorInstance instanceof Error ? result.errorInstance.message : result.errorInstance;
  const text = shortest.map((statement) => statement.python).join("\n");
  return `CPython ${python.version}, seed ${seed}, after ${result.numRuns} programs:\n${text}\n${why}`;
}
