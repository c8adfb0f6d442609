// Under which settings a recording is replayed a second time.

import { type Geometry, type Profile, withGeometry } from "@obmalloc/abi";
import { createPyMalloc, type Variations } from "@obmalloc/pymalloc";

/** Room for an allocator's own state, and for no arena. */
const SMALL_BYTES = 2 ** 24;

/** Rules and sizes under which a recording is replayed. */
export interface Settings {
  /** Whose rules and sizes apply. */
  readonly profile: Profile;
  /** Other sizes of arenas and pools than the version's. */
  readonly geometry?: Geometry;
  /** What CPython does not do. */
  readonly variations?: Variations;
}

/** @throws {GeometryError} for sizes with which pymalloc cannot work. */
export function profileOf({ profile, geometry }: Settings): Profile {
  return geometry === undefined ? profile : withGeometry(profile, geometry);
}

/** Says what is wrong with settings before anything is replayed. @throws {GeometryError} VariationError for settings that cannot be. */
export function checkSettings(settings: Settings): void {
  const { variations = {} } = settings;
  createPyMalloc({ profile: profileOf(settings), variations, maxBytes: SMALL_BYTES });
}

/** Such as `3.9`, `3.11, arenas of 2 MiB, free pools returned`. */
export function settingsName({ profile, geometry = {}, variations = {} }: Settings): string {
  const parts = [`CPython ${profile.version}`];
  const { arenaBytes, poolBytes } = geometry;
  if (arenaBytes !== undefined) parts.push(`arenas of ${sizeName(arenaBytes)}`);
  if (poolBytes !== undefined) parts.push(`pools of ${sizeName(poolBytes)}`);
  const { keptEmptyArenas, usableArenas, returnFreePools } = variations;
  if (keptEmptyArenas !== undefined) parts.push(`${keptEmptyArenas} empty arenas kept`);
  if (usableArenas === "last-freed-first") parts.push("arenas last freed first");
  if (returnFreePools) parts.push("free pools returned");
  return parts.join(", ");
}

const sizeName = (bytes: number) =>
  bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes / 1024} KiB`;
