// Frames and generators. Up to 3.10 a frame is an object; since 3.11 it is a part of the generator or of the thread's
// stack, and a frame object is made only for who asks for one. The head is added by object-layouts.ts.

import { array } from "../struct.ts";

/** `CO_MAXBLOCKS`: how deep `for`, `try` and `with` nest; a block has three ints. */
const CO_MAXBLOCKS = 20;

/** `PyFrameObject` of 3.7 to 3.9: locals, cells and the value stack follow. */
export const frameObject37 = {
  ob_size: "ssize",
  f_back: "ptr",
  f_code: "ptr",
  f_builtins: "ptr",
  f_globals: "ptr",
  f_locals: "ptr",
  f_valuestack: "ptr", // behind the last local
  f_stacktop: "ptr", // next free slot of the value stack; 0 while the frame runs
  f_trace: "ptr",
  f_trace_lines: "u8",
  f_trace_opcodes: "u8",
  f_gen: "ptr", // borrowed
  f_lasti: "i32",
  f_lineno: "i32",
  f_iblock: "i32",
  f_executing: "u8",
  f_blockstack: array("i32", 3 * CO_MAXBLOCKS),
  f_localsplus: array("ptr", 0),
} as const;

/** `PyFrameObject` of 3.10. */
export const frameObject310 = {
  ob_size: "ssize",
  f_back: "ptr",
  f_code: "ptr",
  f_builtins: "ptr",
  f_globals: "ptr",
  f_locals: "ptr",
  f_valuestack: "ptr",
  f_trace: "ptr",
  f_stackdepth: "i32",
  f_trace_lines: "u8",
  f_trace_opcodes: "u8",
  f_gen: "ptr",
  f_lasti: "i32",
  f_lineno: "i32",
  f_iblock: "i32",
  f_state: "i8", // FRAME_CREATED -2, FRAME_SUSPENDED -1, FRAME_EXECUTING 0, FRAME_RETURNED 1, ... FRAME_CLEARED 4
  f_blockstack: array("i32", 3 * CO_MAXBLOCKS),
  f_localsplus: array("ptr", 0),
} as const;

const frameView = {
  f_back: "ptr",
  f_frame: "ptr", // _PyInterpreterFrame
  f_trace: "ptr",
  f_lineno: "i32",
  f_trace_lines: "u8",
  f_trace_opcodes: "u8",
} as const;

/** `PyFrameObject` of 3.11 and 3.12; `_f_frame_data` has room for the frame after its function has returned. */
export const frameObject311 = {
  ...frameView,
  f_fast_as_locals: "u8",
  _f_frame_data: array("ptr", 0),
} as const;

/** `PyFrameObject` of 3.13. */
export const frameObject313 = {
  ...frameView,
  f_extra_locals: "ptr",
  f_locals_cache: "ptr",
  _f_frame_data: array("ptr", 0),
} as const;

/** `PyFrameObject` since 3.14. */
export const frameObject314 = {
  ...frameView,
  f_extra_locals: "ptr",
  f_locals_cache: "ptr",
  f_overwritten_fast_locals: "ptr",
  _f_frame_data: array("ptr", 0),
} as const;

/** `_PyInterpreterFrame` of 3.11 (lp64: 72 bytes before the locals). */
export const interpreterFrame311 = {
  f_func: "ptr",
  f_globals: "ptr",
  f_builtins: "ptr",
  f_locals: "ptr",
  f_code: "ptr",
  frame_obj: "ptr",
  previous: "ptr",
  prev_instr: "ptr",
  stacktop: "i32",
  is_entry: "u8",
  owner: "u8",
  localsplus: array("ptr", 0),
} as const;

/** `_PyInterpreterFrame` of 3.12 (lp64: 72 bytes before the locals). */
export const interpreterFrame312 = {
  f_code: "ptr",
  previous: "ptr",
  f_funcobj: "ptr",
  f_globals: "ptr",
  f_builtins: "ptr",
  f_locals: "ptr",
  frame_obj: "ptr",
  prev_instr: "ptr",
  stacktop: "i32",
  return_offset: "u16",
  owner: "u8",
  localsplus: array("ptr", 0),
} as const;

const executableFrame = {
  f_executable: "ptr", // the code object
  previous: "ptr",
  f_funcobj: "ptr",
  f_globals: "ptr",
  f_builtins: "ptr",
  f_locals: "ptr",
  frame_obj: "ptr",
  instr_ptr: "ptr",
} as const;

/** `_PyInterpreterFrame` of 3.13 (lp64: 72 bytes before the locals). */
export const interpreterFrame313 = {
  ...executableFrame,
  stacktop: "i32",
  return_offset: "u16",
  owner: "u8",
  localsplus: array("ptr", 0),
} as const;

/** `_PyInterpreterFrame` since 3.14 (lp64: 80 bytes before the locals). */
export const interpreterFrame314 = {
  ...executableFrame,
  stackpointer: "ptr",
  return_offset: "u16",
  owner: "u8",
  visited: "u8",
  localsplus: array("ptr", 0),
} as const;

/** `PyGenObject` of 3.7 to 3.9. */
export const generatorObject37 = {
  gi_frame: "ptr",
  gi_running: "u8",
  gi_code: "ptr",
  gi_weakreflist: "ptr",
  gi_name: "ptr",
  gi_qualname: "ptr",
  gi_exc_state: array("ptr", 4), // type, value, traceback, previous item
} as const;

/** `PyGenObject` of 3.10. */
export const generatorObject310 = {
  gi_frame: "ptr",
  gi_code: "ptr",
  gi_weakreflist: "ptr",
  gi_name: "ptr",
  gi_qualname: "ptr",
  gi_exc_state: array("ptr", 4),
} as const;

const generatorTail = {
  gi_weakreflist: "ptr",
  gi_name: "ptr",
  gi_qualname: "ptr",
  gi_exc_state: array("ptr", 2), // value, previous item
  gi_origin_or_finalizer: "ptr",
  gi_hooks_inited: "u8",
  gi_closed: "u8",
  gi_running_async: "u8",
  gi_frame_state: "i8", // as f_state of 3.10; 3.13: FRAME_CREATED -3, FRAME_SUSPENDED -2, ...
  gi_iframe: array("ptr", 0), // an _PyInterpreterFrame
} as const;

/** `PyGenObject` of 3.11. */
export const generatorObject311 = { gi_code: "ptr", ...generatorTail } as const;

/** `PyGenObject` since 3.12. */
export const generatorObject312 = generatorTail;

/** What `PyCoroObject` has behind the generator's fields up to 3.10. */
export const coroutineTail = { cr_origin: "ptr" } as const;
