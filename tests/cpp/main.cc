// The Catch2 runner as an extension module: `python -m segue_cpp_tests ARGS` style runs happen inside a real
// interpreter, so tests may create Python objects. `run(argv)` returns the number of failed tests. `guard_memory` is for the tests in
// Python (tests/guard_pages.py).
#include "base/python.h"

#include <string>
#include <vector>

#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "base/functions.h"
#include "guard_pages.h"

namespace {

PyObject* run(PyObject*, PyObject* args) {
  std::vector<std::string> words = {"segue-cpp-tests"};
  PyObject* list = PyTuple_GetItem(args, 0);
  if (list == nullptr || !PyList_Check(list)) {
    PyErr_SetString(PyExc_TypeError, "run(argv: list[str])");
    return nullptr;
  }
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
    const char* word = PyUnicode_AsUTF8(PyList_GET_ITEM(list, i));
    if (word == nullptr) return nullptr;
    words.emplace_back(word);
  }
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  return PyLong_FromLong(Catch::Session().run(static_cast<int>(argv.size()), argv.data()));
}

PyObject* guardMemory(PyObject*, PyObject*) {
  if (!segue::tests::guardMemory()) return nullptr;
  Py_RETURN_NONE;
}

PyObject* guardedMemory(PyObject*, PyObject*) {
  const segue::tests::GuardCounts counts = segue::tests::guardCounts();
  return Py_BuildValue("LL", static_cast<long long>(counts.guarded), static_cast<long long>(counts.unguarded));
}

PyMethodDef methods[] = {{"run", run, METH_VARARGS, "run(argv) -> int: runs the Catch2 tests"},
                         {"guard_memory", guardMemory, METH_NOARGS, "guard_memory(): guards the memory of arrays to come by pages without access"},
                         {"guarded_memory", guardedMemory, METH_NOARGS,
                          "guarded_memory() -> (int, int): arrays that were guarded, and that were not though they should"},
                         {nullptr, nullptr, 0, nullptr}};
PyModuleDef module = {PyModuleDef_HEAD_INIT, "_segue_tests", nullptr, -1, methods};

}  // namespace

PyMODINIT_FUNC PyInit__segue_tests() {
  if (!segue::initFunctions() || !segue::importNumpy()) return nullptr;
  return PyModule_Create(&module);
}
