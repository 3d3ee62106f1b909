/* The PEP 523 hook: sees Python frames start, during extents only.
 *
 * Model. An *extent* is a stretch of one thread's execution in which Segue may take over frames (a compiled call). Each
 * thread counts its nested extents. The first extent of any thread installs our evaluator in the interpreter and the
 * last one takes it out, so code outside compiled calls runs on CPython's own evaluator and pays nothing. The evaluator
 * is the interpreter's, so other threads' frames pass through it meanwhile: they pay one thread-local test.
 *
 * A fresh function frame of a thread inside an extent is offered to the *frame handler*, which the driver installs:
 * the hook knows nothing of the compiler. The handler is not called
 *   - for class-body and module frames, and for those of generators and coroutines that have been made: the call that
 *     makes one is offered;
 *   - while tracing, profiling or monitoring is active on the thread: frames that start then run without an evaluator;
 *   - while the hook is paused on the thread. The hook pauses itself around the handler, so Python code that the
 *     compiler or a plan runs is plain CPython;
 *   - below a frame where half of the C stack is used up. From there on the evaluator is taken out until that frame
 *     ends: CPython's inlined calls use no C stack, so deep recursion works as in plain code. (Extents entered
 *     meanwhile, by any thread, run eagerly.)
 *
 * Requirements
 *  1. segue_hook_init has succeeded once. All functions need the GIL.
 *  2. Enter and leave pair up on one thread, also when the code between raises.
 *  3. Another evaluator, found at entry, is left alone (SEGUE_EXTENT_FOREIGN); one installed over ours during an extent
 *     is never overwritten.
 *  4. Extents belong to the main interpreter. Elsewhere Segue is not imported, and nothing of it is called.
 *  5. After fork() the child counts the forking thread's extents only.
 */
#pragma once

#include "hook/frame.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum SegueAction {
  SEGUE_RUN_DEFAULT = 0, /* evaluate the frame as it now stands (untouched, or converted to f') */
  SEGUE_RUN_THROW,       /* evaluate, raising the current exception at the frame's next instruction */
  SEGUE_DONE,            /* *result is the call's value (a new reference); the hook completes the frame */
  SEGUE_ERROR            /* the current exception ends the call, before the frame's first line (its traceback does not
                            name the frame); the hook completes the frame */
} SegueAction;

/* Offered a fresh function frame. Must not evaluate or complete it; may convert it. */
typedef SegueAction (*SegueFrameHandler)(SegueFrame* frame, const SegueFrameView* view, PyThreadState* ts, PyObject** result);

/* The interpreter that imported Segue; NULL before segue_hook_init. */
extern PyInterpreterState* segue_home __attribute__((visibility("hidden")));
/* False, with `error` set, in a subinterpreter. */
bool segue_require_main_interpreter(PyObject* error);

/* Whether a tool of sys.monitoring listens in that interpreter: there is no evaluator meanwhile. */
extern bool segue_listened __attribute__((visibility("hidden")));

typedef enum SegueExtent {
  SEGUE_EXTENT_ENTERED = 0, /* leave it with segue_extent_leave */
  SEGUE_EXTENT_FOREIGN      /* not entered: another PEP 523 evaluator is installed */
} SegueExtent;

/* What the hook knows of one thread. Public only for the inline functions below. */
typedef struct SegueThread {
  uintptr_t plain_above; /* frames evaluated at or above this stack address are CPython's at once: the one test that a
                            thread outside an extent pays. UINTPTR_MAX while the thread needs a closer look. */
  uintptr_t floor;       /* calls through C end below it; UINTPTR_MAX until the bounds have been asked for */
  uintptr_t low;         /* the C stack's lowest address; 0 until then */
  uintptr_t high;        /* just past its highest */
  uintptr_t half;        /* below it the evaluator is taken out */
  int extents;           /* nested extents */
  int pauses;            /* nested pauses */
  int suspensions;       /* frames below `half`, or observed, for which the evaluator is out */
} SegueThread;
extern __thread SegueThread segue_thread __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Runs the frame self-test and remembers the interpreter. Returns 0, or -1 with ImportError set. */
int segue_hook_init(void);

/* The handler for frames of extents; NULL (the start) evaluates every frame as CPython does. Returns the previous. */
SegueFrameHandler segue_set_frame_handler(SegueFrameHandler handler);

SegueExtent segue_extent_enter(PyThreadState* ts);
void segue_extent_leave(PyThreadState* ts);
/* Extents that this thread is in. */
static inline int segue_extent_depth(void) { return segue_thread.extents; }

/* Takes the evaluator out of the interpreter for a call that CPython is to inline, and puts it back as soon as that has
 * begun (hook/probe.h). False, and nothing has happened, where another evaluator or another interpreter is concerned. */
bool segue_evaluator_take_out(PyThreadState* ts);
void segue_evaluator_put_back(PyThreadState* ts);

/* Pauses nest, per thread; a paused thread's frames run as plain CPython. */
void segue_hook_pause(void);
void segue_hook_resume(void);
static inline bool segue_hook_paused(void) { return segue_thread.pauses > 0; }

/* Starts a frame of `function` in the middle, on top of the current frame, and returns what the call returns (a new
 * reference, or NULL with an exception set): `code`, `slots`, `slot_count` and `unit` are as for segue_frame_convert, whose
 * references move even when this fails. Needs no extent. */
PyObject* segue_frame_start(PyThreadState* ts, PyFunctionObject* function, PyCodeObject* code, PyObject* const* slots,
                            int slot_count, int unit);

/* Bytes of C stack left below the caller. 0 when the caller runs on a stack that is not the thread's own. */
size_t segue_stack_left(void);
/* Sets RecursionError and returns true when too little C stack is left for another call through C. */
bool segue_stack_ends(void);
/* The address below which that is so, for a quick look. */
static inline uintptr_t segue_stack_floor(void) { return segue_thread.floor == UINTPTR_MAX ? 0 : segue_thread.floor; }
static inline bool segue_stack_exhausted(void) {
  return (uintptr_t)__builtin_frame_address(0) < segue_thread.floor && segue_stack_ends();
}

#ifdef __cplusplus
}
#endif
