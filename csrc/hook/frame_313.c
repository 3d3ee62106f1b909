/* CPython 3.13's frames. See frame.h for what each function promises. */
#define Py_BUILD_CORE 1
#include "hook/frame.h"

#if PY_VERSION_HEX >= 0x030D0000 && PY_VERSION_HEX < 0x030E0000

#include "internal/pycore_ceval.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_interp.h"

SegueFrameView segue_frame_view(SegueFrame* frame) {
  PyCodeObject* code = (PyCodeObject*)frame->f_executable;
  bool thread_owned = frame->owner == FRAME_OWNED_BY_THREAD;
  int next_unit = (int)(frame->instr_ptr - _PyCode_CODE(code));
  return (SegueFrameView){
      .code = code,
      .function = (PyFunctionObject*)frame->f_funcobj,
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

SegueFrame* segue_current_frame(PyThreadState* ts) { return ts->current_frame; }

/* CPython's entry frames (on the C stack) are no calls: skipped. */
SegueFrame* segue_frame_caller(SegueFrame* frame) {
  SegueFrame* caller = frame->previous;
  while (caller != NULL && caller->owner == FRAME_OWNED_BY_CSTACK) caller = caller->previous;
  return caller;
}

PyObject* segue_frame_evaluate_default(PyThreadState* ts, SegueFrame* frame, int throwflag) {
  return _PyEval_EvalFrameDefault(ts, frame, throwflag);
}

/* From 3.12 on the evaluator clears and pops; 3.13 exports how. */
void segue_frame_complete(PyThreadState* ts, SegueFrame* frame) { _PyEval_FrameClearAndPop(ts, frame); }

bool segue_frame_fits(PyThreadState* ts, SegueFrame* frame, PyCodeObject* code) {
  return (PyObject**)frame + code->co_framesize < ts->datastack_limit;
}

void segue_frame_move(SegueFrame* frame, PyCodeObject* code, PyObject* const* slots, int slot_count, int unit) {
  int old_count = frame->stacktop;
  PyObject* old[old_count + 1];
  memcpy(old, frame->localsplus, (size_t)old_count * sizeof(PyObject*));
  old[old_count] = frame->f_executable;
  frame->f_executable = Py_NewRef(code);
  for (int i = 0; i < slot_count; i++) frame->localsplus[i] = slots[i];
  frame->stacktop = slot_count;
  frame->instr_ptr = _PyCode_CODE(code) + unit;
  frame->return_offset = 0;
  for (int i = 0; i <= old_count; i++) Py_XDECREF(old[i]);
}

void segue_frame_convert(PyThreadState* ts, SegueFrame* frame, PyCodeObject* code, PyObject* const* slots,
                         int slot_count, int unit) {
  ts->datastack_top = (PyObject**)frame + code->co_framesize;
  segue_frame_move(frame, code, slots, slot_count, unit);
}

void segue_frame_change_code(SegueFrame* frame, PyCodeObject* code, int unit) {
  PyObject* old = frame->f_executable;
  frame->f_executable = Py_NewRef(code);
  frame->instr_ptr = _PyCode_CODE(code) + unit;
  Py_DECREF(old);
}

bool segue_frame_returns_inline(SegueFrame* frame) { return frame->previous->owner != FRAME_OWNED_BY_CSTACK; }

bool segue_frame_is_held(SegueFrame* frame) {
  return frame->frame_obj != NULL && Py_REFCNT(frame->frame_obj) > 1;
}

void segue_code_reserve(PyCodeObject* code, PyCodeObject* larger) {
  int missing = larger->co_framesize - code->co_framesize;
  if (missing <= 0) return;
  code->co_stacksize += missing;
  code->co_framesize += missing;
}

void segue_frame_set_function(SegueFrame* frame, PyFunctionObject* function) {
  PyObject* old = (PyObject*)frame->f_funcobj;
  frame->f_funcobj = Py_NewRef((PyObject*)function);
  frame->f_globals = function->func_globals;
  frame->f_builtins = function->func_builtins;
  Py_DECREF(old);
}

SegueEvaluator* segue_evaluator_slot(PyInterpreterState* interp) { return &interp->eval_frame; }

bool segue_may_go_on(PyThreadState* ts) {
  return (_Py_atomic_load_uintptr_relaxed(&ts->eval_breaker) & _PY_EVAL_EVENTS_MASK) == 0 && !segue_observed(ts);
}

#endif
