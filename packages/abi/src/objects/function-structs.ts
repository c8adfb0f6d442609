// Functions and what belongs to them: code, frames, generators, methods, cells. The head is added by object-layouts.ts.

import { array } from "../struct.ts";

/** `PyFunctionObject` of 3.7. */
export const functionObject37 = {
  func_code: "ptr",
  func_globals: "ptr",
  func_defaults: "ptr",
  func_kwdefaults: "ptr",
  func_closure: "ptr",
  func_doc: "ptr",
  func_name: "ptr",
  func_dict: "ptr",
  func_weakreflist: "ptr",
  func_module: "ptr",
  func_annotations: "ptr",
  func_qualname: "ptr",
} as const;

/** `PyFunctionObject` of 3.8 and 3.9. */
export const functionObject38 = { ...functionObject37, vectorcall: "ptr" } as const;

const functionConstructor = {
  func_globals: "ptr",
  func_builtins: "ptr",
  func_name: "ptr",
  func_qualname: "ptr",
  func_code: "ptr",
  func_defaults: "ptr",
  func_kwdefaults: "ptr",
  func_closure: "ptr",
  func_doc: "ptr",
  func_dict: "ptr",
  func_weakreflist: "ptr",
  func_module: "ptr",
  func_annotations: "ptr",
} as const;

/** `PyFunctionObject` of 3.10. */
export const functionObject310 = { ...functionConstructor, vectorcall: "ptr" } as const;

/** `PyFunctionObject` of 3.11. */
export const functionObject311 = { ...functionObject310, func_version: "u32" } as const;

/** `PyFunctionObject` of 3.12 and 3.13. */
export const functionObject312 = {
  ...functionConstructor,
  func_typeparams: "ptr",
  vectorcall: "ptr",
  func_version: "u32",
} as const;

/** `PyFunctionObject` since 3.14. */
export const functionObject314 = {
  ...functionConstructor,
  func_annotate: "ptr",
  func_typeparams: "ptr",
  vectorcall: "ptr",
  func_version: "u32",
} as const;

/** `PyMethodObject` of 3.7: a function bound to an object. */
export const methodObject37 = { im_func: "ptr", im_self: "ptr", im_weakreflist: "ptr" } as const;
/** `PyMethodObject` since 3.8. */
export const methodObject = { ...methodObject37, vectorcall: "ptr" } as const;

/** `PyCFunctionObject` of 3.7. */
export const builtinObject37 = {
  m_ml: "ptr", // PyMethodDef
  m_self: "ptr",
  m_module: "ptr",
  m_weakreflist: "ptr",
} as const;
/** `PyCFunctionObject` since 3.8. */
export const builtinObject = { ...builtinObject37, vectorcall: "ptr" } as const;

/** `PyMethodDef`, what a built-in function is made from; in static memory. */
export const methodDef = { ml_name: "ptr", ml_meth: "ptr", ml_flags: "i32", ml_doc: "ptr" } as const;

/** `PyCellObject`. */
export const cellObject = { ob_ref: "ptr" } as const;

/** What follows the counts of arguments in `PyCodeObject` of 3.7 to 3.10. */
const codeFields37 = {
  co_nlocals: "i32",
  co_stacksize: "i32",
  co_flags: "i32",
  co_firstlineno: "i32",
  co_code: "ptr",
  co_consts: "ptr",
  co_names: "ptr",
  co_varnames: "ptr",
  co_freevars: "ptr",
  co_cellvars: "ptr",
  co_cell2arg: "ptr",
  co_filename: "ptr",
  co_name: "ptr",
} as const;

/** `PyCodeObject` of 3.7. */
export const codeObject37 = {
  co_argcount: "i32",
  co_kwonlyargcount: "i32",
  ...codeFields37,
  co_lnotab: "ptr",
  co_zombieframe: "ptr", // the frame of the last call, kept for the next one
  co_weakreflist: "ptr",
  co_extra: "ptr",
} as const;

const codeStart38 = {
  co_argcount: "i32",
  co_posonlyargcount: "i32",
  co_kwonlyargcount: "i32",
  ...codeFields37,
} as const;

const codeTail38 = {
  co_zombieframe: "ptr",
  co_weakreflist: "ptr",
  co_extra: "ptr",
  co_opcache_map: "ptr",
  co_opcache: "ptr",
  co_opcache_flag: "i32",
  co_opcache_size: "u8",
} as const;

/** `PyCodeObject` of 3.8 and 3.9. */
export const codeObject38 = { ...codeStart38, co_lnotab: "ptr", ...codeTail38 } as const;

/** `PyCodeObject` of 3.10. */
export const codeObject310 = { ...codeStart38, co_linetable: "ptr", ...codeTail38 } as const;

/** `PyCodeObject` of 3.11: the instructions lie at its end. */
export const codeObject311 = {
  ob_size: "ssize",
  co_consts: "ptr",
  co_names: "ptr",
  co_exceptiontable: "ptr",
  co_flags: "i32",
  co_warmup: "i16",
  _co_linearray_entry_size: "i16",
  co_argcount: "i32",
  co_posonlyargcount: "i32",
  co_kwonlyargcount: "i32",
  co_stacksize: "i32",
  co_firstlineno: "i32",
  co_nlocalsplus: "i32",
  co_nlocals: "i32",
  co_nplaincellvars: "i32",
  co_ncellvars: "i32",
  co_nfreevars: "i32",
  co_localsplusnames: "ptr",
  co_localspluskinds: "ptr",
  co_filename: "ptr",
  co_name: "ptr",
  co_qualname: "ptr",
  co_linetable: "ptr",
  co_weakreflist: "ptr",
  _co_code: "ptr",
  _co_linearray: "ptr",
  _co_firsttraceable: "i32",
  co_extra: "ptr",
  co_code_adaptive: array("u8", 0),
} as const;

const codeStart312 = {
  ob_size: "ssize",
  co_consts: "ptr",
  co_names: "ptr",
  co_exceptiontable: "ptr",
  co_flags: "i32",
  co_argcount: "i32",
  co_posonlyargcount: "i32",
  co_kwonlyargcount: "i32",
  co_stacksize: "i32",
  co_firstlineno: "i32",
  co_nlocalsplus: "i32",
  co_framesize: "i32",
  co_nlocals: "i32",
  co_ncellvars: "i32",
  co_nfreevars: "i32",
  co_version: "u32",
  co_localsplusnames: "ptr",
  co_localspluskinds: "ptr",
  co_filename: "ptr",
  co_name: "ptr",
  co_qualname: "ptr",
  co_linetable: "ptr",
  co_weakreflist: "ptr",
} as const;

const codeEnd = {
  _co_firsttraceable: "i32",
  co_extra: "ptr",
  co_code_adaptive: array("u8", 0),
} as const;

/** `PyCodeObject` of 3.12. */
export const codeObject312 = {
  ...codeStart312,
  _co_cached: "ptr",
  _co_instrumentation_version: "u64",
  _co_monitoring: "ptr",
  ...codeEnd,
} as const;

/** `PyCodeObject` of 3.13. */
export const codeObject313 = {
  ...codeStart312,
  co_executors: "ptr",
  _co_cached: "ptr",
  _co_instrumentation_version: "size",
  _co_monitoring: "ptr",
  ...codeEnd,
} as const;

/** `PyCodeObject` since 3.14. */
export const codeObject314 = {
  ...codeStart312,
  co_executors: "ptr",
  _co_cached: "ptr",
  _co_instrumentation_version: "size",
  _co_monitoring: "ptr",
  _co_unique_id: "ssize",
  ...codeEnd,
} as const;
