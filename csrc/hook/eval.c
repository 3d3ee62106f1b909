#include "hook/eval.h"

#include <pthread.h>

#include "hook/monitoring.h"
#include "hook/probe.h"
#include "hook/quiet.h"

__thread SegueThread segue_thread __attribute__((tls_model("initial-exec"))) = {.plain_above = UINTPTR_MAX,
                                                                               .floor = UINTPTR_MAX};

/* Shared by all threads, under the GIL. */
PyInterpreterState* segue_home = NULL;
static SegueEvaluator* slot = NULL;         /* where it keeps its evaluator */
static SegueFrameHandler handler = NULL;    /* the driver's */
static int threads_in_extents = 0;          /* threads with extents > 0 */
static int suspended = 0;                   /* sum of the threads' suspensions, and 1 while a tool listens */
bool segue_listened = false;

#define STACK_ADDRESS() ((uintptr_t)__builtin_frame_address(0))

/* A thread whose stack cannot be asked for gets this much below its present depth. */
static const size_t kAssumedStack = 512 * 1024;

static void find_stack(SegueThread* t) {
  uintptr_t here = STACK_ADDRESS();
  void* low = NULL;
  size_t size = 0;
#ifdef __APPLE__
  size = pthread_get_stacksize_np(pthread_self());
  low = (char*)pthread_get_stackaddr_np(pthread_self()) - size;
#else
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    if (pthread_attr_getstack(&attributes, &low, &size) != 0) low = NULL;
    pthread_attr_destroy(&attributes);
  }
#endif
  t->low = low != NULL ? (uintptr_t)low : here - kAssumedStack;
  t->high = low != NULL ? t->low + size : here + kAssumedStack;
  t->half = t->low + (t->high - t->low) / 2;
  /* An eighth of the stack, at most 256 KiB, is kept for the C code of libraries that the last call may reach. */
  uintptr_t reserve = (t->high - t->low) / 8;
  t->floor = t->low + (reserve < 256 * 1024 ? reserve : 256 * 1024);
}

/* A closer look is due to every frame of a running extent; else only to frames deep in the stack. */
static void set_plain_above(SegueThread* t) {
  bool active = t->extents > 0 && t->pauses == 0;
  t->plain_above = active || t->low == 0 ? UINTPTR_MAX : t->half;
}

static PyObject* evaluate(PyThreadState* ts, SegueFrame* frame, int throwflag);

static void install(void) {
  if (*slot == NULL && suspended == 0) *slot = evaluate;
}

static void uninstall(void) {
  if (*slot == evaluate) *slot = NULL;
}

/* Without an evaluator until the frame ends, so that CPython inlines calls. */
static PyObject* evaluate_suspended(SegueThread* t, PyThreadState* ts, SegueFrame* frame, int throwflag) {
  t->suspensions++;
  suspended++;
  uninstall();
  PyObject* result = segue_frame_evaluate_default(ts, frame, throwflag);
  t->suspensions--;
  suspended--;
  if (threads_in_extents > 0) install();
  return result;
}

/* After a function of sys.monitoring, whoever called it: running frames are to call Python functions as plain ones do, and
 * tools see nothing of rewritten code. */
static void tools_changed(void) {
  bool listens = segue_tool_listens(PyThreadState_Get());
  if (listens) segue_quiet(segue_home);
  if (listens == segue_listened) return;
  if (!listens) segue_unquiet();
  segue_listened = listens;
  suspended += listens ? 1 : -1;
  if (listens) uninstall();
  if (!listens && threads_in_extents > 0) install();
}

/* The frame's callees are inlined again and CPython's own limits hold: nothing is lent, and of CPython's budget for
 * calls through C only the part is left that the rest of the stack is of the whole. */
static PyObject* evaluate_uninstalled(SegueThread* t, PyThreadState* ts, SegueFrame* frame, int throwflag) {
  uintptr_t here = STACK_ADDRESS();
  double used = here >= t->low && here < t->high ? (double)(t->high - here) / (double)(t->high - t->low) : 0.5;
  int withheld = segue_recursion_withhold(ts, used);
  PyObject* result = evaluate_suspended(t, ts, frame, throwflag);
  segue_recursion_give_back(ts, withheld);
  return result;
}

static PyObject* offer(PyThreadState* ts, SegueFrame* frame, const SegueFrameView* view) {
  PyObject* result = NULL;
  segue_hook_pause();
  SegueAction action = handler(frame, view, ts, &result);
  segue_hook_resume();
  switch (action) {
    case SEGUE_RUN_DEFAULT:
      break;
    case SEGUE_RUN_THROW:
      return segue_frame_evaluate(ts, frame, 1);
    case SEGUE_DONE:
    case SEGUE_ERROR:
      segue_frame_complete(ts, frame);
      return action == SEGUE_DONE ? result : NULL;
  }
  return segue_frame_evaluate(ts, frame, 0);
}

