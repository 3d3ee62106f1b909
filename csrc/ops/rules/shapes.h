// Shapes and memory orders that rules have in common: broadcasting, axes, NumPy's K order.
#pragma once

#include "ops/op.h"
#include "ops/rules/operand.h"

namespace segue {

/// NumPy's broadcasting of two shapes; relations are recorded for what was decided.
Result<Shape> broadcastShapes(const Shape& a, const Shape& b, DimTable& dims);
/// Fails unless `from` broadcasts to exactly `to`.
Result<Unit> requireBroadcastTo(const Shape& from, const Shape& to, DimTable& dims);

/// Number of elements.
Result<Dim> shapeSize(const Shape& shape, DimTable& dims);
/// Whether the array has no elements (decided, one relation per symbolic dimension at most).
bool isEmptyShape(const Shape& shape, DimTable& dims);
/// Whether the dimension is 1 (decided).
inline bool isOne(Dim d, DimTable& dims) { return dims.decideEqual(d, dims.constant(1)); }
/// Whether the two shapes are the same (decided).
bool sameShape(const Shape& a, const Shape& b, DimTable& dims);

/// The out argument at `index`, an array of just the dtype and shape that the result would have.
Result<Type> exactOut(OpCall& call, size_t index, DType dtype, const Shape& shape);

/// Layout of a fresh array that is in C order if `c_order`, and else in one that only at most one axis longer than 1 settles.
Layout cLayoutIf(bool c_order, const Shape& shape, DimTable& dims);
/// Layout of a fresh array in Fortran order.
Layout fLayout(const Shape& shape, DimTable& dims);
/// Layout of a fresh array that keeps the order of the operands ("K"), as NumPy's iterator chooses it.
Layout keepOrderLayout(absl::Span<const Operand> operands, const Shape& shape, DimTable& dims);
/// Layout for order='C', 'F', 'A' or 'K' over the operands.
Result<Layout> orderedLayout(std::string_view order, absl::Span<const Operand> operands, const Shape& shape,
                             DimTable& dims);
/// Which order the axes longer than 1 have; kC for at most one of them. kUnknown when it cannot be told.
AxisOrder axisOrder(const Layout& layout);

/// A normalized axis: 0 <= axis < ndim; fails as NumPy's AxisError.
Result<int> normalizeAxis(int64_t axis, int ndim);
/// An axis argument that is one constant int.
Result<int> axisArg(const Arg& arg, int ndim, DimTable& dims);
/// An axis argument: None (all axes), an int or a tuple of ints, as a bit mask; repeated axes fail.
Result<uint64_t> axesMask(const Arg& arg, int ndim, DimTable& dims);
/// Axes in the order given (np.transpose, np.moveaxis).
Result<std::vector<int>> axesList(const Arg& arg, int ndim, DimTable& dims);

/// A shape argument: an int or a tuple or list of ints. Negative sizes fail, unless `allow_minus_one` (reshape).
Result<Shape> shapeArg(const Arg& arg, DimTable& dims, bool allow_minus_one = false);

/// An integer argument made constant (symbolic ones are specialised).
Result<int64_t> constantInt(const Arg& arg, DimTable& dims);
/// A bool argument, or the default when it was not passed. Fails for values that are known only at run time.
Result<bool> boolArg(const Arg& arg, bool if_missing);
/// A string argument, or the default when it was not passed.
Result<std::string_view> stringArg(const Arg& arg, std::string_view if_missing);
/// A dtype argument: a dtype, or Python's bool, int, float, complex given as such by the tracer; nullopt when None.
Result<std::optional<DType>> dtypeArg(const Arg& arg);

}  // namespace segue
