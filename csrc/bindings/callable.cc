// The compiled callable's types and their raw constructor; segue.compile validates the options and calls it.
#include "base/python.h"

#include <memory>

#include <pybind11/pybind11.h>

#include "bindings/bindings.h"
#include "runtime/callable.h"

namespace py = pybind11;

namespace segue {
namespace {

template <class T>
T option(const py::dict& options, const char* key, T otherwise) {
  return options.contains(key) ? options[key].cast<T>() : otherwise;
}

/// Takes `backend` (name or callable), `fullgraph`, `dynamic`, `mode` and `options` from a validated dict.
std::shared_ptr<const CompileOptions> readOptions(const py::dict& options) {
  auto result = std::make_shared<CompileOptions>();
  if (options.contains("backend")) {
    py::object backend = options["backend"];
    if (py::isinstance<py::str>(backend)) {
      result->backend = backend.cast<std::string>();
    } else {
      result->backend.clear();
      result->backend_function = Ref::borrow(backend.ptr());
    }
  }
  result->fullgraph = option(options, "fullgraph", result->fullgraph);
  result->dynamic = option(options, "dynamic", result->dynamic);
  if (options.contains("mode") && !options["mode"].is_none()) {
    result->exact = options["mode"].cast<std::string>() == "exact";
  }
  if (options.contains("options") && !options["options"].is_none()) {
    result->backend_options = Ref::borrow(options["options"].ptr());
  }
  return result;
}

py::object makeCallable(const py::object& callable, const py::dict& options) {
  Ref made = makeCompiled(callable.ptr(), readOptions(options), options.ptr());
  if (!made) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(made.release());
}

/// A block of code in which everything is captured: segue.testing.trace_all.
class TracedBlock {
 public:
  /// `callable` stands for the block in messages.
  explicit TracedBlock(const py::object& callable) {
    CompileOptions options;
    options.capture_all = true;
    self_ = makeCompiled(callable.ptr(), std::make_shared<const CompileOptions>(std::move(options)), Py_None);
    if (!self_) throw py::error_already_set();
  }
  void enter() {
    auto* self = reinterpret_cast<CompiledFunction*>(self_.get());
    if (enterCompiled(PyThreadState_Get(), self, &outer_) == SEGUE_EXTENT_ENTERED) return;
    throw std::runtime_error("another frame evaluator (PEP 523) is installed");
  }
  void leave() {
    if (!leaveCompiled(PyThreadState_Get(), outer_)) throw py::error_already_set();
  }

 private:
  Ref self_;
  CompiledFunction* outer_ = nullptr;
};

}  // namespace

void bindCallable(py::module_& m) {
  if (!initCallable()) throw py::error_already_set();
  m.attr("CompiledFunction") = py::handle(reinterpret_cast<PyObject*>(compiledFunctionType()));
  m.attr("CompiledCallable") = py::handle(reinterpret_cast<PyObject*>(compiledCallableType()));
  m.def("_make_callable", &makeCallable, py::arg("callable"), py::arg("options") = py::dict(),
        "Wraps a callable; options: backend, fullgraph, dynamic, mode, options, all validated.");
  py::class_<TracedBlock>(m, "_TracedBlock")
      .def(py::init<py::object>())
      .def("enter", &TracedBlock::enter)
      .def("leave", &TracedBlock::leave);
}

}  // namespace segue