/* A frame of an extent, or one deep in the stack, or a thread's first. */
__attribute__((noinline)) static PyObject* evaluate_closely(SegueThread* t, PyThreadState* ts, SegueFrame* frame,
                                                            int throwflag) {
  if (t->low == 0) {
    find_stack(t);
    set_plain_above(t);
  }
  uintptr_t here = STACK_ADDRESS();
  if (here < t->half || here >= t->high) return evaluate_uninstalled(t, ts, frame, throwflag);
  /* Inlined calls and specialised generators report fewer events than calls through an evaluator. */
  if (segue_observed(ts)) return evaluate_suspended(t, ts, frame, throwflag);
  if (t->extents > 0 && t->pauses == 0 && handler != NULL && !throwflag) {
    SegueFrameView view = segue_frame_view(frame);
    if (view.fresh && (view.is_function || view.makes_generator)) return offer(ts, frame, &view);
  }
  return segue_frame_evaluate(ts, frame, throwflag);
}

static PyObject* evaluate(PyThreadState* ts, SegueFrame* frame, int throwflag) {
  SegueThread* t = &segue_thread;
  if (STACK_ADDRESS() >= t->plain_above) return segue_frame_evaluate(ts, frame, throwflag);
  return evaluate_closely(t, ts, frame, throwflag);
}

/* Of the parent's threads only the forking one is left. */
static void after_fork_in_child(void) {
  threads_in_extents = segue_thread.extents > 0;
  suspended = segue_thread.suspensions + (segue_listened ? 1 : 0);
  if (segue_home != NULL && threads_in_extents == 0) uninstall();
  if (segue_home != NULL && threads_in_extents > 0) install();
}

bool segue_require_main_interpreter(PyObject* error) {
  if (PyInterpreterState_Get() == PyInterpreterState_Main()) return true;
  PyErr_SetString(error, "Segue runs in the main interpreter only, and this is a subinterpreter");
  return false;
}

int segue_hook_init(void) {
  if (!segue_require_main_interpreter(PyExc_ImportError)) return -1;
  PyInterpreterState* interp = PyInterpreterState_Get();
  if (segue_home == interp) return 0;
  if (segue_frame_self_test() < 0 || segue_probe_init() < 0) return -1;
  if (pthread_atfork(NULL, NULL, after_fork_in_child) != 0) {
    PyErr_NoMemory();
    return -1;
  }
  if (segue_monitoring_init(tools_changed) < 0) return -1;
  segue_home = interp;
  slot = segue_evaluator_slot(interp);
  tools_changed();
  return 0;
}

SegueFrameHandler segue_set_frame_handler(SegueFrameHandler new_handler) {
  SegueFrameHandler previous = handler;
  handler = new_handler;
  return previous;
}

SegueExtent segue_extent_enter(PyThreadState* ts) {
  SegueThread* t = &segue_thread;
  (void)ts;
  if (*slot != evaluate) {
    if (*slot != NULL) return SEGUE_EXTENT_FOREIGN;
    install();
  }
  if (t->extents++ == 0) {
    threads_in_extents++;
    set_plain_above(t);
  }
  return SEGUE_EXTENT_ENTERED;
}

void segue_extent_leave(PyThreadState* ts) {
  (void)ts;
  SegueThread* t = &segue_thread;
  if (--t->extents > 0) return;
  set_plain_above(t);
  if (--threads_in_extents == 0) uninstall();
}

/* What was in force when it was taken out; one at a time, see probe.h. */
static SegueEvaluator taken_out = NULL;

bool segue_evaluator_take_out(PyThreadState* ts) {
  if (ts->interp != segue_home || (*slot != NULL && *slot != evaluate)) return false;
  taken_out = *slot;
  *slot = NULL;
  return true;
}

void segue_evaluator_put_back(PyThreadState* ts) {
  (void)ts;
  *slot = taken_out;
}

void segue_hook_pause(void) {
  segue_thread.pauses++;
  set_plain_above(&segue_thread);
}

void segue_hook_resume(void) {
  segue_thread.pauses--;
  set_plain_above(&segue_thread);
}

size_t segue_stack_left(void) {
  SegueThread* t = &segue_thread;
  if (t->low == 0) {
    find_stack(t);
    set_plain_above(t);
  }
  uintptr_t here = STACK_ADDRESS();
  return here >= t->low && here < t->high ? here - t->low : 0;
}

bool segue_stack_ends(void) {
  size_t left = segue_stack_left();
  if (left == 0 || left >= segue_thread.floor - segue_thread.low) return false;
  PyErr_SetString(PyExc_RecursionError, "maximum recursion depth exceeded");
  return true;
}
