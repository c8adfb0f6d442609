// The built-in types as data: what stands in their slots.

import {
  fieldOffset,
  type ObjectLayouts,
  type PlainTypeName,
  type Profile,
  type References,
  type StructLayout,
  TypeFlag,
} from "@obmalloc/abi";
import { Clear, Dealloc, FIRST_FIELDS_FUNCTION, Finalize, Other, Traverse } from "./slots.ts";

/** What a built-in type is made from. */
export interface BuiltinSpec {
  /** `tp_name`. */
  readonly name: string;
  /** `tp_basicsize`, in bytes. */
  readonly basicsize: number;
  /** `tp_itemsize`, in bytes. */
  readonly itemsize: number;
  readonly base: BuiltinTypeName | undefined;
  /** Bits of `tp_flags` beside those that every type has. */
  readonly flags: number;
  /** `tp_dealloc`, `tp_traverse`, `tp_clear`: an index of slots.ts, where the first of the fields stands for its own. */
  readonly dealloc: number;
  readonly traverse: number;
  readonly clear: number;
  readonly finalize: number;
  readonly isGc: number;
  /** `tp_weaklistoffset`, `tp_dictoffset`. */
  readonly weaklistOffset: number;
  readonly dictOffset: number;
  /** Where the references are, when they are all in fixed fields. */
  readonly references: References | undefined;
  /** The structure that the objects of the type are. */
  readonly layout: StructLayout | undefined;
}

/** The built-in types, by the names that Python shows, or nearly so. */
export type BuiltinTypeName =
  | "object"
  | "type"
  | "int"
  | "bool"
  | "float"
  | "complex"
  | "NoneType"
  | "ellipsis"
  | "NotImplementedType"
  | "str"
  | "bytes"
  | "bytearray"
  | "tuple"
  | "list"
  | "dict"
  | "set"
  | "frozenset"
  | "function"
  | "method"
  | "builtin"
  | "cell"
  | "code"
  | "frame"
  | "generator"
  | "coroutine"
  | "weakref"
  | "weakproxy"
  | "weakcallableproxy"
  | "module"
  | "member_descriptor"
  | "getset_descriptor"
  | "Exception"
  | "GeneratorExit"
  | PlainTypeName;

type Declared = Partial<Omit<BuiltinSpec, "basicsize" | "layout">> & {
  /** Whose size `tp_basicsize` is: a layout, or a number of bytes. */
  readonly size: StructLayout | number;
};

const { BASETYPE, HAVE_GC, MATCH_SELF, SEQUENCE, MAPPING, DISALLOW_INSTANTIATION, HAVE_VECTORCALL } =
  TypeFlag;
const INTERNAL = HAVE_GC | DISALLOW_INSTANTIATION;

/** Every built-in type of `profile`, bases first. */
export function builtinSpecs(profile: Profile, layouts: ObjectLayouts): Map<BuiltinTypeName, BuiltinSpec> {
  const declared: Partial<Record<BuiltinTypeName, Declared>> = {
    ...valueTypes(layouts),
    ...containerTypes(profile, layouts),
    ...functionTypes(profile, layouts),
    ...plainTypes(profile, layouts),
  };
  const specs = new Map<BuiltinTypeName, BuiltinSpec>();
  for (const [key, { size, ...slots }] of Object.entries(declared)) {
    const name = key as BuiltinTypeName;
    specs.set(name, {
      name,
      itemsize: 0,
      base: name === "object" ? undefined : "object",
      flags: 0,
      dealloc: Dealloc.object,
      traverse: 0,
      clear: 0,
      finalize: 0,
      isGc: 0,
      weaklistOffset: 0,
      dictOffset: 0,
      references: undefined,
      ...slots,
      basicsize: typeof size === "number" ? size : size.sizeBytes,
      layout: typeof size === "number" ? undefined : size,
    });
  }
  return specs;
}

function valueTypes(layouts: ObjectLayouts): Partial<Record<BuiltinTypeName, Declared>> {
  const { object, long, bytes, compactUnicode } = layouts;
  const matched = BASETYPE | MATCH_SELF;
  const pointerBytes = layouts.cell.sizeBytes - object.sizeBytes;
  // PyUnicodeObject has one more pointer, for strings that are not compact; none is made here.
  const unicodeBytes = compactUnicode.sizeBytes + pointerBytes;
  return {
    object: { size: object, flags: BASETYPE },
    NoneType: { size: object, dealloc: Dealloc.never },
    ellipsis: { size: object, dealloc: Dealloc.never },
    NotImplementedType: { size: object, dealloc: Dealloc.never },
    int: {
      size: long.offsets.ob_digit,
      itemsize: 4,
      flags: matched | TypeFlag.LONG_SUBCLASS,
      dealloc: Dealloc.int,
    },
    bool: {
      // up to 3.11 a whole PyLongObject, of one digit
      size: "lv_tag" in long.offsets ? long.offsets.ob_digit : oneDigitBytes(long),
      itemsize: 4,
      base: "int",
      flags: MATCH_SELF | TypeFlag.LONG_SUBCLASS,
      dealloc: Dealloc.int,
    },
    float: { size: layouts.float, flags: matched, dealloc: Dealloc.float },
    complex: { size: layouts.complex, flags: BASETYPE },
    str: { size: unicodeBytes, flags: matched | TypeFlag.UNICODE_SUBCLASS, dealloc: Dealloc.str },
    bytes: {
      size: bytes.offsets.ob_sval + 1,
      itemsize: 1,
      flags: matched | TypeFlag.BYTES_SUBCLASS,
      dealloc: Dealloc.bytes,
    },
    bytearray: { size: layouts.bytearray, flags: matched, dealloc: Dealloc.bytearray },
  };
}

