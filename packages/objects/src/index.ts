export type { DomainAllocator, Domains } from "./core/domains.ts";
export {
  BrokenTypeError,
  NotAnObjectError,
  PythonError,
  type PythonErrorName,
  WrongTypeError,
} from "./core/errors.ts";
export type { UserSlots } from "./core/slots.ts";
export { type HistoryEntry, type LedgerMark, RefcountError } from "./debug/ledger.ts";
export type { CollectionPhase, CollectionStep } from "./gc/collector.ts";
export type { Gc } from "./gc/gc.ts";
export { GcDebug } from "./gc/gc-report.ts";
export type { GenerationStats } from "./gc/gc-state.ts";
export type { TimedGenerationStats } from "./gc/gc-statistics.ts";
export type { ObjectViolation } from "./look/check.ts";
export type { CollectionEvent, CollectionPlace } from "./look/collection-events.ts";
export { type DotOptions, type GraphJson, toDot, toGraphJson, toHeapSnapshot } from "./look/graph-exports.ts";
export type { FieldSnapshot, ObjectSnapshot } from "./look/inspect.ts";
export type { GraphNode, ObjectGraph, PathStep } from "./look/object-graph.ts";
export type { Reference } from "./look/references.ts";
export type { Body, GeneratorFrame, Unraisable } from "./objects/calls.ts";
export type { ClassOptions } from "./objects/classes.ts";
export type { FunctionOptions } from "./objects/functions.ts";
export type { GeneratorOptions } from "./objects/generators.ts";
export type { ListSource } from "./objects/lists.ts";
export type { TypeSpec } from "./objects/user-types.ts";
export {
  type CreateObjectsOptions,
  createObjects,
  Objects,
  type ObjectsOptions,
  objectsOver,
} from "./objects.ts";
