// `tp_flags`: the bits, and which of them each version has.

/** The bits of `tp_flags` by CPython's names, without `Py_TPFLAGS_`. */
export const TypeFlag = {
  /** Has `tp_finalize`; of no meaning since 3.8. */
  HAVE_FINALIZE: 1 << 0,
  STATIC_BUILTIN: 1 << 1,
  INLINE_VALUES: 1 << 2,
  MANAGED_WEAKREF: 1 << 3,
  MANAGED_DICT: 1 << 4,
  SEQUENCE: 1 << 5,
  MAPPING: 1 << 6,
  DISALLOW_INSTANTIATION: 1 << 7,
  IMMUTABLETYPE: 1 << 8,
  HEAPTYPE: 1 << 9,
  BASETYPE: 1 << 10,
  HAVE_VECTORCALL: 1 << 11,
  READY: 1 << 12,
  HAVE_GC: 1 << 14,
  METHOD_DESCRIPTOR: 1 << 17,
  HAVE_VERSION_TAG: 1 << 18,
  VALID_VERSION_TAG: 1 << 19,
  MATCH_SELF: 1 << 22,
  ITEMS_AT_END: 1 << 23,
  LONG_SUBCLASS: 1 << 24,
  LIST_SUBCLASS: 1 << 25,
  TUPLE_SUBCLASS: 1 << 26,
  BYTES_SUBCLASS: 1 << 27,
  UNICODE_SUBCLASS: 1 << 28,
  DICT_SUBCLASS: 1 << 29,
  BASE_EXC_SUBCLASS: 1 << 30,
  TYPE_SUBCLASS: 1 << 31,
} as const;

/** Which flags a version sets. */
export interface TypeFlags {
  /** Bits that exist; others of a type's declaration are left out. */
  readonly known: number;
  /** Bits of every type that is in use. */
  readonly everyType: number;
  /** Bits of types that are compiled in. */
  readonly staticTypes: number;
  /** Bits that only `type` has. */
  readonly metatype: number;
}

const flags37: TypeFlags = {
  known:
    TypeFlag.HAVE_FINALIZE |
    TypeFlag.HEAPTYPE |
    TypeFlag.BASETYPE |
    TypeFlag.HAVE_GC |
    TypeFlag.LONG_SUBCLASS |
    TypeFlag.LIST_SUBCLASS |
    TypeFlag.TUPLE_SUBCLASS |
    TypeFlag.BYTES_SUBCLASS |
    TypeFlag.UNICODE_SUBCLASS |
    TypeFlag.DICT_SUBCLASS |
    TypeFlag.BASE_EXC_SUBCLASS |
    TypeFlag.TYPE_SUBCLASS,
  everyType: TypeFlag.READY | TypeFlag.HAVE_VERSION_TAG | TypeFlag.VALID_VERSION_TAG,
  staticTypes: 0,
  metatype: TypeFlag.TYPE_SUBCLASS,
};

const flags38: TypeFlags = {
  ...flags37,
  known: (flags37.known & ~TypeFlag.HAVE_FINALIZE) | TypeFlag.HAVE_VECTORCALL | TypeFlag.METHOD_DESCRIPTOR,
};

const flags39: TypeFlags = { ...flags38, metatype: flags38.metatype | TypeFlag.HAVE_VECTORCALL };

const flags310: TypeFlags = {
  known:
    flags39.known |
    TypeFlag.SEQUENCE |
    TypeFlag.MAPPING |
    TypeFlag.DISALLOW_INSTANTIATION |
    TypeFlag.MATCH_SELF,
  everyType: TypeFlag.READY | TypeFlag.VALID_VERSION_TAG,
  staticTypes: TypeFlag.IMMUTABLETYPE,
  metatype: flags39.metatype,
};

const flags311: TypeFlags = { ...flags310, known: flags310.known | TypeFlag.MANAGED_DICT };

const flags312: TypeFlags = {
  ...flags311,
  known: flags311.known | TypeFlag.MANAGED_WEAKREF | TypeFlag.ITEMS_AT_END,
  staticTypes: flags311.staticTypes | TypeFlag.STATIC_BUILTIN,
  metatype: flags311.metatype | TypeFlag.ITEMS_AT_END,
};

const flags313: TypeFlags = {
  ...flags312,
  known: flags312.known | TypeFlag.INLINE_VALUES,
  everyType: TypeFlag.READY,
};

/** By the version that brought them in their present form. */
export const typeFlags = {
  "3.7": flags37,
  "3.8": flags38,
  "3.9": flags39,
  "3.10": flags310,
  "3.11": flags311,
  "3.12": flags312,
  "3.13": flags313,
} as const;
