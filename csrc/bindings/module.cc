// The extension module segue._segue: pybind11 is included in this folder only.
#include "base/python.h"

#include <pybind11/pybind11.h>

#include "base/functions.h"
#include "bindings/bindings.h"
#include "hook/eval.h"

namespace py = pybind11;

PYBIND11_MODULE(_segue, m) {
  if (segue_hook_init() < 0) throw py::error_already_set();
  if (!segue::initFunctions() || !segue::importNumpy()) throw py::error_already_set();
  m.doc() = "Segue's engine; import segue instead.";
  segue::bindBytecode(m);
  segue::bindCallable(m);
  segue::bindGraph(m);
  segue::bindEngine(m);
  segue::bindLogs(m);
  segue::bindOps(m);
  segue::bindSteering(m);
  segue::bindTesting(m);
  py::module_ testing = m.attr("_testing");
  segue::bindTestingDispatch(testing);
  segue::bindTrace(m);
}
