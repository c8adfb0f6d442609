/*
 * Which Python code is running: the interpreter's own frame structures, read in place.
 *
 * The walk goes from the innermost frame outwards and is compared with the walk before it; only
 * frames that differ are looked up in the table of stacks, so an event in a loop costs a few loads
 * for each frame. Nothing is allocated and no reference is taken.
 */
#define _GNU_SOURCE
#include "recorder.h"
#include "frame_offsets.h"
#include <pthread.h>
#include <string.h>

#define MAX_DEPTH (1u << 16)    /* outer frames beyond this are left out */

typedef struct { char *code; uintptr_t instruction; uint32_t node; } ShadowFrame;

static ShadowFrame *shadow, *walked;  /* shadow: outermost first; walked: innermost first */
static uint32_t shadow_depth;
static FrameOffsets at;
static void *no_word;
CodeLayout code_layout;

#define POINTER(base, offset) (*(char *const volatile *)((base) + (offset)))
#define WORD(base, offset) (*(const volatile uint64_t *)((base) + (offset)))
#define INT32(base, offset) (*(const volatile int32_t *)((base) + (offset)))

void frames_forget_shadow(void) { shadow_depth = 0; }

static inline char *innermost_frame(char *thread_state)
{
    char *p = POINTER(thread_state, at.tstate_frame);
    if (at.frames == FRAMES_CFRAME) return p ? POINTER(p, at.cframe_current) : NULL;
    return p;
}

static inline int has_code(char *frame)
{
    return at.owner_c_stack < 0 || *(frame + at.frame_owner) != at.owner_c_stack;
}

static inline uintptr_t instruction_of(char *frame)
{
    return at.frames <= FRAMES_OBJECT_UNITS ? (uintptr_t)(uint32_t)INT32(frame, at.frame_instruction)
                                            : (uintptr_t)WORD(frame, at.frame_instruction);
}

/* Byte offset of the instruction inside the code, plus 2: before its first instruction a frame is at 0. */
static inline uint32_t instruction_offset(const ShadowFrame *f)
{
    if (at.frames == FRAMES_OBJECT_BYTES) return (uint32_t)((int32_t)f->instruction + 2) & ~1u;
    if (at.frames == FRAMES_OBJECT_UNITS) return (uint32_t)((int32_t)f->instruction * 2 + 2);
    return (uint32_t)(f->instruction - (uintptr_t)(f->code + at.code_instructions) + 2);
}

static inline uint32_t node_of(uint32_t parent, const ShadowFrame *f)
{
    uint32_t code = tables_code(f->code);
    return code ? tables_node(parent, code, instruction_offset(f)) : parent;
}

static inline uint32_t capture_innermost(char *frame)
{
    while (frame && !has_code(frame)) frame = POINTER(frame, at.frame_previous);
    if (frame == NULL) return 0;
    walked[0].code = POINTER(frame, at.frame_code);
    walked[0].instruction = instruction_of(frame);
    if (shadow_depth == 1 && shadow[0].code == walked[0].code && shadow[0].instruction == walked[0].instruction)
        return shadow[0].node;
    shadow[0] = walked[0];
    shadow_depth = 1;
    return shadow[0].node = node_of(0, &shadow[0]);
}

static inline uint32_t capture_full(char *frame)
{
    uint32_t depth = 0, known = 0, common;
    for (; frame && depth < MAX_DEPTH; frame = POINTER(frame, at.frame_previous)) {
        if (!has_code(frame)) continue;
        walked[depth].code = POINTER(frame, at.frame_code);
        walked[depth].instruction = instruction_of(frame);
        depth++;
    }
    if (depth == 0) return 0;
    common = depth < shadow_depth ? depth : shadow_depth;
    while (known < common && shadow[known].instruction == walked[depth - 1 - known].instruction
           && shadow[known].code == walked[depth - 1 - known].code) known++;
    if (known < depth) {
        uint32_t node = known ? shadow[known - 1].node : 0;
        for (; known < depth; known++) {
            shadow[known] = walked[depth - 1 - known];
            shadow[known].node = node = node_of(node, &shadow[known]);
        }
    }
    shadow_depth = depth;
    return shadow[depth - 1].node;
}

/*
 * The stack id of the calling thread. `only_own_thread`: the GIL may not be held, and up to 3.11
 * "the current thread state" is then somebody else's.
 */
