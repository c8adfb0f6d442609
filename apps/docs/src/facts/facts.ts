// What the profiles say, flattened: a row for each fact, a column for each version. Nothing is typed in here.

import {
  arenaCoverage,
  arenaObject,
  classBytes,
  type DataModel,
  dataModels,
  maxPoolsInArena,
  objectLayouts,
  type Profile,
  poolCapacity,
  poolHeader,
  poolOverheadBytes,
  poolTailBytes,
  profiles,
  profilesOfMicros,
  type StructLayout,
  sizeClassCount,
} from "@obmalloc/abi";

export interface Fact {
  readonly model: DataModel["name"];
  /** What it is about, such as `gc.thresholds` or `pool_header.szidx`. */
  readonly name: string;
  /** By version, in the order of {@link factVersions}; empty where a version has no such thing. */
  readonly values: readonly string[];
}

/** A version and, where they differ, its micro versions: "3.14.0 to 3.14.4". */
const versionName = ({ version, micros }: Profile): string =>
  micros === undefined ? version : `${version}.${micros.first} to ${version}.${micros.last}`;

const profilesOf = (model: DataModel): Profile[] => {
  const odd: readonly Profile[] = profilesOfMicros;
  return profiles
    .filter((profile) => profile.model === model)
    .flatMap((profile) => [
      ...odd.filter((one) => one.model === model && one.version === profile.version),
      profile,
    ]);
};

export const factVersions: readonly string[] = profilesOf(dataModels[0]!).map(versionName);

/** A row for each name that `tell` gives of any profile, with the names in their order. */
function table(tell: (profile: Profile) => Iterable<readonly [name: string, value: string]>): Fact[] {
  return dataModels.flatMap((model) => {
    const told = profilesOf(model).map((profile) => new Map(tell(profile)));
    const names = new Set(told.flatMap((facts) => [...facts.keys()]));
    return [...names].map((name) => ({
      model: model.name,
      name,
      values: told.map((facts) => facts.get(name) ?? ""),
    }));
  });
}

type Leaf = string | number | boolean;

const isLeaf = (value: unknown): value is Leaf =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";

const shown = (value: Leaf): string => (typeof value === "boolean" ? (value ? "yes" : "no") : String(value));

/** The leaves of plain data, by their path. */
function* leaves(value: unknown, path: string): Generator<readonly [string, string]> {
  if (isLeaf(value)) yield [path, shown(value)];
  else if (Array.isArray(value) && value.every(isLeaf)) yield [path, value.map(shown).join(", ")];
  else if (typeof value === "object" && value !== null) {
    for (const [key, below] of Object.entries(value))
      yield* leaves(below, path === "" ? key : `${path}.${key}`);
  }
}

function* pymallocOf(profile: Profile): Generator<readonly [string, string]> {
  yield* leaves(profile.pymalloc, "");
  yield ["size classes", String(sizeClassCount(profile))];
  yield ["pools in an arena", String(maxPoolsInArena(profile))];
  yield ["bytes of a pool's head", String(poolOverheadBytes(profile))];
}

/** Declarations of structures, which are a table of their own, and where references lie in them. */
const STRUCTURES = new Set(["head", "bodies", "plainBodies", "plainTypes", "references", "gcState"]);

function* objectsOf({ objects }: Profile): Generator<readonly [string, string]> {
  for (const [key, value] of Object.entries(objects)) if (!STRUCTURES.has(key)) yield* leaves(value, key);
}

function* classesOf(profile: Profile): Generator<readonly [string, string]> {
  for (let szidx = 0; szidx < sizeClassCount(profile); szidx++) {
    const bytes = classBytes(profile, szidx);
    yield [`${bytes} bytes: class`, String(szidx)];
    yield [`${bytes} bytes: blocks in a pool`, String(poolCapacity(profile, szidx))];
    yield [`${bytes} bytes: left over in a pool`, String(poolTailBytes(profile, szidx))];
  }
}

const isLayout = (value: unknown): value is StructLayout =>
  typeof value === "object" && value !== null && "fields" in value && "sizeBytes" in value;

function* layoutsBelow(value: object, path: string): Generator<readonly [string, StructLayout]> {
  for (const [key, below] of Object.entries(value)) {
    const name = path === "" ? key : `${path}.${key}`;
    if (isLayout(below)) yield [name, below];
    else if (typeof below === "object" && below !== null) yield* layoutsBelow(below, name);
  }
}

function* structuresOf(profile: Profile): Generator<readonly [string, string]> {
  const own = { poolHeader, arenaObject, arenaCoverage };
  const layouts = [
    ...Object.entries(own).map(([name, layOut]) => [name, layOut(profile.model)] as const),
    ...layoutsBelow(objectLayouts(profile), ""),
  ];
  for (const [name, { sizeBytes, fields }] of layouts) {
    yield [`${name}: size`, String(sizeBytes)];
    for (const field of fields) yield [`${name}.${field.name}`, String(field.offset)];
  }
}

export const facts = {
  pymalloc: () => table(pymallocOf),
  classes: () => table(classesOf),
  domains: () => table((profile) => leaves(profile.domains, "")),
  objects: () => table(objectsOf),
  structures: () => table(structuresOf),
} as const satisfies Readonly<Record<string, () => Fact[]>>;

/** How many different values a fact has among the versions. */
export const variety = ({ values }: Fact): number => new Set(values).size;
