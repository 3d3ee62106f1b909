#include "runtime/float_steps.h"

#include <cmath>

#include "base/check.h"
#include "base/fault.h"
#include "runtime/floating_status.h"

namespace segue {
namespace {

/// Of a Python float, of NumPy's, which is one, or of an int.
double valueOf(PyObject* object) { return PyFloat_Check(object) ? PyFloat_AS_DOUBLE(object) : PyLong_AsDouble(object); }

/// (Not inline: the compiler must not move it behind a test of the status.)
[[gnu::noinline]] double compute(StepKind kind, double a, double b) {
  switch (kind) {
    case StepKind::kFloatAdd: return a + b;
    case StepKind::kFloatSub: return SEGUE_FAULT(FloatsSubtractBackwards) ? b - a : a - b;
    case StepKind::kFloatMul: return a * b;
    case StepKind::kFloatDiv: return a / b;
    case StepKind::kFloatNeg: return -a;
    case StepKind::kFloatAbs: return std::fabs(a);
    case StepKind::kFloatSqrt: return std::sqrt(a);
    default: SEGUE_UNREACHABLE("no operator on floats");
  }
}

}  // namespace

PyObject* makeFloat64(double value) {
  PyObject* made = PyDoubleArrType_Type.tp_alloc(&PyDoubleArrType_Type, 0);
  if (made != nullptr) PyArrayScalar_ASSIGN(made, Double, value);
  return made;
}

PyObject* floatStep(StepKind kind, PyObject* a, PyObject* b, int reported) {
  const double first = valueOf(a), second = b != nullptr ? valueOf(b) : 0;
  if ((first == -1 || second == -1) && PyErr_Occurred() != nullptr) return nullptr;
  clearStatus();
  const double value = compute(kind, first, second);
  if ((readStatus() & reported) != 0 && !SEGUE_FAULT(FloatsReportNothing)) return nullptr;
  return makeFloat64(value);
}

}  // namespace segue
