// What the Python side of segue.disable needs.
#include "base/python.h"

#include <pybind11/pybind11.h>

#include "bindings/bindings.h"
#include "hook/eval.h"

namespace segue {
namespace {

PyObject* pause(PyObject*, PyObject*) {
  segue_hook_pause();
  Py_RETURN_NONE;
}

PyObject* resume(PyObject*, PyObject*) {
  segue_hook_resume();
  Py_RETURN_NONE;
}

// Every call of a disabled function makes both calls: pybind11's own cost twenty times as much.
PyMethodDef methods[] = {{"_pause", pause, METH_NOARGS, "This thread's frames run as plain CPython until _resume; nests."},
                         {"_resume", resume, METH_NOARGS, "Ends what _pause began."},
                         {nullptr, nullptr, 0, nullptr}};

}  // namespace

void bindSteering(pybind11::module_& m) {
  if (PyModule_AddFunctions(m.ptr(), methods) < 0) throw pybind11::error_already_set();
}

}  // namespace segue
