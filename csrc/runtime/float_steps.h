// Operators on single floats that plans compute without NumPy: what programs make of sums and means.
#pragma once

#include "base/python.h"
#include "program/plan.h"

namespace segue {

/// A NumPy float64; null with an exception when there is no memory.
PyObject* makeFloat64(double value);

inline bool isFloatStep(StepKind kind) { return kind >= StepKind::kFloatAdd && kind <= StepKind::kFloatSqrt; }
/// The step's result, with NumPy's bits; null when it has set a condition of `reported` (as of runKernel), or, with an exception, when there is no memory
/// or an int is too great. `b` is null for operators of one operand.
PyObject* floatStep(StepKind kind, PyObject* a, PyObject* b, int reported);

}  // namespace segue
