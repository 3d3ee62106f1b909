// What reductions have in common: which axes, what shape and order is left, and NumPy's complaints about nothing to reduce.
#pragma once

#include "ops/rules/shapes.h"

namespace segue {

struct Reduced {
  Operand input;
  uint64_t axes = 0;       ///< bit per reduced axis
  Shape shape;             ///< of the result, kept axes included
  Layout layout;
  bool is_scalar = false;  ///< the result is a NumPy scalar
};

/// Reads the input and the axis and keepdims arguments. Arrays only: NumPy's methods are what implements reductions.
Result<Reduced> reducedOf(const OpCall& call, size_t input, size_t axis, int keepdims);
/// The result's type: a scalar or an array of the reduced shape; or the out argument, checked (out < 0: none).
Result<Type> reducedType(OpCall& call, const Reduced& reduced, DType dtype, int out);
/// Number of elements along the reduced axes.
Result<Dim> reducedCount(const Reduced& reduced, DimTable& dims);
/// Fails where there is nothing to reduce: reductions without an identity raise then, whatever the result's size.
Result<Unit> requireElements(const Reduced& reduced, DimTable& dims);
/// argmax and its kin: (a, axis, …), the parameters out and keepdims where the operator has them.
Result<Type> argReduction(OpCall& call, int out, int keepdims);
/// A where= argument: absent, or a mask that does not enlarge the input. True when a mask was passed.
Result<bool> reductionMask(const OpCall& call, size_t where, const Shape& input);

/// The dtype sums and products accumulate in: small integers and booleans as the platform's 64-bit ones.
DType accumulatorDType(DType dtype);
/// What is left of another dtype than the core ones by a reduction that is for `kinds` (numpy.dtype.kind): itself in native byte order.
Result<DType> reducedOther(const OpCall& call, DType dtype, std::string_view kinds);
/// The dtype of means: float64 for integers.
DType meanDType(DType dtype);

}  // namespace segue
