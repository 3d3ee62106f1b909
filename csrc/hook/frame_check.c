/* The start-up self-test: what frame_31x.c and context.c assume of CPython, checked on frames of the running patch release.
 *
 * Three functions are called through a checking evaluator, which looks at the frames of two of them, completes one
 * without evaluating it and converts one. Facts are checked in an order in which a wrong layout is noticed before
 * anything is dereferenced that depends on it, as far as that can be done. */
#include "hook/frame.h"

#include <string.h>

#include "hook/context.h"

static const char kSource[] =
    "def inner(a, b=2, *rest, c, **names):\n"
    "    d = (a, b, rest, c, names)\n"
    "    return d\n"
    "def outer(x):\n"
    "    return inner(x, c=x)\n"
    "def other(y):\n"
    "    z = [y]\n"
    "    return z\n";

typedef enum Step { LOOK, COMPLETE, CONVERT } Step;

/* One self-test under way; it runs under the GIL and once at a time. */
static struct {
  PyThreadState* ts;          /* other threads' frames are passed on */
  Step step;                  /* what to do with inner's frame */
  PyObject* functions[3];     /* inner, outer, other; borrowed */
  PyObject* globals;          /* their globals; borrowed */
  PyObject* argument;         /* what outer was called with; borrowed */
  SegueFrame* outer_frame;    /* seen when outer was called */
  int recursion_left[2];      /* when inner and outer were called */
  int looked;                 /* frames looked at */
  const char* failed;         /* first fact that does not hold, or NULL */
} test;

#define FACT(condition, text)                            \
  do {                                                   \
    if (test.failed == NULL && !(condition)) test.failed = text; \
  } while (0)

bool segue_is_function_code(PyCodeObject* code) {
  const int function = CO_OPTIMIZED | CO_NEWLOCALS;
  return (code->co_flags & function) == function && !segue_is_generator_code(code);
}

bool segue_is_generator_code(PyCodeObject* code) {
  return (code->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) != 0;
}

static PyCodeObject* code_of(PyObject* function) { return (PyCodeObject*)PyFunction_GET_CODE(function); }

static void look_at_fresh(SegueFrame* frame, PyObject* function) {
  SegueFrameView view = segue_frame_view(frame);
  FACT(view.code == code_of(function), "a frame's code");
  FACT((PyObject*)view.function == function, "a frame's function");
  FACT(view.globals == test.globals, "a frame's globals");
  FACT(view.builtins == PyEval_GetBuiltins(), "a frame's builtins");
  FACT(view.owner == SEGUE_OWNER_THREAD, "a frame's owner");
  FACT(view.slot_count == code_of(function)->co_nlocalsplus, "the number of a frame's slots");
  FACT(view.stack_top == view.slot_count, "a frame's stack pointer");
  FACT(view.next_unit == 0, "a frame's instruction pointer");
  FACT(view.fresh && view.is_function, "a fresh frame");
  FACT(view.slots[0] == test.argument, "a frame's first slot");
  FACT((PyObject**)frame < view.slots && view.slots + view.slot_count < test.ts->datastack_top, "the data stack");
  test.looked++;
}

static void look_at_inner(SegueFrame* frame) {
  look_at_fresh(frame, test.functions[0]);
  PyObject** slots = segue_frame_view(frame).slots;
  FACT(PyLong_CheckExact(slots[1]) && slots[2] == test.argument, "bound arguments");
  FACT(PyTuple_CheckExact(slots[3]) && PyDict_CheckExact(slots[4]) && slots[5] == NULL, "collected arguments");
  SegueFrame* caller = segue_current_frame(test.ts);
  FACT(caller == test.outer_frame, "the current frame");
  if (test.failed != NULL) return;
  SegueFrameView view = segue_frame_view(caller);
  FACT(view.code == code_of(test.functions[1]) && !view.fresh && view.next_unit > 0, "a running frame");
}

/* other's frame, holding the argument twice: what [y] and y become. */
static void convert_inner(SegueFrame* frame) {
  PyCodeObject* code = code_of(test.functions[2]);
  if (!segue_frame_fits(test.ts, frame, code)) {
    FACT(false, "room on the data stack");
    return;
  }
  PyObject* slots[2] = {Py_NewRef(test.argument), NULL};
  segue_frame_convert(test.ts, frame, code, slots, 2, 0);
}

