import { type DataModel, lp64 } from "./data-model.ts";
import { ObmallocError } from "./errors.ts";
import type { Profile } from "./profile.ts";
import { profiles } from "./profiles.ts";

/** A CPython version was named that there is no profile for. */
export class UnknownProfileError extends ObmallocError {
  override readonly name: string = "UnknownProfileError";
  /** The version as it was given. */
  readonly version: string;
  /** The versions that there are profiles for. */
  readonly known: readonly string[];

  constructor(version: string, known: readonly string[]) {
    super(`There is no profile for CPython ${JSON.stringify(version)}.`, {
      details: [`Known versions: ${known.join(", ")}.`],
    });
    this.version = version;
    this.known = known;
  }
}

/**
 * The profile of a CPython version.
 *
 * @param version `3.11`, or longer as `sys.version` spells it (`3.11.7`, `3.15.0rc1`, `3.12.1+`).
 * @throws {UnknownProfileError} when there is no profile for that version.
 * @example profileFor("3.11.7").pymalloc.arenaBytes // 1048576
 */
export function profileFor(version: string, model: DataModel = lp64): Profile {
  const minor = /^\d+\.\d+(?=$|\.\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?\+?$)/.exec(version)?.[0];
  const found = profiles.find((profile) => profile.version === minor && profile.model.name === model.name);
  if (found === undefined) {
    throw new UnknownProfileError(version, [...new Set(profiles.map((profile) => profile.version))]);
  }
  return found;
}
