// Objects and their collector in CPython 3.7 to 3.15 as data: each version is the one before it with what changed.

import type { DataModel } from "../data-model.ts";
import * as containers from "./container-structs.ts";
import * as frames from "./frame-structs.ts";
import * as functions from "./function-structs.ts";
import { gcHeadTagged, gcHeadWithRefs, objectHead, splitObjectHead } from "./head-structs.ts";
import type { MicroVersions, ObjectProfile } from "./object-profile.ts";
import { plainTypes } from "./plain-types.ts";
import {
  bodies37,
  freeLists37,
  freeLists39,
  freeLists311,
  freeLists314,
  gc37,
  gc38,
  gc39,
  gc312,
  noPreHeader,
  trashcan37,
  values37,
  values38,
  values310,
  values311,
  values312,
} from "./profile-parts.ts";
import { references } from "./references.ts";
import { typeFlags } from "./type-flags.ts";
import * as types from "./type-structs.ts";
import * as values from "./value-structs.ts";

/** The objects of one version in both data models. */
export type ObjectsByModel = Readonly<Record<DataModel["name"], ObjectProfile>>;

const v3_7 = both({
  head: objectHead,
  bodies: bodies37,
  plainBodies: {
    gcHead: gcHeadWithRefs,
    dictKeys: containers.dictKeys,
    interpreterFrame: frames.interpreterFrame311, // of no use before 3.11
  },
  plainTypes: plainTypes["3.7"],
  references: references["3.7"],
  typeFlags: typeFlags["3.7"],
  gcState: "generations",
  immortality: undefined,
  gc: gc37,
  lists: {
    growth: "eighth",
    exactRoom: "never",
    unknownLength: 8,
    displaysExtend: false,
    popFreesRoom: false,
  },
  tuples: { untrackedAtBirth: false },
  classes: {
    everyInstanceCollected: false,
    ownDescriptors: true,
    sharedKeys: { logSize: 3, room: 5 },
    roomShrinks: false,
    clearDropsKeys: true,
    sizedByClass: false,
    headsOfStaticTypes: false,
  },
  frameStates: { created: -2, suspended: -1, running: 0, cleared: 4 },
  closing: { unstarted: "thrown", unguarded: "thrown", exceptionMade: "when-caught" },
  weakrefs: {
    typeNames: { ref: "weakref", proxy: "weakproxy", callableProxy: "weakcallableproxy" },
    tupleForOne: false,
    cleared: "before",
  },
  dicts: {
    emptyTable: true,
    callTable: true,
    alwaysTracked: false,
    tableSize: "power-of-two",
    keysDomain: "object",
    versionStep: 1,
    mergeClones: false,
  },
  values: values37,
  trashcan: trashcan37,
  freeLists: freeLists37,
  preHeader: noPreHeader,
  instanceValues: "split-dict",
});

const v3_8 = change(v3_7, (previous) => ({
  typeFlags: typeFlags["3.8"],
  classes: { ...previous.classes, everyInstanceCollected: true },
  dicts: { ...previous.dicts, emptyTable: false },
  lists: { ...previous.lists, exactRoom: "list-call" },
  values: values38,
  gc: gc38,
  plainBodies: { ...previous.plainBodies, gcHead: gcHeadTagged },
  bodies: {
    ...previous.bodies,
    function: functions.functionObject38,
    method: functions.methodObject,
    builtin: functions.builtinObject,
    code: functions.codeObject38,
    type: types.typeObject38,
    heapType: { ...types.typeObject38, ...types.heapTypeTail37 },
  },
}));

const v3_9 = change(v3_8, (previous) => ({
  typeFlags: typeFlags["3.9"],
  gc: gc39,
  values: { ...values38, setsReuseSlots: false },
  lists: { ...previous.lists, growth: "eighth-by-four", displaysExtend: true },
  freeLists: freeLists39,
  bodies: {
    ...previous.bodies,
    bytearray: values.byteArrayObject,
    type: types.typeObject39,
    heapType: { ...types.typeObject39, ...types.heapTypeTail39 },
  },
}));

const v3_10 = change(v3_9, (previous) => ({
  typeFlags: typeFlags["3.10"],
  dicts: { ...previous.dicts, callTable: false, mergeClones: true, tableSize: "with-bit-3" },
  lists: { ...previous.lists, exactRoom: "extend" },
  weakrefs: {
    ...previous.weakrefs,
    typeNames: {
      ref: "weakref.ReferenceType",
      proxy: "weakref.ProxyType",
      callableProxy: "weakref.CallableProxyType",
    },
  },
  values: values310,
  plainTypes: plainTypes["3.10"],
  references: references["3.10"],
  bodies: {
    ...previous.bodies,
    function: functions.functionObject310,
    code: functions.codeObject310,
    frame: frames.frameObject310,
    generator: frames.generatorObject310,
    coroutine: { ...frames.generatorObject310, ...frames.coroutineTail },
    heapType: { ...types.typeObject39, ...types.heapTypeTail310 },
  },
}));