static PyObject* check(PyThreadState* ts, SegueFrame* frame, int throwflag) {
  if (ts != test.ts || test.failed != NULL) return segue_frame_evaluate_default(ts, frame, throwflag);
  PyObject* function = (PyObject*)segue_frame_view(frame).function;
  if (function == test.functions[1]) {
    test.outer_frame = frame;
    test.recursion_left[1] = segue_recursion_left(ts);
    look_at_fresh(frame, function);
  } else if (function == test.functions[0]) {
    test.recursion_left[0] = segue_recursion_left(ts);
    look_at_inner(frame);
    if (test.step == COMPLETE && test.failed == NULL) {
      segue_frame_complete(ts, frame);
      return Py_NewRef(Py_Ellipsis);
    }
    if (test.step == CONVERT && test.failed == NULL) convert_inner(frame);
  }
  return segue_frame_evaluate_default(ts, frame, throwflag);
}

/* Calls outer(argument) through the checking evaluator. A new reference, or NULL with an exception set. */
static PyObject* call_outer(Step step) {
  SegueEvaluator* slot = segue_evaluator_slot(test.ts->interp);
  SegueEvaluator previous = *slot;
  test.step = step;
  test.looked = 0;
  *slot = check;
  PyObject* result = PyObject_CallOneArg(test.functions[1], test.argument);
  if (*slot == check) *slot = previous;
  FACT(test.looked == 2, "the evaluator's slot");
  return result;
}

/* The value that outer returns in each step: what Python says inner returns, the completed value, what other returns. */
static bool is_expected(Step step, PyObject* result) {
  if (step == COMPLETE) return result == Py_Ellipsis;
  if (step == CONVERT) {
    return PyList_CheckExact(result) && PyList_GET_SIZE(result) == 1 && PyList_GET_ITEM(result, 0) == test.argument;
  }
  return PyTuple_CheckExact(result) && PyTuple_GET_SIZE(result) == 5 && PyTuple_GET_ITEM(result, 0) == test.argument;
}

static int run_steps(void) {
  for (Step step = LOOK; step <= CONVERT; step++) {
    PyObject** top = test.ts->datastack_top;
    int left = segue_recursion_left(test.ts);
    Py_ssize_t references = Py_REFCNT(test.argument);
    Py_ssize_t function_references = Py_REFCNT(test.functions[0]);
    PyObject* result = call_outer(step);
    if (result == NULL) return -1;
    FACT(is_expected(step, result), step == LOOK ? "a call's value" : "a completed or converted frame's value");
    Py_DECREF(result);
    FACT(Py_REFCNT(test.argument) == references, "references of a frame's slots");
    FACT(Py_REFCNT(test.functions[0]) == function_references, "references of a frame's function");
    FACT(test.ts->datastack_top == top, "the data stack after a call");
    FACT(segue_recursion_left(test.ts) == left, "the recursion limit's count after a call");
  }
  int loan = test.recursion_left[1] - test.recursion_left[0] - segue_inlined_call_cost();
  FACT(loan >= 0 && loan <= 16, "the recursion limit's count");
  segue_set_recursion_loan(test.failed == NULL ? loan : 0);
  return 0;
}

/* Defines the functions and runs the steps; the namespace owns everything that `test` borrows. */
static int run_in_namespace(PyObject* names) {
  if (PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) < 0) return -1;
  PyObject* done = PyRun_String(kSource, Py_file_input, names, names);
  if (done == NULL) return -1;
  Py_DECREF(done);
  static const char* const kNames[3] = {"inner", "outer", "other"};
  for (int i = 0; i < 3; i++) {
    test.functions[i] = PyDict_GetItemString(names, kNames[i]);
    if (test.functions[i] == NULL) return -1;
  }
  test.globals = names;
  test.argument = PyList_New(0);
  if (test.argument == NULL) return -1;
  int status = run_steps();
  Py_CLEAR(test.argument);
  return status;
}

int segue_frame_self_test(void) {
  memset(&test, 0, sizeof test);
  test.ts = PyThreadState_Get();
  PyObject* names = PyDict_New();
  if (names == NULL) return -1;
  /* Observers of the importing program have nothing to see here. */
  PyThreadState_EnterTracing(test.ts);
  int status = run_in_namespace(names);
  PyThreadState_LeaveTracing(test.ts);
  Py_DECREF(names);
  if (status == 0 && test.failed == NULL) test.failed = segue_context_self_test();
  if (status == 0 && PyErr_Occurred()) status = -1;
  if (status == 0 && test.failed != NULL) {
    PyErr_Format(PyExc_ImportError, "Segue does not know the insides of this CPython (%s): %s is not what it should be",
                 Py_GetVersion(), test.failed);
    status = -1;
  }
  memset(&test, 0, sizeof test);
  return status;
}
