export {
  type Address,
  type ArenaAddress,
  arenaAddress,
  type BlockAddress,
  blockAddress,
  formatAddress,
  NULL,
  type ObjectAddress,
  objectAddress,
  type PageAddress,
  type PoolAddress,
  pageAddress,
  poolAddress,
  type RawAddress,
  rawAddress,
} from "./addresses.ts";
export { type DataModel, dataModels, ilp32, isSize, lp64 } from "./data-model.ts";
export type {
  DomainsProfile,
  FatalText,
  PythonMallocProfile,
  TracemallocProfile,
  TracemallocTables,
} from "./domains-profile.ts";
export {
  DamagedMemoryError,
  MemoryError,
  NotABlockError,
  ObmallocError,
  type ObmallocErrorOptions,
  OutOfMemoryError,
} from "./errors.ts";
export { type Geometry, GeometryError, withGeometry } from "./geometry.ts";
export { arenaCoverage, arenaObject, DUMMY_SIZE_IDX, poolHeader } from "./layouts.ts";
export { NUM_GENERATIONS } from "./objects/gc-structs.ts";
export { fieldOffset, type ObjectLayouts, objectLayouts } from "./objects/object-layouts.ts";
export type {
  ClassesProfile,
  ClosingProfile,
  DictsProfile,
  FrameStates,
  FreeListProfile,
  FreeListsProfile,
  GcProfile,
  Immortality,
  InstanceValues,
  ListsProfile,
  MicroVersions,
  ObjectProfile,
  PreHeader,
  TrashcanProfile,
  TrashcanType,
  TuplesProfile,
  ValuesProfile,
  WeakrefsProfile,
} from "./objects/object-profile.ts";
export type { PlainType, PlainTypeName } from "./objects/plain-types.ts";
export type { References, ReferencesByType } from "./objects/references.ts";
export { TypeFlag, type TypeFlags } from "./objects/type-flags.ts";
export type {
  ArenaLookup,
  EmptyArenas,
  Profile,
  PymallocProfile,
  StatsText,
  UsableArenasOrder,
} from "./profile.ts";
export { profileFor, UnknownProfileError } from "./profile-for.ts";
export { profiles, profilesOfMicros } from "./profiles.ts";
export {
  alignmentShift,
  classBytes,
  maxPoolsInArena,
  poolCapacity,
  poolOverheadBytes,
  poolTailBytes,
  sizeClassCount,
  sizeClassOf,
} from "./size-classes.ts";
export {
  type ArrayType,
  array,
  type Field,
  type FieldType,
  readStruct,
  roundUp,
  type ScalarType,
  type StructLayout,
  struct,
} from "./struct.ts";
export type { Violation } from "./violation.ts";