function oneDigitBytes(long: StructLayout): number {
  return Math.ceil((long.sizeBytes + 4) / long.alignmentBytes) * long.alignmentBytes;
}

function containerTypes(
  profile: Profile,
  layouts: ObjectLayouts,
): Partial<Record<BuiltinTypeName, Declared>> {
  const { pointerBytes } = profile.model;
  const { tuple, set } = layouts;
  const setSlots: Declared = {
    size: set,
    flags: HAVE_GC | BASETYPE | MATCH_SELF,
    dealloc: Dealloc.set,
    traverse: Traverse.set,
    clear: Clear.set,
    weaklistOffset: set.offsets.weakreflist,
  };
  return {
    tuple: {
      size: tuple.offsets.ob_item,
      itemsize: pointerBytes,
      flags: HAVE_GC | BASETYPE | MATCH_SELF | SEQUENCE | TypeFlag.TUPLE_SUBCLASS,
      dealloc: Dealloc.tuple,
      traverse: Traverse.tuple,
    },
    list: {
      size: layouts.list,
      flags: HAVE_GC | BASETYPE | MATCH_SELF | SEQUENCE | TypeFlag.LIST_SUBCLASS,
      dealloc: Dealloc.list,
      traverse: Traverse.list,
      clear: Clear.list,
    },
    dict: {
      size: layouts.dict,
      flags: HAVE_GC | BASETYPE | MATCH_SELF | MAPPING | TypeFlag.DICT_SUBCLASS,
      dealloc: Dealloc.dict,
      traverse: Traverse.dict,
      clear: Clear.dict,
    },
    set: setSlots,
    frozenset: setSlots,
  };
}

function functionTypes(profile: Profile, layouts: ObjectLayouts): Partial<Record<BuiltinTypeName, Declared>> {
  const { references } = profile.objects;
  const { type, heapType, weakref, module, code, descriptor, memberDef } = layouts;
  const fields = (size: StructLayout, refs: References, flags: number): Declared => ({
    size,
    references: refs,
    flags: flags | HAVE_GC | ("vectorcall" in size.offsets ? HAVE_VECTORCALL : 0),
    dealloc: FIRST_FIELDS_FUNCTION,
    traverse: FIRST_FIELDS_FUNCTION,
    clear: refs.clears === undefined ? 0 : FIRST_FIELDS_FUNCTION,
  });
  const descriptorSlots = fields(descriptor, references.descriptor, DISALLOW_INSTANTIATION);
  return {
    type: {
      size: heapType,
      itemsize: memberDef.sizeBytes,
      flags: HAVE_GC | BASETYPE | profile.objects.typeFlags.metatype,
      dealloc: Dealloc.type,
      traverse: Traverse.type,
      clear: Clear.type,
      isGc: Other.typeIsGc,
      weaklistOffset: type.offsets.tp_weaklist,
      dictOffset: type.offsets.tp_dict,
    },
    function: {
      ...fields(layouts.function, references.function, TypeFlag.METHOD_DESCRIPTOR),
      weaklistOffset: layouts.function.offsets.func_weakreflist,
      dictOffset: layouts.function.offsets.func_dict,
    },
    method: {
      ...fields(layouts.method, references.method, 0),
      weaklistOffset: layouts.method.offsets.im_weakreflist,
    },
    builtin: {
      ...fields(layouts.builtin, references.builtin, DISALLOW_INSTANTIATION),
      name: "builtin_function_or_method",
      weaklistOffset: layouts.builtin.offsets.m_weakreflist,
    },
    cell: fields(layouts.cell, references.cell, 0),
    code: {
      size: codeBasicsize(code),
      itemsize: "co_code_adaptive" in code.offsets ? 2 : 0,
      references: references.code,
      dealloc: Dealloc.code,
      weaklistOffset: code.offsets.co_weakreflist,
    },
    ...frameTypes(profile, layouts),
    ...weakrefTypes(profile, fields(weakref, references.weakref, 0)),
    module: {
      ...fields(module, references.module, BASETYPE),
      weaklistOffset: module.offsets.md_weaklist,
      dictOffset: module.offsets.md_dict,
    },
    member_descriptor: descriptorSlots,
    getset_descriptor: descriptorSlots,
  };
}

