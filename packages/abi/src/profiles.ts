// CPython 3.7 to 3.15 as data: each version is the one before it with what changed.

import { type DataModel, dataModels } from "./data-model.ts";
import { domainsProfiles } from "./domains-profile.ts";
import { microProfiles, type ObjectsByModel, objectProfiles } from "./objects/object-profiles.ts";
import type { Profile, PymallocProfile } from "./profile.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

type ByModel = Readonly<Record<DataModel["name"], PymallocProfile>>;

const common = {
  smallRequestThreshold: 512,
  arenaBytes: 256 * KIB,
  poolBytes: 4 * KIB,
  initialArenaObjects: 16,
  arenaLookup: { kind: "index" },
  emptyArenas: "release-all",
  usableArenasOrder: "linear",
  statsText: { objectMallocCalls: true },
} as const satisfies Partial<PymallocProfile>;

/** Blocks of 3.7 are 16-byte aligned on 64-bit from 3.7.4 on; earlier ones are believed to differ. */
const v3_7: ByModel = {
  lp64: { ...common, alignmentBytes: 16 },
  ilp32: { ...common, alignmentBytes: 8 },
};

const v3_8 = both(v3_7, { usableArenasOrder: "fingers", statsText: { objectMallocCalls: false } });

const v3_9 = both(v3_8, { emptyArenas: "keep-last" });

const v3_10: ByModel = {
  lp64: {
    ...v3_9.lp64,
    arenaBytes: 1 * MIB,
    poolBytes: 16 * KIB,
    arenaLookup: { kind: "radix", rootBits: 10, midBits: 10, leafBits: 8, ignoredBits: 16 },
  },
  ilp32: {
    ...v3_9.ilp32,
    arenaLookup: { kind: "radix", rootBits: 0, midBits: 0, leafBits: 14, ignoredBits: 0 },
  },
};

const v3_11: ByModel = {
  ...v3_10,
  lp64: {
    ...v3_10.lp64,
    arenaLookup: { kind: "radix", rootBits: 15, midBits: 15, leafBits: 14, ignoredBits: 0 },
  },
};

const versions: Readonly<Record<string, ByModel>> = {
  "3.7": v3_7,
  "3.8": v3_8,
  "3.9": v3_9,
  "3.10": v3_10,
  "3.11": v3_11,
  "3.12": v3_11,
  "3.13": v3_11,
  "3.14": v3_11,
  "3.15": v3_11,
};

/** Every profile, oldest version first, lp64 before ilp32. */
export const profiles: readonly Profile[] = Object.freeze(
  Object.entries(versions).flatMap(([version, pymalloc]) =>
    byModel({ version }, pymalloc, objectProfiles[version]!),
  ),
);

/** Profiles of micro versions that differ from the others of their version. */
export const profilesOfMicros: readonly (Profile & Required<Pick<Profile, "micros">>)[] = Object.freeze(
  microProfiles.flatMap(({ version, micros, objects }) =>
    byModel({ version, micros }, versions[version]!, objects),
  ),
);

function byModel<Names extends { version: string }>(
  names: Names,
  pymalloc: ByModel,
  objects: ObjectsByModel,
) {
  return dataModels.map((model) =>
    Object.freeze({
      ...names,
      model,
      pymalloc: pymalloc[model.name],
      domains: domainsProfiles[names.version]!,
      objects: objects[model.name],
    }),
  );
}

function both(previous: ByModel, changed: Partial<PymallocProfile>): ByModel {
  return { lp64: { ...previous.lp64, ...changed }, ilp32: { ...previous.ilp32, ...changed } };
}
