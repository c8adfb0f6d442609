// Profiles with sizes that no CPython was released with, for what-if questions. The conditions are those under which
// CPython's algorithm is right, plus the limits of a memory of 4 GiB.

import { ObmallocError } from "./errors.ts";
import { poolHeader } from "./layouts.ts";
import type { ArenaLookup, Profile } from "./profile.ts";
import { roundUp } from "./struct.ts";

/** The sizes that may be chosen, in bytes. What is left out stays as in the profile that one starts from. */
export interface Geometry {
  /** @see PymallocProfile.arenaBytes */
  readonly arenaBytes?: number;
  readonly poolBytes?: number;
  readonly alignmentBytes?: number;
  readonly smallRequestThreshold?: number;
}

/** Sizes were asked for with which pymalloc cannot work. */
export class GeometryError extends ObmallocError {
  override readonly name: string = "GeometryError";
  /** The size at fault. */
  readonly field: keyof Geometry;
  /** Its value, in bytes. */
  readonly value: number;

  constructor(field: keyof Geometry, value: number, rule: string) {
    super(`${field} cannot be ${value}: ${rule}.`, {
      details: ["CPython's own sizes are in profileFor(version).pymalloc."],
    });
    this.field = field;
    this.value = value;
  }
}

const LARGEST_ARENA_BYTES = 2 ** 30;
/** A bitmap has a bit for each pool of 4 GiB: with the smallest pools, 2 MiB. */
const SMALLEST_POOL_BYTES = 256;
const LARGEST_POOL_BYTES = 64 * 1024 * 1024;
/** Far below DUMMY_SIZE_IDX, which is no class. */
const MOST_SIZE_CLASSES = 4096;
const SMALLEST_ARENA_BYTES = 16 * 1024;

/**
 * `profile` with other sizes; everything else, the version included, stays.
 *
 * @throws {GeometryError} when the sizes are not whole powers of two (the threshold: a multiple of the alignment), when a
 * pool has no room for two of the largest blocks, an arena none for two pools, or a free block none for its link.
 * @example withGeometry(profileFor("3.15"), { arenaBytes: 2 * 1024 * 1024 }) // as built --with-pymalloc-hugepages
 */
export function withGeometry(profile: Profile, geometry: Geometry): Profile {
  const pymalloc = { ...profile.pymalloc, ...geometry };
  const changed = { ...profile, pymalloc };
  checkPowers(changed);
  checkFit(changed);
  const arenaLookup = lookupFor(profile, pymalloc.arenaBytes);
  return Object.freeze({ ...changed, pymalloc: Object.freeze({ ...pymalloc, arenaLookup }) });
}

function checkPowers({ model, pymalloc }: Profile): void {
  const { arenaBytes, poolBytes, alignmentBytes, smallRequestThreshold } = pymalloc;
  const refuse = (field: keyof Geometry, rule: string) => {
    throw new GeometryError(field, pymalloc[field], rule);
  };
  const isPower = (n: number) => Number.isInteger(Math.log2(n)) && n >= 1;
  if (!isPower(alignmentBytes)) refuse("alignmentBytes", "it has to be a power of two");
  if (alignmentBytes < model.pointerBytes) {
    refuse("alignmentBytes", `a free block holds a pointer of ${model.pointerBytes} bytes`);
  }
  if (!isPower(poolBytes)) refuse("poolBytes", "it has to be a power of two");
  if (poolBytes < SMALLEST_POOL_BYTES || poolBytes > LARGEST_POOL_BYTES) {
    refuse("poolBytes", `it has to be from ${SMALLEST_POOL_BYTES} to ${LARGEST_POOL_BYTES}`);
  }
  if (!isPower(arenaBytes)) refuse("arenaBytes", "it has to be a power of two");
  if (arenaBytes < SMALLEST_ARENA_BYTES || arenaBytes > LARGEST_ARENA_BYTES) {
    refuse("arenaBytes", `it has to be from ${SMALLEST_ARENA_BYTES} to ${LARGEST_ARENA_BYTES}`);
  }
  if (!(smallRequestThreshold > 0) || smallRequestThreshold % alignmentBytes !== 0) {
    refuse("smallRequestThreshold", `it has to be a multiple of the alignment, ${alignmentBytes}`);
  }
  if (smallRequestThreshold / alignmentBytes > MOST_SIZE_CLASSES) {
    refuse("smallRequestThreshold", `there can be at most ${MOST_SIZE_CLASSES} size classes`);
  }
}

function checkFit({ model, pymalloc }: Profile): void {
  const { arenaBytes, poolBytes, alignmentBytes, smallRequestThreshold } = pymalloc;
  const usableBytes = poolBytes - roundUp(poolHeader(model).sizeBytes, alignmentBytes);
  if (2 * smallRequestThreshold > usableBytes) {
    // A pool that is used again for the same class takes its first block from the free list without a look at what
    // was never carved: an empty pool must have two blocks on that list.
    throw new GeometryError(
      "smallRequestThreshold",
      smallRequestThreshold,
      `a pool of ${poolBytes} bytes has room for two blocks of at most ${Math.floor(usableBytes / 2)}`,
    );
  }
  if (arenaBytes < 2 * poolBytes) {
    throw new GeometryError(
      "arenaBytes",
      arenaBytes,
      `it has to hold two pools of ${poolBytes}: a base that is not pool-aligned costs one`,
    );
  }
}

/** The tree has one leaf entry for each arena-sized region, and CPython's formula shares the other bits out. */
function lookupFor({ model, pymalloc: { arenaLookup } }: Profile, arenaBytes: number): ArenaLookup {
  if (arenaLookup.kind === "index") return arenaLookup;
  const bits = model.pointerBytes * 8 - arenaLookup.ignoredBits - Math.log2(arenaBytes);
  if (arenaLookup.rootBits === 0) return { ...arenaLookup, leafBits: bits };
  const interiorBits = Math.floor((bits + 2) / 3);
  return { ...arenaLookup, rootBits: interiorBits, midBits: interiorBits, leafBits: bits - 2 * interiorBits };
}
