/* CPython 3.11's frames. See frame.h for what each function promises. */
#define Py_BUILD_CORE 1
#include "hook/frame.h"

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000

#include "internal/pycore_frame.h"
#include "internal/pycore_interp.h"

/* Words that a frame of `code` takes on the data stack. */
static Py_ssize_t frame_size(PyCodeObject* code) {
  return code->co_nlocalsplus + code->co_stacksize + (Py_ssize_t)FRAME_SPECIALS_SIZE;
}

SegueFrameView segue_frame_view(SegueFrame* frame) {
  PyCodeObject* code = frame->f_code;
  bool thread_owned = frame->owner == FRAME_OWNED_BY_THREAD;
  int next_unit = (int)(frame->prev_instr + 1 - _PyCode_CODE(code));
  return (SegueFrameView){
      .code = code,
      .function = frame->f_func,
      .globals = frame->f_globals,
      .builtins = frame->f_builtins,
      .slots = frame->localsplus,
      .slot_count = code->co_nlocalsplus,
      .stack_top = frame->stacktop,
      .next_unit = next_unit,
      .owner = (SegueFrameOwner)frame->owner,
      .fresh = thread_owned && next_unit == 0 && frame->stacktop == code->co_nlocalsplus,
      .is_function = thread_owned && segue_is_function_code(code),
      .makes_generator = thread_owned && segue_is_generator_code(code),
  };
}

SegueFrame* segue_current_frame(PyThreadState* ts) { return ts->cframe->current_frame; }

SegueFrame* segue_frame_caller(SegueFrame* frame) { return frame->previous; }

PyObject* segue_frame_evaluate_default(PyThreadState* ts, SegueFrame* frame, int throwflag) {
  return _PyEval_EvalFrameDefault(ts, frame, throwflag);
}

/* 3.11 counts an evaluator's call like a Python call of its own. */
static int recursion_loan = 0;

int segue_recursion_left(PyThreadState* ts) { return ts->recursion_remaining; }
int segue_inlined_call_cost(void) { return 1; }
void segue_set_recursion_loan(int loan) { recursion_loan = loan; }
void segue_recursion_lend(PyThreadState* ts) { ts->recursion_remaining += recursion_loan; }
void segue_recursion_return(PyThreadState* ts) { ts->recursion_remaining -= recursion_loan; }

/* 3.11 has no budget for calls through C. */
int segue_recursion_withhold(PyThreadState* ts, double part) {
  (void)ts;
  (void)part;
  return 0;
}
void segue_recursion_give_back(PyThreadState* ts, int withheld) {
  (void)ts;
  (void)withheld;
}

PyObject* segue_frame_evaluate(PyThreadState* ts, SegueFrame* frame, int throwflag) {
  ts->recursion_remaining += recursion_loan;
  PyObject* result = _PyEval_EvalFrameDefault(ts, frame, throwflag);
  ts->recursion_remaining -= recursion_loan;
  return result;
}

/* On 3.11 the evaluator's caller clears and pops the frame. */
void segue_frame_complete(PyThreadState* ts, SegueFrame* frame) {
  (void)ts;
  (void)frame;
}

bool segue_frame_fits(PyThreadState* ts, SegueFrame* frame, PyCodeObject* code) {
  return (PyObject**)frame + frame_size(code) < ts->datastack_limit;
}

void segue_frame_move(SegueFrame* frame, PyCodeObject* code, PyObject* const* slots, int slot_count, int unit) {
  int old_count = frame->stacktop;
  PyObject* old[old_count + 1];
  memcpy(old, frame->localsplus, (size_t)old_count * sizeof(PyObject*));
  old[old_count] = (PyObject*)frame->f_code;
  frame->f_code = (PyCodeObject*)Py_NewRef(code);
  for (int i = 0; i < slot_count; i++) frame->localsplus[i] = slots[i];
  frame->stacktop = slot_count;
  frame->prev_instr = _PyCode_CODE(code) + unit - 1;
  for (int i = 0; i <= old_count; i++) Py_XDECREF(old[i]);
}

void segue_frame_convert(PyThreadState* ts, SegueFrame* frame, PyCodeObject* code, PyObject* const* slots,
                         int slot_count, int unit) {
  ts->datastack_top = (PyObject**)frame + frame_size(code);
  segue_frame_move(frame, code, slots, slot_count, unit);
}

bool segue_frame_returns_inline(SegueFrame* frame) { return !frame->is_entry; }

bool segue_frame_is_held(SegueFrame* frame) {
  return frame->frame_obj != NULL && Py_REFCNT(frame->frame_obj) > 1;
}

int segue_python_calls_left(PyThreadState* ts) { return ts->recursion_remaining; }

void segue_code_reserve(PyCodeObject* code, PyCodeObject* larger) {
  Py_ssize_t missing = frame_size(larger) - frame_size(code);
  if (missing > 0) code->co_stacksize += (int)missing;
}

void segue_frame_set_function(SegueFrame* frame, PyFunctionObject* function) {
  PyObject* old = (PyObject*)frame->f_func;
  frame->f_func = (PyFunctionObject*)Py_NewRef((PyObject*)function);
  frame->f_globals = function->func_globals;
  frame->f_builtins = function->func_builtins;
  Py_DECREF(old);
}

bool segue_observed(PyThreadState* ts) { return ts->c_tracefunc != NULL || ts->c_profilefunc != NULL; }

SegueEvaluator* segue_evaluator_slot(PyInterpreterState* interp) { return &interp->eval_frame; }

bool segue_may_go_on(PyThreadState* ts) {
  return (_Py_atomic_load_relaxed(&ts->interp->ceval.eval_breaker)) == 0 && !segue_observed(ts);
}

#endif
