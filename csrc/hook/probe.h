/* Probes: where a running frame can be made to go on elsewhere, with other locals and another value stack.
 *
 * Model. CPython's evaluation loop keeps a running frame's position and stack pointer in registers, so a C function that
 * the frame calls cannot move them. There is one exception: when a *Python* function that the loop has inlined returns,
 * code, position and stack pointer are read from the caller's frame in memory. A probe is such a call, written into
 * rewritten code (f', made in codegen/splice) as the expression
 *
 *     (~probe)()
 *
 * where `probe` is a constant of the code. The inversion takes our evaluator out of the interpreter, since CPython inlines
 * no calls while there is one, and gives the *visit* function. That one's code has three instructions: load a probe, negate
 * it, return the value. The negation puts the evaluator back and asks the *probe handler*, which may move the calling
 * frame (segue_frame_move); its value is what the expression gives there.
 *
 * Nothing can come between the inversion and the move: CPython looks at signals and gives up the GIL at calls of C
 * functions, at backward jumps and in RESUME, and there is none of these. Having no RESUME, the visit function's frame is
 * incomplete for all of its life, so neither tracebacks nor sys._getframe show it.
 *
 * The handler is not asked, and the inversion gives the probe itself, whose call gives None and which no profiler sees (it is
 * no built-in function), while the thread is observed (sys.settrace, sys.setprofile,
 * sys.monitoring), while the hook is paused, while another evaluator is installed, and at the ends of the recursion limit
 * and of the C stack.
 *
 * Requirements
 *  1. segue_hook_init has succeeded. No extent is needed: generators made in one go on with their probes.
 *  2. The handler moves the frame only as its last act, or not at all.
 *  3. The code around a probe has room for two more values on its stack.
 */
#pragma once

#include "hook/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A constant of rewritten code. */
typedef struct SegueProbe {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  void* site;               /* the owner's; NULL: the probe is idle for good */
  void (*free_site)(void*); /* called with it when the probe dies; may be NULL */
} SegueProbe;

/* Asked when `frame` gets to the probe. The value of the probe's expression (a new reference), or NULL with an exception
 * set, which is then raised where the frame stands. */
typedef PyObject* (*SegueProbeHandler)(SegueProbe* probe, SegueFrame* frame, PyThreadState* ts);

/* Creates the types and the visit function. Part of segue_hook_init: 0, or -1 with an exception set. */
int segue_probe_init(void);

/* NULL (the start): all probes are idle. Returns the previous handler. */
SegueProbeHandler segue_set_probe_handler(SegueProbeHandler handler);

/* A new reference, or NULL with MemoryError set; `site` is then still the caller's. */
PyObject* segue_probe_new(void* site, void (*free_site)(void*));

/* Opens (skip 0) or closes a probe's gate in place: the instruction at `unit` becomes NOP, or a jump over `skip` units. The
 * code may be running. */
void segue_probe_set_gate(PyCodeObject* code, int unit, int skip);

/* An object whose negation starts a frame in the middle (segue_frame_start) and gives what that call returns. It goes onto
 * the stack of a frame that leaves into a call, where the result belongs. NULL with MemoryError set on failure. */
PyObject* segue_resumption_new(int slot_count);
/* Fills it in. Takes over `slots`' references; cannot fail. Used once. */
void segue_resumption_set(PyObject* resumption, PyFunctionObject* function, PyCodeObject* code, PyObject* const* slots,
                          int unit);

#ifdef __cplusplus
}
#endif
