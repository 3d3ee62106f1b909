/* Starting frames in the middle.
 *
 * CPython makes frames for calls only, and how it makes them differs between versions. So a frame is started by calling
 * a function that does nothing through an evaluator that is in force for just this call: CPython pushes the frame, the
 * evaluator converts it and evaluates it, and CPython pops it. */
#include "hook/eval.h"

/* The start that this thread is about to make; set only between the call and its evaluation, without a break. */
typedef struct Start {
  PyFunctionObject* function;
  PyCodeObject* code;
  PyObject* const* slots;
  int slot_count;
  int unit;
  SegueEvaluator* slot;       /* the interpreter's evaluator... */
  SegueEvaluator previous;    /* ... and what to put back there */
  bool done;                  /* the slots' references have moved */
} Start;

static Start* pending = NULL; /* under the GIL */

static PyObject* evaluate_started(PyThreadState* ts, SegueFrame* frame, int throwflag) {
  Start* start = pending;
  pending = NULL;
  *start->slot = start->previous;
  segue_frame_set_function(frame, start->function);
  segue_frame_convert(ts, frame, start->code, start->slots, start->slot_count, start->unit);
  start->done = true;
  return segue_frame_evaluate(ts, frame, throwflag);
}

/* The function whose frames get converted; borrowed. Its code is never run. */
static PyObject* blank_function(void) {
  static PyObject* blank = NULL;
  if (blank != NULL) return blank;
  PyCodeObject* code = PyCode_NewEmpty("segue", "start", 1);
  PyObject* globals = PyDict_New();
  if (code != NULL && globals != NULL) {
    code->co_flags |= CO_OPTIMIZED | CO_NEWLOCALS;
    blank = PyFunction_New((PyObject*)code, globals);
  }
  Py_XDECREF(code);
  Py_XDECREF(globals);
  return blank;
}

PyObject* segue_frame_start(PyThreadState* ts, PyFunctionObject* function, PyCodeObject* code, PyObject* const* slots,
                            int slot_count, int unit) {
  PyObject* result = NULL;
  Start start = {.function = function, .code = code, .slots = slots, .slot_count = slot_count, .unit = unit};
  PyObject* blank = blank_function();
  if (blank != NULL && !segue_stack_exhausted()) {
    segue_code_reserve((PyCodeObject*)PyFunction_GET_CODE(blank), code);
    start.slot = segue_evaluator_slot(ts->interp);
    start.previous = *start.slot;
    *start.slot = evaluate_started;
    pending = &start;
    result = PyObject_CallNoArgs(blank);
    if (!start.done) { /* CPython could not make the frame */
      pending = NULL;
      *start.slot = start.previous;
    }
  }
  if (!start.done) {
    for (int i = 0; i < slot_count; i++) Py_XDECREF(slots[i]);
  }
  return result;
}
