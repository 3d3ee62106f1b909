// SEGUE_LOGS from Python: channels, file and callback.
#include "base/python.h"

#include <pybind11/pybind11.h>

#include "bindings/bindings.h"
#include "log/log.h"

namespace py = pybind11;

namespace segue {

void bindLogs(py::module_& m) {
  m.def(
      "_log_configure",
      [](const std::string& spec) {
        if (Result<void> done = configureLogs(spec); !done.ok()) throw py::value_error(done.error());
      },
      py::arg("spec"));
  m.def(
      "_log_file",
      [](const std::string& path) {
        if (Result<void> done = setLogFile(path); !done.ok()) {
          PyErr_SetString(PyExc_OSError, done.error().c_str());
          throw py::error_already_set();
        }
      },
      py::arg("path"));
  m.def(
      "_log_callback",
      [](const py::object& callback) {
        Ref previous = setLogCallback(callback.is_none() ? Ref() : Ref::borrow(callback.ptr()));
        return previous ? py::reinterpret_steal<py::object>(previous.release()) : py::none();
      },
      py::arg("callback").none(true));
}

}  // namespace segue
