/* What a thread's state says from CPython 3.12 on: the recursion budget, and who observes the thread. */
#define Py_BUILD_CORE 1
#include "hook/frame.h"

#if PY_VERSION_HEX >= 0x030C0000

#include "hook/eval.h"
#include "internal/pycore_ceval.h"

/* Evaluators are charged to a budget of their own, which inlined calls do not touch. */
static int recursion_loan = 0;

int segue_recursion_left(PyThreadState* ts) { return ts->c_recursion_remaining; }
int segue_inlined_call_cost(void) { return 0; }
int segue_python_calls_left(PyThreadState* ts) { return ts->py_recursion_remaining; }
void segue_set_recursion_loan(int loan) { recursion_loan = loan; }
void segue_recursion_lend(PyThreadState* ts) { ts->c_recursion_remaining += recursion_loan; }
void segue_recursion_return(PyThreadState* ts) { ts->c_recursion_remaining -= recursion_loan; }

int segue_recursion_withhold(PyThreadState* ts, double part) {
  int withheld = ts->c_recursion_remaining > 0 ? (int)(part * ts->c_recursion_remaining) : 0;
  ts->c_recursion_remaining -= withheld;
  return withheld;
}
void segue_recursion_give_back(PyThreadState* ts, int withheld) { ts->c_recursion_remaining += withheld; }

PyObject* segue_frame_evaluate(PyThreadState* ts, SegueFrame* frame, int throwflag) {
  ts->c_recursion_remaining += recursion_loan;
  PyObject* result = _PyEval_EvalFrameDefault(ts, frame, throwflag);
  ts->c_recursion_remaining -= recursion_loan;
  return result;
}

bool segue_observed(PyThreadState* ts) { return segue_listened || ts->c_tracefunc != NULL || ts->c_profilefunc != NULL; }

#endif
