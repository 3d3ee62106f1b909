// How CPython calls Python functions: by running their code, unless somebody has used PyFunction_SetVectorcall (3.12).
#pragma once

#include "base/python.h"

namespace segue {

/// What CPython puts into new functions; 3.13 does not export it.
extern vectorcallfunc usual_vectorcall;
/// Learns it from a function made for that: to be called once, first. False with a Python exception set when there is no memory.
bool initFunctions();

/// A call of the Python function runs its code.
inline bool runsItsCode(PyObject* function) {
  return reinterpret_cast<PyFunctionObject*>(function)->vectorcall == usual_vectorcall;
}

}  // namespace segue
