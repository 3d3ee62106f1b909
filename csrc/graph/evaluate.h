// Running one operator on constants, with NumPy itself: the evaluator that the driver hands to constant folding.
#pragma once

#include "graph/passes.h"

namespace segue {

/// The Python object that a constant argument stands for (a new reference); null if the argument holds graph values or
/// symbolic sizes, or is missing.
Ref constantObject(const Arg& arg, const DimTable& dims);

/// The callable that a NumPy name of the operator table means ("numpy.add", "ndarray.sum", "operator.add"), cached for
/// the process; null if NumPy has no such name (no exception is left set). Callables of "ndarray." names take the array
/// first.
BorrowedRef numpyCallable(std::string_view name);

/// Calls the operator's first NumPy name; `reported` tells of a floating-point condition. Needs the GIL; leaves no exception
/// set.
Evaluation evaluateWithNumpy(const OpDef& op, absl::Span<const Arg> args, const DimTable& dims);

}  // namespace segue
