/* What a thread's state says from CPython 3.12 on: the recursion budget, and who observes the thread. */
#define Py_BUILD_CORE 1
#include "hook/frame.h"

#if PY_VERSION_HEX >= 0x030C0000

#include "internal/pycore_ceval.h"
#include "internal/pycore_interp.h"

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

/* A tool listens once it has a name and a callback for some event. Which code objects its local events are set on is
 * not looked at: a callee's would matter as much as this frame's. */
__attribute__((noinline)) static bool some_tool_listens(PyInterpreterState* interp) {
  for (int tool = 0; tool < PY_MONITORING_SYS_PROFILE_ID; tool++) {
    if (interp->monitoring_tool_names[tool] == NULL) continue;
    for (int event = 0; event < _PY_MONITORING_EVENTS; event++) {
      if (interp->monitoring_callables[tool][event] != NULL) return true;
    }
  }
  return false;
}

/* Every call asks this, so the usual answer takes no branches of its own: ids 0 to 5 are the tools'. */
bool segue_observed(PyThreadState* ts) {
  _Static_assert(PY_MONITORING_SYS_PROFILE_ID == 6, "the ids that sys.monitoring gives to tools");
  PyObject** names = ts->interp->monitoring_tool_names;
  uintptr_t tools = (uintptr_t)names[0] | (uintptr_t)names[1] | (uintptr_t)names[2] | (uintptr_t)names[3] |
                    (uintptr_t)names[4] | (uintptr_t)names[5];
  uintptr_t tracers = (uintptr_t)ts->c_tracefunc | (uintptr_t)ts->c_profilefunc;
  if ((tools | tracers) == 0) return false;
  return tracers != 0 || some_tool_listens(ts->interp);
}

#endif
