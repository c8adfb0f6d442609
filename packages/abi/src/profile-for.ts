import { type DataModel, lp64 } from "./data-model.ts";
import { ObmallocError } from "./errors.ts";
import type { MicroVersions } from "./objects/object-profile.ts";
import type { Profile } from "./profile.ts";
import { profiles, profilesOfMicros } from "./profiles.ts";

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
 * The profile of a CPython version: that of the micro version, where it differs from the others.
 *
 * @param version `3.11`, or longer as `sys.version` spells it (`3.11.7`, `3.15.0rc1`, `3.12.1+`).
 * @throws {UnknownProfileError} when there is no profile for that version.
 * @example profileFor("3.11.7").pymalloc.arenaBytes // 1048576
 */
export function profileFor(version: string, model: DataModel = lp64): Profile {
  const [, minor, micro] = /^(\d+\.\d+)(?:\.(\d+)(?:\.\d+)*(?:(?:a|b|rc)\d+)?\+?)?$/.exec(version) ?? [];
  const isFor = (profile: Profile) => profile.version === minor && profile.model.name === model.name;
  const found =
    profilesOfMicros.find((profile) => isFor(profile) && isWithin(profile.micros, micro)) ??
    profiles.find(isFor);
  if (found === undefined) {
    throw new UnknownProfileError(version, [...new Set(profiles.map((profile) => profile.version))]);
  }
  return found;
}

function isWithin({ first, last }: MicroVersions, micro: string | undefined): boolean {
  return micro !== undefined && Number(micro) >= first && Number(micro) <= last;
}
