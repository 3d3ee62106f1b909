#include "base/functions.h"

#include "base/ref.h"

namespace segue {

vectorcallfunc usual_vectorcall = nullptr;

bool initFunctions() {
  Ref code = Ref::steal(reinterpret_cast<PyObject*>(PyCode_NewEmpty("segue", "functions", 1)));
  Ref globals = Ref::steal(PyDict_New());
  Ref function = Ref::steal(code && globals ? PyFunction_New(code.get(), globals.get()) : nullptr);
  if (function) usual_vectorcall = reinterpret_cast<PyFunctionObject*>(function.get())->vectorcall;
  return usual_vectorcall != nullptr;
}

}  // namespace segue
