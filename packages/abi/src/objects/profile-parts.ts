// The larger parts of the versions' profiles, named by the version that brought them in that form.

import * as containers from "./container-structs.ts";
import * as frames from "./frame-structs.ts";
import * as functions from "./function-structs.ts";
import type {
  FreeListProfile,
  FreeListsProfile,
  GcProfile,
  ObjectBodies,
  PreHeader,
  TrashcanProfile,
  ValuesProfile,
} from "./object-profile.ts";
import * as types from "./type-structs.ts";
import * as values from "./value-structs.ts";

export const bodies37: ObjectBodies = {
  long: values.longObject,
  float: values.floatObject,
  complex: values.complexObject,
  ascii: values.asciiObject,
  compactUnicode: { ...values.asciiObject, ...values.compactUnicode },
  bytes: values.bytesObject,
  bytearray: values.byteArrayObject37,
  tuple: containers.tupleObject,
  list: containers.listObject,
  dict: containers.dictObject,
  function: functions.functionObject37,
  method: functions.methodObject37,
  builtin: functions.builtinObject37,
  cell: functions.cellObject,
  code: functions.codeObject37,
  frame: frames.frameObject37,
  generator: frames.generatorObject37,
  coroutine: { ...frames.generatorObject37, ...frames.coroutineTail },
  type: types.typeObject37,
  heapType: { ...types.typeObject37, ...types.heapTypeTail37 },
  descriptor: types.descriptorObject,
  weakref: types.weakrefObject37,
  module: types.moduleObject,
};

export const noPreHeader: PreHeader = {
  words: 0,
  dictWord: 0,
  valuesWord: 0,
  taggedValues: false,
  weaklistWord: 0,
};

export const trashcan37 = {
  kind: "nesting",
  limit: 50,
  types: ["tuple", "list", "dict", "set", "subtype", "frame", "traceback"],
} as const satisfies TrashcanProfile;

const array = (limit: number): FreeListProfile => ({ limit, storage: "array" });
const chain = (limit: number): FreeListProfile => ({ limit, storage: "chain" });

export const freeLists39: FreeListsProfile = {
  float: chain(100),
  list: array(80),
  dict: array(80),
  dictKeys: array(80),
  tuple: { ...chain(2000), maxSize: 19 },
  slice: { ...array(1), survivesCollections: true },
  frame: chain(200),
};

/** In 3.7 and 3.8. */
export const freeLists37: FreeListsProfile = { ...freeLists39, builtin: chain(256), method: chain(256) };

const { frame: _none, ...framelessLists } = freeLists39;
export const freeLists311: FreeListsProfile = { ...framelessLists, tuple: { ...chain(2000), maxSize: 20 } };

export const freeLists314: FreeListsProfile = {
  float: chain(100),
  int: chain(100),
  list: chain(80),
  dict: chain(80),
  dictKeys: chain(80),
  tuple: { ...chain(2000), maxSize: 20 },
  slice: chain(1),
  builtin: chain(16),
  method: chain(20),
  listIterator: chain(10),
  tupleIterator: chain(10),
  range: chain(6),
  rangeIterator: chain(6),
};

export const gc37: GcProfile = {
  collector: "generational",
  heads: "counted",
  counts: "allocations",
  thresholds: [700, 10, 10],
  trigger: "allocation",
  immortals: "kept",
  resurrection: "all",
  tuplesUntracked: "while-moving",
  untracksDicts: true,
  shortReport: true,
  hasIsFinalized: false,
  objectsByGeneration: false,
};
export const gc38: GcProfile = {
  ...gc37,
  heads: "tagged",
  tuplesUntracked: "after",
  shortReport: false,
  objectsByGeneration: true,
};
export const gc39: GcProfile = { ...gc38, resurrection: "each", hasIsFinalized: true };
export const gc312: GcProfile = { ...gc39, trigger: "eval-breaker", immortals: "permanent" };

export const values37: ValuesProfile = {
  smallInts: { min: -5, max: 256 },
  minDigits: 0,
  sipHashRounds: [2, 4],
  noneHash: undefined,
  tupleHash: "multiply",
  internedStrings: "mortal",
  stateBit7: "ready",
  latin1Utf8: false,
  constantCount: 1,
  emptyFrozenset: true,
  untracksFrozensets: false,
  setsReuseSlots: true,
};
export const values38: ValuesProfile = { ...values37, tupleHash: "xxhash" };
export const values310: ValuesProfile = { ...values38, emptyFrozenset: false };
export const values311: ValuesProfile = {
  ...values310,
  minDigits: 1,
  sipHashRounds: [1, 3],
  constantCount: 999_999_999,
};
export const values312: ValuesProfile = {
  ...values311,
  noneHash: 0xfca86420,
  internedStrings: "immortal",
  stateBit7: "static",
  latin1Utf8: true,
};
