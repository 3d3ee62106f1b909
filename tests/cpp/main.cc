// The Catch2 runner as an extension module: `python -m segue_cpp_tests ARGS` style runs happen inside a real
// interpreter, so tests may create Python objects. `run(argv)` returns the number of failed tests.
#include "base/python.h"

#include <string>
#include <vector>

#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "base/functions.h"

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

PyMethodDef methods[] = {{"run", run, METH_VARARGS, "run(argv) -> int: runs the Catch2 tests"},
                         {nullptr, nullptr, 0, nullptr}};
PyModuleDef module = {PyModuleDef_HEAD_INIT, "_segue_tests", nullptr, -1, methods};

}  // namespace

PyMODINIT_FUNC PyInit__segue_tests() {
  if (!segue::initFunctions() || !segue::importNumpy()) return nullptr;
  return PyModule_Create(&module);
}
