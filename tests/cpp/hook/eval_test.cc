// The hook from C++: extents, pauses and the handler's contract. Frames as Python sees them are in test_hook.py.
#include "base/python.h"

#include <catch2/catch.hpp>

#include "base/ref.h"
#include "hook/eval.h"

namespace {

using segue::BorrowedRef;
using segue::Ref;

/// A namespace with the functions of `source`.
Ref define(const char* source) {
  Ref names = Ref::steal(PyDict_New());
  PyDict_SetItemString(names.get(), "__builtins__", PyEval_GetBuiltins());
  Ref done = Ref::steal(PyRun_String(source, Py_file_input, names.get(), names.get()));
  REQUIRE(done);
  return names;
}

long callInExtent(BorrowedRef function) {
  PyThreadState* ts = PyThreadState_Get();
  REQUIRE(segue_extent_enter(ts) == SEGUE_EXTENT_ENTERED);
  Ref result = Ref::steal(PyObject_CallNoArgs(function));
  segue_extent_leave(ts);
  REQUIRE(result);
  return PyLong_AsLong(result.get());
}

int offered = 0;
SegueFrameView last_view;
SegueFrame* last_caller = nullptr;

SegueAction record(SegueFrame*, const SegueFrameView* view, PyThreadState* ts, PyObject**) {
  offered++;
  last_view = *view;
  last_caller = segue_current_frame(ts);
  CHECK(segue_hook_paused());
  return SEGUE_RUN_DEFAULT;
}

SegueAction answer(SegueFrame*, const SegueFrameView*, PyThreadState*, PyObject** result) {
  *result = PyLong_FromLong(99);
  return SEGUE_DONE;
}

/// Installs a handler for one test.
struct Handler {
  explicit Handler(SegueFrameHandler handler) : previous(segue_set_frame_handler(handler)) { offered = 0; }
  ~Handler() { segue_set_frame_handler(previous); }
  SegueFrameHandler previous;
};

}  // namespace

TEST_CASE("the frame self-test passes and leaves the interpreter as it was", "[hook]") {
  PyInterpreterState* interp = PyInterpreterState_Get();
  PyThreadState* ts = PyThreadState_Get();
  const int left = segue_recursion_left(ts);
  SegueEvaluator before = *segue_evaluator_slot(interp);
  REQUIRE(segue_frame_self_test() == 0);
  CHECK(*segue_evaluator_slot(interp) == before);
  CHECK(segue_recursion_left(ts) == left);
  REQUIRE(segue_hook_init() == 0);
  REQUIRE(segue_hook_init() == 0);
}

TEST_CASE("fresh function frames of an extent reach the handler", "[hook]") {
  REQUIRE(segue_hook_init() == 0);
  Ref names = define("def f():\n    return g(3)\ndef g(x, y=2):\n    z = x * y\n    return z\n");
  BorrowedRef f = PyDict_GetItemString(names.get(), "f");
  BorrowedRef g = PyDict_GetItemString(names.get(), "g");
  Handler handler(record);
  CHECK(callInExtent(f) == 6);
  CHECK(offered == 2);
  CHECK(reinterpret_cast<PyObject*>(last_view.code) == PyFunction_GetCode(g));
  CHECK(reinterpret_cast<PyObject*>(last_view.function) == g.get());
  CHECK(last_view.globals == names.get());
  CHECK(last_view.slot_count == 3);
  CHECK(last_view.stack_top == 3);
  CHECK((last_view.fresh && last_view.is_function && last_view.next_unit == 0));
  CHECK(last_caller != nullptr);
  Ref outside = Ref::steal(PyObject_CallNoArgs(f));
  CHECK(offered == 2);
}

TEST_CASE("a done frame's value is the call's", "[hook]") {
  REQUIRE(segue_hook_init() == 0);
  Ref names = define("def f():\n    raise KeyError\n");
  Handler handler(answer);
  CHECK(callInExtent(PyDict_GetItemString(names.get(), "f")) == 99);
}

TEST_CASE("extents nest and install the evaluator once", "[hook]") {
  REQUIRE(segue_hook_init() == 0);
  PyThreadState* ts = PyThreadState_Get();
  CHECK(*segue_evaluator_slot(ts->interp) == nullptr);
  REQUIRE(segue_extent_enter(ts) == SEGUE_EXTENT_ENTERED);
  SegueEvaluator ours = *segue_evaluator_slot(ts->interp);
  CHECK(ours != nullptr);
  REQUIRE(segue_extent_enter(ts) == SEGUE_EXTENT_ENTERED);
  CHECK(segue_extent_depth() == 2);
  segue_extent_leave(ts);
  CHECK(*segue_evaluator_slot(ts->interp) == ours);
  segue_extent_leave(ts);
  CHECK(*segue_evaluator_slot(ts->interp) == nullptr);
  CHECK(segue_extent_depth() == 0);
}

TEST_CASE("a paused thread's frames are not offered", "[hook]") {
  REQUIRE(segue_hook_init() == 0);
  Ref names = define("def f():\n    return 1\n");
  Handler handler(answer);
  segue_hook_pause();
  CHECK(callInExtent(PyDict_GetItemString(names.get(), "f")) == 1);
  segue_hook_resume();
  CHECK(callInExtent(PyDict_GetItemString(names.get(), "f")) == 99);
}

TEST_CASE("the stack's end is known", "[hook]") {
  const size_t left = segue_stack_left();
  CHECK(left > 16 * 1024);
  CHECK_FALSE(segue_stack_exhausted());
}
