// Types of which CPython's memory manager only needs to know where their references are: iterators, views, wrappers.
// Each is declared by its fields in C's order and the fields that its tp_traverse visits, in that order.

import { array, type FieldType } from "../struct.ts";

/** One such type. */
export interface PlainType {
  /** Fields behind the object's head. */
  readonly fields: Readonly<Record<string, FieldType>>;
  /** Fields that hold references, in the order in which `tp_traverse` visits them and `tp_dealloc` drops them. */
  readonly visits: readonly string[];
  /** Whether the collector knows its objects (`Py_TPFLAGS_HAVE_GC`). */
  readonly gc: boolean;
  /** Whether `tp_clear` empties the fields. Iterators and other objects that never change have none. */
  readonly clears: boolean;
  /** The field that heads its list of weak references, where it can have some. */
  readonly weaklist?: string;
  /** Bytes of one item, for types with a variable part: in pointers. */
  readonly itemPointers?: number;
}

const plain = (
  fields: Readonly<Record<string, FieldType>>,
  visits: readonly string[],
  more: Partial<PlainType> = {},
): PlainType => Object.freeze({ fields, visits, gc: true, clears: false, ...more });

const sequenceIterator = plain({ it_index: "ssize", it_seq: "ptr" }, ["it_seq"]);
const view = plain({ dv_dict: "ptr" }, ["dv_dict"]);
const callableWrapper = plain({ callable: "ptr", dict: "ptr" }, ["callable", "dict"], { clears: true });
const getters = { prop_get: "ptr", prop_set: "ptr", prop_del: "ptr", prop_doc: "ptr" } as const;
const getterVisits = ["prop_get", "prop_set", "prop_del", "prop_doc"];

/** In 3.7. */
const plainTypes37 = {
  slice: plain({ start: "ptr", stop: "ptr", step: "ptr" }, ["start", "stop", "step"]),
  range: plain(
    { start: "ptr", stop: "ptr", step: "ptr", length: "ptr" },
    ["start", "stop", "step", "length"],
    {
      gc: false,
    },
  ),
  property: plain({ ...getters, getter_doc: "i32" }, getterVisits, { clears: true }),
  staticmethod: callableWrapper,
  classmethod: callableWrapper,
  list_iterator: sequenceIterator,
  tuple_iterator: sequenceIterator,
  str_iterator: sequenceIterator,
  reversed: plain({ index: "ssize", seq: "ptr" }, ["seq"]),
  dict_keyiterator: plain(
    { di_dict: "ptr", di_used: "ssize", di_pos: "ssize", di_result: "ptr", len: "ssize" },
    ["di_dict", "di_result"],
  ),
  set_iterator: plain({ si_set: "ptr", si_used: "ssize", si_pos: "ssize", len: "ssize" }, ["si_set"]),
  range_iterator: plain({ index: "ssize", start: "ssize", step: "ssize", len: "ssize" }, [], { gc: false }),
  enumerate: plain({ en_index: "ssize", en_sit: "ptr", en_result: "ptr", en_longindex: "ptr" }, [
    "en_sit",
    "en_result",
    "en_longindex",
  ]),
  zip: plain({ tuplesize: "ssize", ittuple: "ptr", result: "ptr" }, ["ittuple", "result"]),
  map: plain({ iters: "ptr", func: "ptr" }, ["iters", "func"]),
  filter: plain({ func: "ptr", it: "ptr" }, ["it", "func"]),
  dict_keys: view,
  dict_values: view,
  dict_items: view,
  mappingproxy: plain({ mapping: "ptr" }, ["mapping"]),
  super: plain({ type: "ptr", obj: "ptr", obj_type: "ptr" }, ["obj", "type", "obj_type"]),
  traceback: plain(
    { tb_next: "ptr", tb_frame: "ptr", tb_lasti: "i32", tb_lineno: "i32" },
    ["tb_next", "tb_frame"],
    {
      clears: true,
    },
  ),
  SimpleNamespace: plain({ ns_dict: "ptr" }, ["ns_dict"], { clears: true }),
  memoryview: plain(
    {
      ob_size: "ssize",
      mbuf: "ptr",
      hash: "ssize",
      flags: "i32",
      exports: "ssize",
      // Py_buffer
      buf: "ptr",
      obj: "ptr",
      len: "ssize",
      itemsize: "ssize",
      readonly: "i32",
      ndim: "i32",
      format: "ptr",
      shape: "ptr",
      strides: "ptr",
      suboffsets: "ptr",
      internal: "ptr",
      weakreflist: "ptr",
      ob_array: array("ssize", 0), // shape, strides and suboffsets, an item of each per dimension
    },
    ["mbuf"],
    { clears: true, weaklist: "weakreflist", itemPointers: 1 },
  ),
  BaseException: plain(
    { dict: "ptr", args: "ptr", traceback: "ptr", context: "ptr", cause: "ptr", suppress_context: "u8" },
    ["dict", "args", "traceback", "cause", "context"],
    { clears: true },
  ),
} as const satisfies Record<string, PlainType>;

/** The names of the plain types. */
export type PlainTypeName = keyof typeof plainTypes37;
/** The plain types of one version. */
export type PlainTypes = Readonly<Record<PlainTypeName, PlainType>>;

/** From 3.10 on `property` has a name and `zip` a flag. */
const plainTypes310: PlainTypes = {
  ...plainTypes37,
  property: plain({ ...getters, prop_name: "ptr", getter_doc: "i32" }, [...getterVisits, "prop_name"], {
    clears: true,
  }),
  zip: plain({ tuplesize: "ssize", ittuple: "ptr", result: "ptr", strict: "i32" }, ["ittuple", "result"]),
};

/** From 3.11 on exceptions have notes and `enumerate` a one of its own. */
const plainTypes311: PlainTypes = {
  ...plainTypes310,
  enumerate: plain({ en_index: "ssize", en_sit: "ptr", en_result: "ptr", en_longindex: "ptr", one: "ptr" }, [
    "en_sit",
    "en_result",
    "en_longindex",
  ]),
  BaseException: plain(
    {
      dict: "ptr",
      args: "ptr",
      notes: "ptr",
      traceback: "ptr",
      context: "ptr",
      cause: "ptr",
      suppress_context: "u8",
    },
    ["dict", "args", "notes", "traceback", "cause", "context"],
    { clears: true },
  ),
};

/** From 3.12 on an iterator over a range counts in its start. */
const plainTypes312: PlainTypes = {
  ...plainTypes311,
  range_iterator: plain({ start: "ssize", step: "ssize", len: "ssize" }, [], { gc: false }),
};

/** From 3.14 on `map` can be strict. */
const plainTypes314: PlainTypes = {
  ...plainTypes312,
  map: plain({ iters: "ptr", func: "ptr", strict: "i32" }, ["iters", "func"]),
};

/** The plain types by the version that brought them in their present form. */
export const plainTypes = {
  "3.7": plainTypes37 as PlainTypes,
  "3.10": plainTypes310,
  "3.11": plainTypes311,
  "3.12": plainTypes312,
  "3.14": plainTypes314,
} as const;