const v3_11 = change(v3_10, (previous) => ({
  typeFlags: typeFlags["3.11"],
  classes: {
    ...previous.classes,
    sharedKeys: { logSize: 6, room: 30 },
    roomShrinks: true,
    clearDropsKeys: false,
    headsOfStaticTypes: true,
  },
  values: values311,
  freeLists: freeLists311,
  trashcan: { ...trashcan37, types: [...trashcan37.types, "builtin", "BaseException"] },
  plainTypes: plainTypes["3.11"],
  references: references["3.11"],
  plainBodies: { ...previous.plainBodies, dictKeys: containers.logDictKeys },
  bodies: {
    ...previous.bodies,
    function: functions.functionObject311,
    code: functions.codeObject311,
    frame: frames.frameObject311,
    generator: frames.generatorObject311,
    coroutine: frames.generatorObject311,
    heapType: { ...types.typeObject39, ...types.heapTypeTail311 },
    weakref: types.weakrefObject,
  },
  frameStates: { ...previous.frameStates, hidesRunningLocals: true },
  preHeader: { words: 2, valuesWord: 4, dictWord: 3, taggedValues: false, weaklistWord: 0 },
  instanceValues: "separate",
}));

const v3_12 = change(v3_11, (previous, model) => ({
  typeFlags: typeFlags["3.12"],
  classes: { ...previous.classes, sizedByClass: true },
  frameStates: { ...previous.frameStates, completed: 1 },
  closing: { unstarted: "marked", unguarded: "thrown", exceptionMade: "at-once" },
  dicts: { ...previous.dicts, versionStep: 256 },
  lists: { ...previous.lists, popFreesRoom: true },
  values: values312,
  gc: gc312,
  plainTypes: plainTypes["3.12"],
  references: references["3.12"],
  plainBodies: { ...previous.plainBodies, interpreterFrame: frames.interpreterFrame312 },
  bodies: {
    ...previous.bodies,
    long: values.taggedLongObject,
    ascii: values.shortAsciiObject,
    compactUnicode: { ...values.shortAsciiObject, ...values.shortCompactUnicode },
    function: functions.functionObject312,
    code: functions.codeObject312,
    generator: frames.generatorObject312,
    coroutine: frames.generatorObject312,
    type: types.typeObject312,
    heapType: { ...types.typeObject312, ...types.heapTypeTail312 },
  },
  preHeader: { words: 2, dictWord: 3, valuesWord: 3, taggedValues: true, weaklistWord: 4 },
  immortality:
    model === "lp64"
      ? {
          initialCount: 0xffff_ffff,
          staticCount: 0xffff_ffff,
          increfStops: 0xffff_ffff,
          decrefStops: 0x8000_0000,
        }
      : {
          initialCount: 2 ** 30 - 1,
          staticCount: 2 ** 30 - 1,
          increfStops: 2 ** 30 - 1,
          decrefStops: 2 ** 30 - 1,
        },
}));

const v3_13 = change(v3_12, (previous) => ({
  typeFlags: typeFlags["3.13"],
  classes: { ...previous.classes, headsOfStaticTypes: false },
  frameStates: { ...previous.frameStates, created: -3, suspended: -2 },
  closing: { ...previous.closing, unguarded: "marked" },
  weakrefs: { ...previous.weakrefs, tupleForOne: true },
  dicts: { ...previous.dicts, keysDomain: "mem", tableSize: "power-of-two" },
  values: { ...values312, internedStrings: "mortal" },
  gc: { ...gc312, thresholds: [2000, 10, 10] },
  trashcan: {
    kind: "headroom",
    calls: 10_000,
    headroom: 50,
    types: [...trashcan37.types, "builtin", "BaseException", "filter"],
  },
  plainBodies: { ...previous.plainBodies, interpreterFrame: frames.interpreterFrame313 },
  bodies: {
    ...previous.bodies,
    code: functions.codeObject313,
    frame: frames.frameObject313,
    type: types.typeObject313,
    heapType: { ...types.typeObject313, ...types.heapTypeTail313 },
  },
  preHeader: { words: 2, dictWord: 3, valuesWord: 0, taggedValues: false, weaklistWord: 4 },
  instanceValues: "inline",
}));

