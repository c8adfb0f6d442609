export {
  type Address,
  type ArenaAddress,
  arenaAddress,
  type BlockAddress,
  blockAddress,
  formatAddress,
  NULL,
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
export type {
  ArenaLookup,
  EmptyArenas,
  Profile,
  PymallocProfile,
  StatsText,
  UsableArenasOrder,
} from "./profile.ts";
export { profileFor, UnknownProfileError } from "./profile-for.ts";
export { profiles } from "./profiles.ts";
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
