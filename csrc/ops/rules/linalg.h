// What the rules of numpy.linalg have in common.
#pragma once

#include "ops/op.h"
#include "ops/rules/shapes.h"

namespace segue {

/// The dtype LAPACK routines return: integers as float64; float16 has none.
Result<DType> lapackDType(DType dtype);
/// The dtype of a complex one's parts.
DType realOf(DType dtype);

}  // namespace segue