const v3_14 = change(v3_13, (previous, model) => ({
  head: model === "lp64" ? splitObjectHead : objectHead,
  plainTypes: plainTypes["3.14"],
  freeLists: freeLists314,
  tuples: { untrackedAtBirth: true },
  weakrefs: { ...previous.weakrefs, cleared: "before-and-after" },
  gc: { ...previous.gc, untracksDicts: false, immortals: "untracked" },
  frameStates: { created: -3, suspended: -2, running: 0, cleared: 4, clearedVisitsCode: true },
  dicts: { ...previous.dicts, alwaysTracked: true, versionStep: 0 },
  references: references["3.14"],
  plainBodies: { ...previous.plainBodies, interpreterFrame: frames.interpreterFrame314 },
  gcState: "generations-padded",
  bodies: {
    ...previous.bodies,
    tuple: containers.hashedTupleObject,
    dict: containers.watchedDictObject,
    function: functions.functionObject314,
    code: functions.codeObject314,
    frame: frames.frameObject314,
    heapType: { ...types.typeObject313, ...types.heapTypeTail314 },
  },
  immortality:
    model === "lp64"
      ? {
          initialCount: 3 * 2 ** 30,
          staticCount: 3 * 2 ** 30,
          increfStops: 3 * 2 ** 30,
          decrefStops: 2 ** 31,
        }
      : { initialCount: 5 * 2 ** 28, staticCount: 7 * 2 ** 28, increfStops: 2 ** 30, decrefStops: 2 ** 30 },
}));

const v3_15 = change(v3_14, (previous) => ({
  gcState: "generations-and-rings",
  classes: { ...previous.classes, ownDescriptors: false },
  frameStates: { created: 0, suspended: 1, running: 4, cleared: 5, clearedVisitsCode: true },
  weakrefs: { ...previous.weakrefs, cleared: "callbacks-before" },
  lists: { ...previous.lists, unknownLength: 0 },
  values: { ...previous.values, smallInts: { min: -5, max: 1024 }, untracksFrozensets: true },
  bodies: {
    ...previous.bodies,
    bytearray: values.byteArrayOverBytes,
    type: types.typeObject315,
    heapType: { ...types.typeObject315, ...types.heapTypeTail314 },
    module: types.moduleObject315,
  },
}));

/** By version, oldest first. */
export const objectProfiles: Readonly<Record<string, ObjectsByModel>> = {
  "3.7": v3_7,
  "3.8": v3_8,
  "3.9": v3_9,
  "3.10": v3_10,
  "3.11": v3_11,
  "3.12": v3_12,
  "3.13": v3_13,
  "3.14": v3_14,
  "3.15": v3_15,
};

/**
 * Micro versions whose objects differ from the other ones of their version, as the range of their last numbers.
 *
 * The slip in the sizes of dicts' tables, which 3.10 brought, was found in May 2025 (python/cpython#133703): 3.13.4 is the
 * first release without it; 3.10 to 3.12 got no more of such repairs and kept it.
 *
 * That collections clear weak references a second time is known of 3.13.13 and 3.14.10; the releases of 3.14 that were
 * made with 3.13.13 are taken to be those with the generational collector.
 */
export const microProfiles: readonly {
  readonly version: string;
  readonly micros: MicroVersions;
  readonly objects: ObjectsByModel;
}[] = [
  {
    version: "3.10",
    micros: { first: 0, last: 4 },
    objects: change(v3_10, (previous) => ({
      lists: { ...previous.lists, exactRoom: "list-call" },
    })),
  },
  {
    version: "3.13",
    micros: { first: 0, last: 3 },
    objects: change(v3_13, (previous) => ({
      dicts: { ...previous.dicts, tableSize: "with-bit-3" },
    })),
  },
  {
    version: "3.13",
    micros: { first: 13, last: Number.POSITIVE_INFINITY },
    objects: change(v3_13, (previous) => ({
      weakrefs: { ...previous.weakrefs, cleared: "before-and-after" },
    })),
  },
  {
    version: "3.14",
    micros: { first: 0, last: 4 },
    objects: change(v3_14, (previous) => ({
      gcState: "spaces",
      gc: { ...previous.gc, collector: "incremental", counts: "tracked", thresholds: [2000, 10, 0] },
      weakrefs: { ...previous.weakrefs, cleared: "before" },
    })),
  },
];

function both(profile: ObjectProfile): ObjectsByModel {
  return { lp64: profile, ilp32: profile };
}

function change(
  previous: ObjectsByModel,
  changed: (previous: ObjectProfile, model: DataModel["name"]) => Partial<ObjectProfile>,
): ObjectsByModel {
  return {
    lp64: { ...previous.lp64, ...changed(previous.lp64, "lp64") },
    ilp32: { ...previous.ilp32, ...changed(previous.ilp32, "ilp32") },
  };
}
