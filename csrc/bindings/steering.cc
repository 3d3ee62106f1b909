// What the Python side of segue.disable needs.
#include "base/python.h"

#include <pybind11/pybind11.h>

#include "bindings/bindings.h"
#include "hook/eval.h"

namespace segue {

void bindSteering(pybind11::module_& m) {
  m.def("_pause", &segue_hook_pause, "This thread's frames run as plain CPython until _resume; nests.");
  m.def("_resume", &segue_hook_resume);
}

}  // namespace segue
