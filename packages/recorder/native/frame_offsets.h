/*
 * Where CPython keeps what the recorder reads, as data: byte offsets on lp64 release builds.
 *
 * Taken with offsetof from each version's installed headers and tried on running interpreters.
 * A field that a version does not have is -1. From 3.13 the interpreter publishes most of these
 * itself (`_Py_DebugOffsets` at the start of `_PyRuntime`); frames.c prefers what is published.
 * `code_name` is the qualified name from 3.11 on, the plain name before.
 */
#ifndef OBMALLOC_FRAME_OFFSETS_H
#define OBMALLOC_FRAME_OFFSETS_H

/* How a thread leads to its innermost frame, and how a frame names its instruction. */
enum {
    FRAMES_OBJECT_BYTES,   /* PyFrameObject, f_lasti in bytes          (3.7 to 3.9) */
    FRAMES_OBJECT_UNITS,   /* PyFrameObject, f_lasti in 2-byte units   (3.10)       */
    FRAMES_CFRAME,         /* _PyCFrame, _PyInterpreterFrame           (3.11, 3.12) */
    FRAMES_DIRECT          /* PyThreadState.current_frame              (3.13)       */
};

enum { LINES_LNOTAB = 1, LINES_LINETABLE_310 = 2, LINES_LOCATIONS = 3 };

/* How an interpreter's pymalloc state is told from another's. */
enum { HEAP_SHARED, HEAP_BY_FLAG /* 3.12 */, HEAP_BY_POINTER /* 3.13 */ };

typedef struct {
    int minor;
    int frames;
    int tstate_interp, tstate_thread_id, tstate_frame;
    int cframe_current;
    int frame_previous, frame_code, frame_instruction, frame_owner;
    int owner_c_stack;      /* frames with this owner have no code */
    int code_filename, code_name, code_first_line, code_line_table, code_instructions;
    int line_table_kind;
    int ascii_data, compact_data;  /* sizeof PyASCIIObject, PyCompactUnicodeObject */
    int runtime_finalizing;
    int heap, interp_heap, interp_id;  /* HEAP_*, offsets in PyInterpreterState: feature_flags or obmalloc, id */
} FrameOffsets;

static const FrameOffsets frame_offsets[] = {
    {.minor = 7, .frames = FRAMES_OBJECT_BYTES,
     .tstate_interp = 16, .tstate_thread_id = 176, .tstate_frame = 24, .cframe_current = -1,
     .frame_previous = 24, .frame_code = 32, .frame_instruction = 104, .frame_owner = -1, .owner_c_stack = -1,
     .code_filename = 96, .code_name = 104, .code_first_line = 36, .code_line_table = 112, .code_instructions = -1,
     .line_table_kind = LINES_LNOTAB, .ascii_data = 48, .compact_data = 72,
     .runtime_finalizing = 8, .heap = HEAP_SHARED, .interp_heap = -1},
    {.minor = 8, .frames = FRAMES_OBJECT_BYTES,
     .tstate_interp = 16, .tstate_thread_id = 176, .tstate_frame = 24, .cframe_current = -1,
     .frame_previous = 24, .frame_code = 32, .frame_instruction = 104, .frame_owner = -1, .owner_c_stack = -1,
     .code_filename = 104, .code_name = 112, .code_first_line = 40, .code_line_table = 120, .code_instructions = -1,
     .line_table_kind = LINES_LNOTAB, .ascii_data = 48, .compact_data = 72,
     .runtime_finalizing = 16, .heap = HEAP_SHARED, .interp_heap = -1},
    {.minor = 9, .frames = FRAMES_OBJECT_BYTES,
     .tstate_interp = 16, .tstate_thread_id = 176, .tstate_frame = 24, .cframe_current = -1,
     .frame_previous = 24, .frame_code = 32, .frame_instruction = 104, .frame_owner = -1, .owner_c_stack = -1,
     .code_filename = 104, .code_name = 112, .code_first_line = 40, .code_line_table = 120, .code_instructions = -1,
     .line_table_kind = LINES_LNOTAB, .ascii_data = 48, .compact_data = 72,
     .runtime_finalizing = 16, .heap = HEAP_SHARED, .interp_heap = -1},
    {.minor = 10, .frames = FRAMES_OBJECT_UNITS,
     .tstate_interp = 16, .tstate_thread_id = 176, .tstate_frame = 24, .cframe_current = -1,
     .frame_previous = 24, .frame_code = 32, .frame_instruction = 96, .frame_owner = -1, .owner_c_stack = -1,
     .code_filename = 104, .code_name = 112, .code_first_line = 40, .code_line_table = 120, .code_instructions = -1,
     .line_table_kind = LINES_LINETABLE_310, .ascii_data = 48, .compact_data = 72,
     .runtime_finalizing = 16, .heap = HEAP_SHARED, .interp_heap = -1},
    {.minor = 11, .frames = FRAMES_CFRAME,
     .tstate_interp = 16, .tstate_thread_id = 152, .tstate_frame = 56, .cframe_current = 8,
     .frame_previous = 48, .frame_code = 32, .frame_instruction = 56, .frame_owner = 69, .owner_c_stack = -1,
     .code_filename = 112, .code_name = 128, .code_first_line = 72, .code_line_table = 136, .code_instructions = 184,
     .line_table_kind = LINES_LOCATIONS, .ascii_data = 48, .compact_data = 72,
     .runtime_finalizing = 24, .heap = HEAP_SHARED, .interp_heap = -1},
    {.minor = 12, .frames = FRAMES_CFRAME,
     .tstate_interp = 16, .tstate_thread_id = 136, .tstate_frame = 56, .cframe_current = 0,
     .frame_previous = 8, .frame_code = 0, .frame_instruction = 56, .frame_owner = 70, .owner_c_stack = 3,
     .code_filename = 112, .code_name = 128, .code_first_line = 68, .code_line_table = 136, .code_instructions = 192,
     .line_table_kind = LINES_LOCATIONS, .ascii_data = 40, .compact_data = 56,
     .runtime_finalizing = 24, .heap = HEAP_BY_FLAG, .interp_heap = 1712, .interp_id = 8},
    {.minor = 13, .frames = FRAMES_DIRECT,
     .tstate_interp = 16, .tstate_thread_id = 152, .tstate_frame = 72, .cframe_current = -1,
     .frame_previous = 8, .frame_code = 0, .frame_instruction = 56, .frame_owner = 70, .owner_c_stack = 3,
     .code_filename = 112, .code_name = 128, .code_first_line = 68, .code_line_table = 136, .code_instructions = 200,
     .line_table_kind = LINES_LOCATIONS, .ascii_data = 40, .compact_data = 56,
     .runtime_finalizing = 608, .heap = HEAP_BY_POINTER, .interp_heap = 10800, .interp_id = 7272},
};

#endif
