// Types, and what hangs on a class: descriptors, weak references, modules. The head is added by object-layouts.ts.

import { array } from "../struct.ts";

const typeStart = {
  ob_size: "ssize",
  tp_name: "ptr",
  tp_basicsize: "ssize",
  tp_itemsize: "ssize",
  tp_dealloc: "ptr",
} as const;

const typeRest = {
  tp_getattr: "ptr",
  tp_setattr: "ptr",
  tp_as_async: "ptr",
  tp_repr: "ptr",
  tp_as_number: "ptr",
  tp_as_sequence: "ptr",
  tp_as_mapping: "ptr",
  tp_hash: "ptr",
  tp_call: "ptr",
  tp_str: "ptr",
  tp_getattro: "ptr",
  tp_setattro: "ptr",
  tp_as_buffer: "ptr",
  tp_flags: "size", // unsigned long
  tp_doc: "ptr",
  tp_traverse: "ptr",
  tp_clear: "ptr",
  tp_richcompare: "ptr",
  tp_weaklistoffset: "ssize",
  tp_iter: "ptr",
  tp_iternext: "ptr",
  tp_methods: "ptr",
  tp_members: "ptr",
  tp_getset: "ptr",
  tp_base: "ptr",
  tp_dict: "ptr",
  tp_descr_get: "ptr",
  tp_descr_set: "ptr",
  tp_dictoffset: "ssize",
  tp_init: "ptr",
  tp_alloc: "ptr",
  tp_new: "ptr",
  tp_free: "ptr",
  tp_is_gc: "ptr",
  tp_bases: "ptr",
  tp_mro: "ptr",
  tp_cache: "ptr",
  tp_subclasses: "ptr",
  tp_weaklist: "ptr",
  tp_del: "ptr",
  tp_version_tag: "u32",
  tp_finalize: "ptr",
} as const;

/** `PyTypeObject` of 3.7 (lp64: 400 bytes). */
export const typeObject37 = { ...typeStart, tp_print: "ptr", ...typeRest } as const;

/** `PyTypeObject` of 3.9 to 3.11. */
export const typeObject39 = {
  ...typeStart,
  tp_vectorcall_offset: "ssize",
  ...typeRest,
  tp_vectorcall: "ptr",
} as const;

/** `PyTypeObject` of 3.8, which kept `tp_print` at its end. */
export const typeObject38 = { ...typeObject39, tp_print: "ptr" } as const;

/** `PyTypeObject` of 3.12. */
export const typeObject312 = { ...typeObject39, tp_watched: "u8" } as const;

/** `PyTypeObject` of 3.13 and 3.14. */
export const typeObject313 = { ...typeObject312, tp_versions_used: "u16" } as const;

/** `PyTypeObject` of 3.15. */
export const typeObject315 = { ...typeObject313, _tp_iteritem: "ptr" } as const;

const NUMBER_METHODS = 36;
const MAPPING_METHODS = 3;
const SEQUENCE_METHODS = 10;
const BUFFER_METHODS = 2;

/** What `PyHeapTypeObject` has behind the type in 3.7 and 3.8. */
export const heapTypeTail37 = {
  as_async: array("ptr", 3),
  as_number: array("ptr", NUMBER_METHODS),
  as_mapping: array("ptr", MAPPING_METHODS),
  as_sequence: array("ptr", SEQUENCE_METHODS),
  as_buffer: array("ptr", BUFFER_METHODS),
  ht_name: "ptr",
  ht_slots: "ptr",
  ht_qualname: "ptr",
  ht_cached_keys: "ptr", // keys that the instances share
} as const;

/** The same in 3.9. */
export const heapTypeTail39 = { ...heapTypeTail37, ht_module: "ptr" } as const;

/** The same in 3.10. */
export const heapTypeTail310 = { ...heapTypeTail39, as_async: array("ptr", 4) } as const;

const namedHeapType = { ...heapTypeTail310, _ht_tpname: "ptr" } as const;

/** The same in 3.11: `_spec_cache` is a function. */
export const heapTypeTail311 = { ...namedHeapType, _spec_cache: array("ptr", 1) } as const;

/** The same in 3.12: `_spec_cache` is a function and its version. */
export const heapTypeTail312 = { ...namedHeapType, _spec_cache: array("ptr", 2) } as const;

/** The same in 3.13: `_spec_cache` also has `__init__`. */
export const heapTypeTail313 = { ...namedHeapType, _spec_cache: array("ptr", 3) } as const;

/** The same since 3.14. */
export const heapTypeTail314 = { ...namedHeapType, ht_token: "ptr", _spec_cache: array("ptr", 3) } as const;

/** `PyMemberDef`: a slot's name and place; behind a heap type, one for each of its `__slots__`. */
export const memberDef = { name: "ptr", type: "i32", offset: "ssize", flags: "i32", doc: "ptr" } as const;

/** `PyMemberDescrObject` and `PyGetSetDescrObject`, whose last field points to the definition. */
export const descriptorObject = { d_type: "ptr", d_name: "ptr", d_qualname: "ptr", d_member: "ptr" } as const;

/** `PyWeakReference` up to 3.10. */
export const weakrefObject37 = {
  wr_object: "ptr", // borrowed; None once the object is gone
  wr_callback: "ptr",
  hash: "ssize",
  wr_prev: "ptr", // the other weak references to the same object
  wr_next: "ptr",
} as const;

/** `PyWeakReference` since 3.11. */
export const weakrefObject = { ...weakrefObject37, vectorcall: "ptr" } as const;

/** `PyModuleObject` up to 3.14. */
export const moduleObject = {
  md_dict: "ptr",
  md_def: "ptr",
  md_state: "ptr",
  md_weaklist: "ptr",
  md_name: "ptr",
} as const;

/** `PyModuleObject` of 3.15. */
export const moduleObject315 = {
  md_dict: "ptr",
  md_state: "ptr",
  md_weaklist: "ptr",
  md_name: "ptr",
  md_token_is_def: "u8",
  md_state_size: "ssize",
  md_state_traverse: "ptr",
  md_state_clear: "ptr",
  md_state_free: "ptr",
  md_token: "ptr",
  md_exec: "ptr",
} as const;
