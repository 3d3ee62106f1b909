// The compiled callable from C++: the fast path, dispatch state, and calls that cannot open an extent.
#include "base/python.h"

#include <catch2/catch.hpp>

#include <utility>
#include <vector>

#include "base/ref.h"
#include "runtime/callable.h"

namespace {

using namespace segue;

/// The value of a Python expression in a namespace of its own.
Ref evaluate(const char* expression) {
  Ref names = Ref::steal(PyDict_New());
  PyDict_SetItemString(names.get(), "__builtins__", PyEval_GetBuiltins());
  Ref value = Ref::steal(PyRun_String(expression, Py_eval_input, names.get(), names.get()));
  REQUIRE(value);
  return value;
}

Ref compileExpression(const char* expression) {
  REQUIRE(segue_hook_init() == 0);
  REQUIRE(initCallable());
  Ref made = makeCompiled(evaluate(expression), std::make_shared<CompileOptions>(), nullptr);
  REQUIRE(made);
  return made;
}

CompiledFunction* inside(const Ref& object) { return reinterpret_cast<CompiledFunction*>(object.get()); }

long call(const Ref& function, long argument) {
  Ref value = Ref::steal(PyLong_FromLong(argument));
  Ref result = Ref::steal(PyObject_CallOneArg(function.get(), value.get()));
  REQUIRE(result);
  return PyLong_AsLong(result.get());
}

/// Answers calls with one positional argument by its negative.
bool negate(CompiledFunction*, PyObject* const* args, size_t nargsf, PyObject* kwnames, PyObject** result) {
  if (PyVectorcall_NARGS(nargsf) != 1 || kwnames != nullptr) return false;
  *result = PyNumber_Negative(args[0]);
  return true;
}

int notices = 0;
void notice(CompiledFunction*) { notices++; }

PyObject* foreign(PyThreadState* ts, SegueFrame* frame, int throwflag) {
  return segue_frame_evaluate_default(ts, frame, throwflag);
}

std::vector<CompiledFunction*> currents;
SegueAction recordCurrent(SegueFrame*, const SegueFrameView*, PyThreadState*, PyObject**) {
  currents.push_back(currentCompiled());
  return SEGUE_RUN_DEFAULT;
}

int states_alive = 0;
struct State : DispatchState {
  explicit State(Ref held) : held(std::move(held)) { states_alive++; }
  ~State() override { states_alive--; }
  int traverse(visitproc visit, void* arg) override {
    Py_VISIT(held.get());
    return 0;
  }
  void retire() override { Ref dropped = std::exchange(held, nullptr); }
  Ref held;
};

}  // namespace

TEST_CASE("the fast path answers or declines", "[callable]") {
  Ref f = compileExpression("lambda x, y=1: x + y");
  CHECK(call(f, 5) == 6);
  inside(f)->fast_path = negate;
  CHECK(call(f, 5) == -5);
  Ref args = evaluate("(5, 6)");
  Ref declined = Ref::steal(PyObject_CallObject(f.get(), args.get()));
  CHECK(PyLong_AsLong(declined.get()) == 11);
  segue_hook_pause();
  CHECK(call(f, 5) == 6);
  segue_hook_resume();
}

TEST_CASE("an error of the fast path is the call's", "[callable]") {
  Ref f = compileExpression("lambda x: x");
  inside(f)->fast_path = negate;
  Ref text = evaluate("'text'");
  CHECK_FALSE(Ref::steal(PyObject_CallOneArg(f.get(), text.get())));
  CHECK(PyErr_ExceptionMatches(PyExc_TypeError));
  PyErr_Clear();
}

TEST_CASE("a foreign evaluator is reported and the call runs", "[callable]") {
  Ref f = compileExpression("lambda x: x * 2");
  SegueEvaluator* slot = segue_evaluator_slot(PyInterpreterState_Get());
  EagerNotice previous = setEagerNotice(notice);
  notices = 0;
  *slot = foreign;
  CHECK(call(f, 4) == 8);
  CHECK(*slot == foreign);
  *slot = nullptr;
  CHECK(call(f, 4) == 8);
  setEagerNotice(previous);
  CHECK(notices == 1);
}

TEST_CASE("a call in a subinterpreter is refused", "[callable]") {
  Ref f = compileExpression("lambda x: x * 2");
  PyThreadState* own = PyThreadState_Get();
  PyThreadState* other = Py_NewInterpreter();
  REQUIRE(other != nullptr);
  Ref result = Ref::steal(PyObject_CallFunction(f.get(), "i", 4));
  const bool refused = !result && PyErr_ExceptionMatches(PyExc_RuntimeError) != 0;
  PyErr_Clear();
  Py_EndInterpreter(other);
  PyThreadState_Swap(own);
  CHECK(refused);
  CHECK(call(f, 4) == 8);
}

TEST_CASE("the handler can tell whose call it is in", "[callable]") {
  Ref inner = compileExpression("lambda x: x + 1");
  Ref outer = compileExpression("lambda f: (f(1), (lambda: 0)())");
  SegueFrameHandler previous = segue_set_frame_handler(recordCurrent);
  currents.clear();
  Ref result = Ref::steal(PyObject_CallOneArg(outer.get(), inner.get()));
  segue_set_frame_handler(previous);
  REQUIRE(result);
  CHECK(currents == std::vector<CompiledFunction*>{inside(outer), inside(inner), inside(outer)});
  CHECK(currentCompiled() == nullptr);
}

TEST_CASE("dispatch state is freed with the callable and takes part in collection", "[callable]") {
  {
    Ref f = compileExpression("lambda: 0");
    inside(f)->dispatch = std::make_unique<State>(nullptr);
    CHECK(states_alive == 1);
  }
  CHECK(states_alive == 0);
  {
    Ref f = compileExpression("lambda: 0");
    Ref self = f;
    inside(f)->dispatch = std::make_unique<State>(std::move(self));
  }
  CHECK(states_alive == 1);
  PyGC_Collect();
  CHECK(states_alive == 0);
}

TEST_CASE("functions and other callables get different types", "[callable]") {
  Ref function = compileExpression("lambda: 0");
  Ref other = compileExpression("len");
  CHECK(function.type() == compiledFunctionType());
  CHECK(other.type() == compiledCallableType());
  CHECK((isCompiled(function) && isCompiled(other) && !isCompiled(Py_None)));
  Ref method = compileExpression("staticmethod(lambda: 3)");
  CHECK(Py_IS_TYPE(method.get(), &PyStaticMethod_Type));
  CHECK_FALSE(makeCompiled(Py_None, std::make_shared<CompileOptions>(), nullptr));
  CHECK(PyErr_ExceptionMatches(PyExc_TypeError));
  PyErr_Clear();
}
