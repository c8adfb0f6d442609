// The functions that the slots of types point to. As in WebAssembly, a pointer to a function is an index into a table;
// built-in functions have fixed indices, so that the hot loops can switch over them.

import type { ObjectAddress } from "@obmalloc/abi";

/** `tp_dealloc` of built-in types. */
export const Dealloc = {
  /** Frees the object and nothing else: `object`, and numbers that have no free list. */
  object: 1,
  /** Objects that never die. */
  never: 2,
  int: 3,
  float: 4,
  str: 5,
  bytes: 6,
  bytearray: 7,
  tuple: 8,
  list: 9,
  dict: 10,
  set: 11,
  type: 12,
  /** `subtype_dealloc`: instances of classes. */
  subtype: 13,
  generator: 14,
  frame: 15,
  code: 16,
  weakref: 17,
} as const;

/** `tp_traverse` of built-in types. */
export const Traverse = {
  tuple: 33,
  list: 34,
  dict: 35,
  set: 36,
  type: 37,
  subtype: 38,
  generator: 39,
  frame: 40,
} as const;

/** `tp_clear` of built-in types. */
export const Clear = {
  list: 65,
  dict: 66,
  set: 67,
  type: 68,
  subtype: 69,
  frame: 70,
  weakref: 71,
} as const;

/** `tp_finalize` of built-in types. */
export const Finalize = {
  /** `slot_tp_finalize`: calls the class's `__del__`. */
  subtype: 97,
  generator: 98,
} as const;

/** Functions of other slots that can be told apart by their address. */
export const Other = {
  /** `type_is_gc`: whether the collector knows a type depends on whether it is a class. */
  typeIsGc: 129,
  /** `PyObject_Free`, `PyObject_GC_Del` in `tp_free`. */
  objectFree: 130,
  gcDel: 131,
} as const;

/**
 * From this index on, up to {@link FIRST_USER_FUNCTION}, each type whose references are all in fixed fields has its own
 * function in `tp_traverse`, `tp_clear` and `tp_dealloc`: the index minus this one names its row in `FieldTables`.
 */
export const FIRST_FIELDS_FUNCTION = 256;

/** The fixed fields of such types, row by row, as byte offsets. */
export interface FieldTables {
  readonly visits: readonly Int32Array[];
  readonly clears: readonly Int32Array[];
  readonly drops: readonly Int32Array[];
}

/** From this index on, functions are a user's. */
export const FIRST_USER_FUNCTION = 1024;

/** What a traverse function of a user's calls for each reference that its object holds. */
type Visit = (referent: ObjectAddress) => void;

/** The slots that a user can fill, each a JavaScript function. */
export interface UserSlots {
  /** `tp_traverse`: calls `visit` once for each reference that `self` owns. */
  readonly traverse?: (self: ObjectAddress, visit: Visit) => void;
  /** `tp_clear`: drops the references that can be part of a cycle. */
  readonly clear?: (self: ObjectAddress) => void;
  /** `tp_dealloc`: drops all references. The memory is freed by the runtime afterwards. */
  readonly dealloc?: (self: ObjectAddress) => void;
  /** `tp_finalize`: called once, before the object is torn down; may resurrect it. */
  readonly finalize?: (self: ObjectAddress) => void;
  /** `tp_del`, the finalizer of before 3.4; makes cycles uncollectable. */
  readonly del?: (self: ObjectAddress) => void;
}

type UserFunction = NonNullable<UserSlots[keyof UserSlots]>;

/** A user's functions by their index. */
export class UserFunctions {
  private readonly functions: UserFunction[] = [];

  /** Enters `fn` and returns its index, which stands for its address; 0 for none. */
  add(fn: UserFunction | undefined): number {
    return fn === undefined ? 0 : FIRST_USER_FUNCTION + this.functions.push(fn) - 1;
  }

  /** The function with that index. */
  get<Name extends keyof UserSlots>(index: number): NonNullable<UserSlots[Name]> {
    return this.functions[index - FIRST_USER_FUNCTION] as NonNullable<UserSlots[Name]>;
  }
}