function weakrefTypes({ objects }: Profile, fields: Declared): Partial<Record<BuiltinTypeName, Declared>> {
  const { typeNames } = objects.weakrefs;
  const slots = { ...fields, dealloc: Dealloc.weakref, clear: Clear.weakref };
  return {
    weakref: { ...slots, name: typeNames.ref, flags: fields.flags! | BASETYPE },
    weakproxy: { ...slots, name: typeNames.proxy },
    weakcallableproxy: { ...slots, name: typeNames.callableProxy },
  };
}

function codeBasicsize(code: StructLayout): number {
  return code.offsets.co_code_adaptive ?? code.sizeBytes;
}

function frameTypes(profile: Profile, layouts: ObjectLayouts): Partial<Record<BuiltinTypeName, Declared>> {
  const { pointerBytes } = profile.model;
  const { frame, generator, coroutine, interpreterFrame } = layouts;
  const embedded = fieldOffset(generator, "gi_iframe");
  const suspendable = (layout: StructLayout): Declared => ({
    size: embedded < 0 ? layout : embedded + interpreterFrame.offsets.localsplus,
    itemsize: embedded < 0 ? 0 : pointerBytes,
    flags: INTERNAL | TypeFlag.HAVE_FINALIZE,
    dealloc: Dealloc.generator,
    traverse: Traverse.generator,
    finalize: Finalize.generator,
    weaklistOffset: generator.offsets.gi_weakreflist,
  });
  const frameData = fieldOffset(frame, "_f_frame_data");
  return {
    frame: {
      // 3.7 to 3.10 count the first local in; later the frame's data behind the object up to its locals
      size: frameData < 0 ? frame.sizeBytes + pointerBytes : frameData + interpreterFrame.offsets.localsplus,
      itemsize: pointerBytes,
      flags: INTERNAL,
      dealloc: Dealloc.frame,
      traverse: Traverse.frame,
      clear: Clear.frame,
    },
    generator: suspendable(generator),
    coroutine: suspendable(coroutine),
  };
}

/** Flags and names of plain types beside those that their declarations imply. */
const plainFlags: Partial<Record<PlainTypeName, number>> = {
  range: SEQUENCE,
  property: BASETYPE,
  staticmethod: BASETYPE,
  classmethod: BASETYPE,
  reversed: BASETYPE,
  enumerate: BASETYPE,
  zip: BASETYPE,
  map: BASETYPE,
  filter: BASETYPE,
  super: BASETYPE,
  SimpleNamespace: BASETYPE,
  memoryview: SEQUENCE,
  mappingproxy: MAPPING,
  BaseException: BASETYPE | TypeFlag.BASE_EXC_SUBCLASS,
  slice: 0,
  traceback: 0,
};

const plainDicts: Partial<Record<PlainTypeName, string>> = {
  SimpleNamespace: "ns_dict",
  BaseException: "dict",
  staticmethod: "dict",
  classmethod: "dict",
};

function plainTypes(profile: Profile, layouts: ObjectLayouts): Partial<Record<BuiltinTypeName, Declared>> {
  const { pointerBytes } = profile.model;
  const declared: Partial<Record<BuiltinTypeName, Declared>> = {};
  for (const [key, type] of Object.entries(profile.objects.plainTypes)) {
    const name = key as PlainTypeName;
    const layout = layouts.plain[name];
    const references = { visits: type.visits, drops: type.visits };
    declared[name] = {
      size: layout,
      name: name === "SimpleNamespace" ? "types.SimpleNamespace" : name,
      itemsize: type.itemPointers === undefined ? 0 : type.itemPointers * pointerBytes,
      references: type.clears ? { ...references, clears: type.visits } : references,
      flags: (plainFlags[name] ?? DISALLOW_INSTANTIATION) | (type.gc ? HAVE_GC : 0),
      dealloc: FIRST_FIELDS_FUNCTION,
      traverse: type.gc ? FIRST_FIELDS_FUNCTION : 0,
      clear: type.clears ? FIRST_FIELDS_FUNCTION : 0,
      weaklistOffset: type.weaklist === undefined ? 0 : layout.offsets[type.weaklist]!,
      dictOffset: plainDicts[name] === undefined ? 0 : layout.offsets[plainDicts[name]]!,
    };
  }
  for (const name of ["Exception", "GeneratorExit"] as const) {
    declared[name] = { ...declared.BaseException!, name, base: "BaseException" };
  }
  return declared;
}