uint32_t frames_capture(void *thread_state, int only_own_thread)
{
    char *ts = thread_state;
    if (only_own_thread && (uintptr_t)WORD(ts, at.tstate_thread_id) != (uintptr_t)pthread_self()) return 0;
    return state.stacks == STACKS_INNERMOST ? capture_innermost(innermost_frame(ts)) : capture_full(innermost_frame(ts));
}

/*
 * Which pymalloc state the thread allocates from: 0 is the main interpreter's; from 3.12 on others may
 * own one, which goes by the number of its interpreter. Numbers are not used again, addresses are.
 */
uint32_t frames_heap_of(void *thread_state)
{
    enum { USE_MAIN_OBMALLOC = 1 << 5 };  /* Py_RTFLAGS_USE_MAIN_OBMALLOC, Include/cpython/pystate.h */
    static uintptr_t main_heap;
    uintptr_t heap;
    uint32_t number;
    char *interpreter;
    if (thread_state == NULL || at.heap == HEAP_SHARED || at.minor == 0) return 0;
    interpreter = POINTER((char *)thread_state, at.tstate_interp);
    if (interpreter == NULL) return 0;
    number = (uint32_t)WORD(interpreter, at.interp_id);
    heap = (uintptr_t)WORD(interpreter, at.interp_heap);
    if (number == 0) { main_heap = heap; return 0; }
    /* An interpreter that has not been told yet which one it is to use: the next event asks again. */
    if (heap == 0) state.context_thread_state = &state;
    if (at.heap == HEAP_BY_FLAG) return heap & USE_MAIN_OBMALLOC ? 0 : number;
    return heap == 0 || heap == main_heap ? 0 : number;
}

/* NULL where the layout is not known. */
void *frames_interpreter_of(void *thread_state)
{
    return thread_state == NULL || at.minor == 0 ? NULL : POINTER((char *)thread_state, at.tstate_interp);
}

/* `_Py_DebugOffsets` of 3.13: cookie, version, free_threaded, then structs of 64-bit offsets. */
static void prefer_published(const uint64_t *published)
{
    enum { FINALIZING = 4, INTERP_ID = 7, TSTATE_INTERP = 22, CURRENT_FRAME = 23, THREAD_ID = 24,
           FRAME_PREVIOUS = 29, EXECUTABLE = 30, INSTRUCTION = 31, OWNER = 33,
           CODE_FILENAME = 35, CODE_QUALNAME = 37, CODE_LINETABLE = 38, CODE_FIRSTLINE = 39, CODE_ADAPTIVE = 43 };
    at.runtime_finalizing = (int)published[FINALIZING];
    at.interp_id = (int)published[INTERP_ID];
    at.tstate_interp = (int)published[TSTATE_INTERP];
    at.tstate_frame = (int)published[CURRENT_FRAME];
    at.tstate_thread_id = (int)published[THREAD_ID];
    at.frame_previous = (int)published[FRAME_PREVIOUS];
    at.frame_code = (int)published[EXECUTABLE];
    at.frame_instruction = (int)published[INSTRUCTION];
    at.frame_owner = (int)published[OWNER];
    at.code_filename = (int)published[CODE_FILENAME];
    at.code_name = (int)published[CODE_QUALNAME];
    at.code_line_table = (int)published[CODE_LINETABLE];
    at.code_first_line = (int)published[CODE_FIRSTLINE];
    at.code_instructions = (int)published[CODE_ADAPTIVE];
}

/* Chooses the offsets of this interpreter; 0 when it has none that were tried. */
int frames_prepare(void)
{
    size_t i;
    state.finalizing = (void *const volatile *)&no_word;
    if (python.runtime == NULL || sizeof(void *) != 8) return 0;
    for (i = 0; i < sizeof frame_offsets / sizeof frame_offsets[0]; i++)
        if (frame_offsets[i].minor == python.minor) at = frame_offsets[i];
    if (at.minor == 0) return 0;
    state.one_heap = at.heap == HEAP_SHARED;
    if (at.frames == FRAMES_DIRECT && memcmp(python.runtime, "xdebugpy", 8) == 0) prefer_published((const uint64_t *)python.runtime);
    state.finalizing = (void *const volatile *)(python.runtime + at.runtime_finalizing);
    code_layout = (CodeLayout){at.code_filename, at.code_name, at.code_first_line, at.code_line_table,
                               at.code_instructions, at.line_table_kind, at.ascii_data, at.compact_data};
    shadow = pages_alloc(MAX_DEPTH * sizeof *shadow);
    walked = pages_alloc(MAX_DEPTH * sizeof *walked);
    return shadow != NULL && walked != NULL;
}
