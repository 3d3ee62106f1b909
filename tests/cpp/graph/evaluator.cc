#include "base/python.h"

#include "graph/evaluator.h"

#include <catch2/catch.hpp>

#include "graph/source.h"

namespace segue {

Evaluation evaluateInNumpy(const OpDef& op, absl::Span<const Arg> args, const DimTable& dims) {
  std::vector<Ref> constants;
  std::string call = callSource(op, args, dims, constants);
  Ref globals = Ref::steal(PyDict_New());
  PyDict_SetItemString(globals.get(), "__builtins__", PyEval_GetBuiltins());
  Ref list = Ref::steal(PyList_New(0));
  for (const Ref& constant : constants) PyList_Append(list.get(), constant.get());
  PyDict_SetItemString(globals.get(), "_constants", list.get());
  std::string code =
      "import numpy as np, warnings\n"
      "result, reported = None, False\n"
      "with warnings.catch_warnings(), np.errstate(all='warn'):\n"
      "    warnings.simplefilter('error')\n"
      "    try: result = " + call + "\n"
      "    except Warning: reported = True\n"
      "    except Exception: pass\n";
  Ref done = Ref::steal(PyRun_String(code.c_str(), Py_file_input, globals.get(), globals.get()));
  if (!done) PyErr_Print();
  CAPTURE(code);
  REQUIRE(done);
  PyObject* result = PyDict_GetItemString(globals.get(), "result");
  bool reported = PyDict_GetItemString(globals.get(), "reported") == Py_True;
  return {result == Py_None ? Ref() : Ref::borrow(result), reported};
}

}  // namespace segue
