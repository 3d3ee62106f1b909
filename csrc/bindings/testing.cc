// segue._segue._testing: a frame handler that tests script, and views of the hook's state. Nothing in Segue uses it.
//
// The scripted handler looks up a frame's code object. `returns[code]` completes the frame with a value, `raises[code]`
// with an exception, `calls[code]` calls something from inside the handler and runs the frame, `converts[code]` is
// `(other code, slots, unit)` and converts the frame (with a fourth field, raising that exception there). With
// `identity`, every other frame is converted to what it is.
#include "base/python.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "backends/llvm/cpu.h"
#include "base/check.h"
#include "base/ref.h"
#include "bindings/bindings.h"
#include "hook/eval.h"
#include "runtime/callable.h"
#include "runtime/kernel_arrays.h"
#include "runtime/kernel_parts.h"
#include "runtime/thread_pool.h"
#include "runtime/window.h"

namespace py = pybind11;

namespace segue {
namespace {

enum class Act { kReturn, kRaise, kCall, kConvert };

/// A frame's slots; Python writes () for NULL and (value,) for a value.
using Slots = std::vector<std::optional<py::object>>;

Slots readSlots(const py::handle& list) {
  Slots slots;
  for (py::handle slot : list) {
    auto content = slot.cast<py::tuple>();
    slots.push_back(content.empty() ? std::nullopt : std::optional<py::object>(content[0]));
  }
  return slots;
}

struct Order {
  Act act;
  py::object value;                       ///< value, exception, callable or other code
  Slots slots;                            ///< kConvert
  int unit = 0;                           ///< kConvert: where execution starts
  py::object exception;                   ///< kConvert: raised at `unit`, or null
};

/// The script in force; leaked at exit, as the interpreter may be gone then.
struct Script {
  std::unordered_map<PyObject*, Order> orders;  ///< by code object, which the order's key keeps alive
  py::list seen;                                ///< qualified names of the frames offered
  py::list keys;                                ///< keeps the code objects alive
  bool identity = false;                        ///< frames without an order are converted to what they are
};
Script* script = nullptr;
SegueFrameHandler previous_handler = nullptr;

/// Raises an exception object, or a new one of an exception class.
void raise(const py::object& exception) {
  if (PyExceptionClass_Check(exception.ptr())) {
    PyErr_SetNone(exception.ptr());
  } else {
    PyErr_SetObject(PyExceptionInstance_Class(exception.ptr()), exception.ptr());
  }
}

SegueAction convert(SegueFrame* frame, PyThreadState* ts, const Order& order) {
  auto* code = reinterpret_cast<PyCodeObject*>(order.value.ptr());
  if (!segue_frame_fits(ts, frame, code)) {
    PyErr_SetString(PyExc_MemoryError, "no room on the data stack");
    return SEGUE_ERROR;
  }
  std::vector<PyObject*> slots;
  for (const auto& slot : order.slots) slots.push_back(slot ? slot->inc_ref().ptr() : nullptr);
  segue_frame_convert(ts, frame, code, slots.data(), static_cast<int>(slots.size()), order.unit);
  if (!order.exception) return SEGUE_RUN_DEFAULT;
  raise(order.exception);
  return SEGUE_RUN_THROW;
}

SegueAction convertToItself(SegueFrame* frame, PyThreadState* ts, const SegueFrameView& view) {
  if (!segue_frame_fits(ts, frame, view.code)) {
    PyErr_SetString(PyExc_SystemError, "a frame does not fit where it stands");
    return SEGUE_ERROR;
  }
  std::vector<PyObject*> slots(view.slots, view.slots + view.slot_count);
  for (PyObject* slot : slots) Py_XINCREF(slot);
  segue_frame_convert(ts, frame, view.code, slots.data(), view.slot_count, 0);
  return SEGUE_RUN_DEFAULT;
}

SegueAction handle(SegueFrame* frame, const SegueFrameView* seen, PyThreadState* ts, PyObject** result) {
  const SegueFrameView& view = *seen;
  PyObject* code = reinterpret_cast<PyObject*>(view.code);
  if (PyList_Append(script->seen.ptr(), view.code->co_qualname) < 0) return SEGUE_ERROR;
  auto found = script->orders.find(code);
  if (found == script->orders.end()) {
    return script->identity ? convertToItself(frame, ts, view) : SEGUE_RUN_DEFAULT;
  }
  const Order& order = found->second;
  switch (order.act) {
    case Act::kReturn:
      *result = Py_NewRef(order.value.ptr());
      return SEGUE_DONE;
    case Act::kRaise:
      raise(order.value);
      return SEGUE_ERROR;
    case Act::kCall:
      if (Ref::steal(PyObject_CallNoArgs(order.value.ptr()))) return SEGUE_RUN_DEFAULT;
      return SEGUE_ERROR;
    case Act::kConvert:
      return convert(frame, ts, order);
  }
  SEGUE_UNREACHABLE("an act without a case");
}

void add(const py::handle& code, Order order) {
  script->keys.append(code);
  script->orders.insert_or_assign(code.ptr(), std::move(order));
}

void addAll(const py::dict& orders, Act act) {
  for (auto [code, value] : orders) add(code, Order{act, py::reinterpret_borrow<py::object>(value)});
}

/// {code: (other code, [() or (value,), ...], unit[, exception])}
void addConversions(const py::dict& orders) {
  for (auto [code, value] : orders) {
    auto fields = value.cast<py::tuple>();
    Order order{Act::kConvert, fields[0]};
    order.slots = readSlots(fields[1]);
    order.unit = fields[2].cast<int>();
    if (fields.size() > 3) order.exception = fields[3];
    add(code, std::move(order));
  }
}

void installHandler(const py::dict& returns, const py::dict& raises, const py::dict& calls, const py::dict& converts,
                    bool identity) {
  if (script != nullptr) throw py::value_error("a test handler is installed already");
  script = new Script;
  addAll(returns, Act::kReturn);
  addAll(raises, Act::kRaise);
  addAll(calls, Act::kCall);
  addConversions(converts);
  script->identity = identity;
  previous_handler = segue_set_frame_handler(handle);
}

py::list removeHandler() {
  if (script == nullptr) throw py::value_error("no test handler is installed");
  segue_set_frame_handler(previous_handler);
  py::list seen = script->seen;
  delete std::exchange(script, nullptr);
  return seen;
}

/// Starts a frame in the middle, on top of the caller's frame. `slots` as in a conversion.
py::object startFrame(const py::function& function, const py::object& code, const py::list& slots, int unit) {
  std::vector<PyObject*> moved;
  for (const auto& slot : readSlots(slots)) moved.push_back(slot ? slot->inc_ref().ptr() : nullptr);
  PyObject* result = segue_frame_start(PyThreadState_Get(), reinterpret_cast<PyFunctionObject*>(function.ptr()),
                                       reinterpret_cast<PyCodeObject*>(code.ptr()), moved.data(),
                                       static_cast<int>(moved.size()), unit);
  if (result == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(result);
}

/// A context manager: no frame handler at all meanwhile.
class NoHandler {
 public:
  void enter() { previous_ = segue_set_frame_handler(nullptr); }
  void exit(const py::args&) { segue_set_frame_handler(previous_); }

 private:
  SegueFrameHandler previous_ = nullptr;  ///< while entered
};

int64_t foreign_frames = 0;

PyObject* foreignEvaluator(PyThreadState* ts, SegueFrame* frame, int throwflag) {
  foreign_frames++;
  return segue_frame_evaluate_default(ts, frame, throwflag);
}

/// Stands in for another PEP 523 user. Returns the frames that it has seen in all.
int64_t setForeignEvaluator(bool installed) {
  *segue_evaluator_slot(PyInterpreterState_Get()) = installed ? foreignEvaluator : nullptr;
  return foreign_frames;
}

}  // namespace

void bindTesting(py::module_& m) {
  py::module_ testing = m.def_submodule("_testing", "Switches that only tests use.");
  testing.def("install_handler", &installHandler, py::kw_only(), py::arg("returns") = py::dict(),
              py::arg("raises") = py::dict(), py::arg("calls") = py::dict(), py::arg("converts") = py::dict(),
              py::arg("identity") = false);
  testing.def("remove_handler", &removeHandler, "Returns the qualified names of the frames that were offered.");
  py::class_<NoHandler>(testing, "no_handler")
      .def(py::init<>())
      .def("__enter__", &NoHandler::enter)
      .def("__exit__", &NoHandler::exit);
  testing.def("start", &startFrame, py::arg("function"), py::arg("code"), py::arg("slots"), py::arg("unit"));
  testing.def("set_foreign_evaluator", &setForeignEvaluator);
  testing.def("evaluator_installed", [] { return *segue_evaluator_slot(PyInterpreterState_Get()) != nullptr; });
  testing.def("has_fast_path", [](const py::object& function) {
    return isCompiled(function.ptr()) && reinterpret_cast<CompiledFunction*>(function.ptr())->fast_path != nullptr;
  });
  testing.def("extent_enter", [] { return static_cast<int>(segue_extent_enter(PyThreadState_Get())); });
  testing.def("extent_leave", [] { segue_extent_leave(PyThreadState_Get()); });
  testing.def("extent_depth", [] { return segue_extent_depth(); });
  testing.def("pause", &segue_hook_pause);
  testing.def("resume", &segue_hook_resume);
  testing.def("stack_left", &segue_stack_left);
  testing.def("set_strict", [](bool strict) {
    const bool before = strictMode();
    setStrictMode(strict);
    return before;
  }, "Returns what it was.");
  testing.def("set_long_run_work", [](int64_t picoseconds) {
    const int64_t before = longRunWork();
    setLongRunWork(picoseconds);
    return before;
  }, "Runs of less work are not cut for several threads. Returns what it was.");
  testing.def("set_streamed_bytes", [](int64_t bytes) {
    const int64_t before = streamedBytes();
    setStreamedBytes(bytes);
    return before;
  }, "Runs over less are not stored past the caches. Returns what it was, and starts streamed_runs() anew.");
  testing.def("set_without_half_conversions", &llvm::setWithoutHalfConversions,
              "Kernels that are made from now on are for processors without instructions that convert float16.");
  testing.def("streamed_runs", &streamedRuns);
  testing.def("live_windows", &liveWindows);
  testing.def("thread_counts", [] {
    const ThreadCounts counts = threadCounts();
    return py::dict(py::arg("runs") = counts.runs, py::arg("workers") = counts.workers, py::arg("worker_parts") = counts.worker_parts);
  });
  testing.def("observed", [] { return segue_observed(PyThreadState_Get()); });
}

}  // namespace segue
