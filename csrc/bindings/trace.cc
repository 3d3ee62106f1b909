// The submodule `_trace`: traces of calls as text, for tests and for looking at them.
#include "base/python.h"

#include <pybind11/pybind11.h>

#include "bindings/bindings.h"
#include "trace/print.h"
#include "trace/trace.h"

namespace py = pybind11;

namespace segue {
namespace {

/// Binds arguments as CPython would and gives the slots of the function's fresh frame.
std::vector<py::object> freshSlots(py::object function, const Code& code, py::args args, py::kwargs kwargs) {
  py::object signature = py::module_::import("inspect").attr("signature")(function);
  py::object bound = signature.attr("bind")(*args, **kwargs);
  bound.attr("apply_defaults")();
  py::dict values = bound.attr("arguments");
  std::vector<py::object> slots(code.slotCount());
  for (int i = 0; i < code.slotCount(); ++i) {
    const Slot& slot = code.slots()[i];
    py::str name(slot.name);
    if (slot.is_local && values.contains(name)) slots[i] = values[name];
  }
  return slots;
}

std::string traceCall(py::object function, py::args args, py::kwargs kwargs) {
  Result<std::shared_ptr<const Code>> code = Code::decode(function.attr("__code__").ptr());
  if (!code.ok()) throw py::value_error(code.error());
  std::vector<py::object> owned = freshSlots(function, *code.value(), args, kwargs);
  std::vector<PyObject*> slots;
  for (const py::object& slot : owned) slots.push_back(slot.ptr());
  py::object builtins = py::module_::import("builtins").attr("__dict__");
  py::object globals = function.attr("__globals__");
  TraceRequest request;
  request.code = code.value();
  request.function = function.ptr();
  request.globals = globals.ptr();
  request.builtins = builtins.ptr();
  request.locals = slots;
  TraceResult result = traceFrame(request);
  return printTrace(result, reinterpret_cast<PyObject*>(request.code->object()));
}

}  // namespace

void bindTrace(py::module_& m) {
  py::module_ trace = m.def_submodule("_trace", "Traces of calls as text.");
  trace.def("trace", &traceCall, py::arg("function"), py::pos_only(),
            "trace(function, /, *args, **kwargs): the trace of that call, without making it.");
  trace.def("breaks", [] {
    py::dict rows;
    for (int i = 0; i < breakCount(); ++i) {
      const BreakRow& row = breakRow(static_cast<uint16_t>(i));
      rows[row.id] = py::make_tuple(row.explanation, row.hint);
    }
    return rows;
  }, "Break reasons: {id: (explanation, hint)}.");
}

}  // namespace segue
