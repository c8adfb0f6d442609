// Where the instances of a new class keep what: slots, dict, weak references. Each version has its own rules.

import { type Profile, TypeFlag } from "@obmalloc/abi";
import type { TypeObjects } from "../core/types.ts";

/** The numbers that a class statement computes. */
export interface ClassLayout {
  /** `tp_basicsize`, in bytes. */
  readonly basicsize: number;
  readonly itemsize: number;
  readonly flags: number;
  readonly dictOffset: number;
  readonly weaklistOffset: number;
  /** Names and places of `__slots__`, sorted by name. */
  readonly slots: readonly { readonly name: string; readonly offset: number }[];
  /** Whether the class adds a dict, or weak references, to what its base has. */
  readonly addsDict: boolean;
  readonly addsWeaklist: boolean;
}

/** Bits of `tp_flags` that a class has from its base. */
const INHERITED =
  TypeFlag.LONG_SUBCLASS |
  TypeFlag.LIST_SUBCLASS |
  TypeFlag.TUPLE_SUBCLASS |
  TypeFlag.BYTES_SUBCLASS |
  TypeFlag.UNICODE_SUBCLASS |
  TypeFlag.DICT_SUBCLASS |
  TypeFlag.BASE_EXC_SUBCLASS |
  TypeFlag.TYPE_SUBCLASS |
  TypeFlag.MANAGED_DICT |
  TypeFlag.MANAGED_WEAKREF |
  TypeFlag.SEQUENCE |
  TypeFlag.MAPPING |
  TypeFlag.MATCH_SELF;

/** `tp_dictoffset` of classes with a managed dict since 3.12, where it has no other meaning. */
const MANAGED_DICT_OFFSET = -1;

/**
 * Lays the instances of a class out.
 *
 * @param base the address of its first base.
 * @param slots its `__slots__`; absent where it has none.
 * @see CPython 3.13 Objects/typeobject.c, type_new_slots, type_new_alloc
 */
export function layOutClass(
  profile: Profile,
  types: TypeObjects,
  base: number,
  slots: readonly string[] | undefined,
): ClassLayout {
  const { pointerBytes } = profile.model;
  const { preHeader, classes, typeFlags } = profile.objects;
  const itemsize = types.slot(base, types.itemsize);
  const baseDict = types.slot(base, types.dictOffset) | 0;
  const baseWeaklist = types.slot(base, types.weaklistOffset) | 0;
  const addsDict = baseDict === 0 && (slots === undefined || slots.includes("__dict__"));
  const addsWeaklist =
    baseWeaklist === 0 && itemsize === 0 && (slots === undefined || slots.includes("__weakref__"));

  const start = types.slot(base, types.basicsize);
  const own = (slots ?? []).filter((name) => name !== "__dict__" && name !== "__weakref__").sort();
  const places = own.map((name, i) => ({ name, offset: start + i * pointerBytes }));
  let end = start + own.length * pointerBytes;
  let flags = types.flags(base) & INHERITED;
  let dictOffset = baseDict;
  let weaklistOffset = baseWeaklist;
  const managesDict = preHeader.dictWord !== 0 && (preHeader.weaklistWord !== 0 || itemsize === 0);
  if (addsDict && managesDict) {
    flags |= TypeFlag.MANAGED_DICT;
  } else if (addsDict) {
    dictOffset = itemsize !== 0 ? -pointerBytes : end;
    end += pointerBytes;
  }
  if (addsWeaklist && preHeader.weaklistWord !== 0) {
    flags |= TypeFlag.MANAGED_WEAKREF;
    weaklistOffset = -preHeader.weaklistWord * pointerBytes;
  } else if (addsWeaklist) {
    weaklistOffset = end;
    end += pointerBytes;
  }
  if (addsDict && managesDict) {
    // 3.11 counts from the end of the instance
    dictOffset =
      preHeader.weaklistWord !== 0 ? MANAGED_DICT_OFFSET : -end - preHeader.dictWord * pointerBytes;
  }
  const objectBytes = types.slot(types.builtin.object, types.basicsize);
  if ((flags & TypeFlag.MANAGED_DICT) !== 0 && end === objectBytes) flags |= TypeFlag.INLINE_VALUES;
  const isCollected =
    classes.everyInstanceCollected || types.isCollectedType(base) || end > types.slot(base, types.basicsize);
  flags |= TypeFlag.HEAPTYPE | TypeFlag.BASETYPE | TypeFlag.HAVE_FINALIZE;
  if (isCollected) flags |= TypeFlag.HAVE_GC;
  return {
    basicsize: end,
    itemsize,
    flags: (flags & typeFlags.known) | typeFlags.everyType,
    dictOffset,
    weaklistOffset,
    slots: places,
    addsDict,
    addsWeaklist,
  };
}
