// Results whose size is in the data: indices of true elements, selections, sets.
#include "base/python.h"

#include "ops/rules/data_sizes.h"
#include "ops/rules/shapes.h"
#include "ops/rules/view.h"

namespace segue::rules {
namespace {

/// A vector of a size that depends on data.
Type vector(DType dtype, Dim size) { return Type::array(dtype, {size}, Layout::both()); }

/// The input with another size along an axis argument, or flat: no larger one, unless it may grow. `order`: of a result of several
/// dimensions.
Result<Type> partAlong(OpCall& call, const Type& input, size_t axis_arg, bool flat, bool may_grow, AxisOrder order) {
  auto resized = [&](Dim size) { return may_grow ? call.dataSize() : call.dataSize(size); };
  if (flat) {
    SEGUE_TRY(Dim size, shapeSize(input.shape, call.dims()));
    return vector(input.dtype, resized(size));
  }
  SEGUE_TRY(int axis, axisArg(call.arg(axis_arg), input.ndim(), call.dims()));
  Shape shape = input.shape;
  Dim& along = shape[static_cast<size_t>(axis)];
  along = resized(along);
  return Type::array(input.dtype, shape, shape.size() == 1 ? Layout::both() : Layout::unknown(order));
}

}  // namespace

Result<Dim> countIn(OpCall& call, const Shape& shape) {
  SEGUE_TRY(Dim size, shapeSize(shape, call.dims()));
  return call.dataSize(size);
}

// nonzero: (a)
Result<Type> nonzero(OpCall& call) {
  SEGUE_TRY(Operand mask, operandOf(call, 0));
  SEGUE_REQUIRE(mask.is_ndarray && mask.ndim() > 0, "indices into an array of at least one dimension");
  SEGUE_TRY(Dim count, countIn(call, mask.shape));
  // They are the columns of one array.
  const Layout layout = mask.ndim() == 1 ? Layout::both() : Layout::unknown();
  return Type::tuple(std::vector<Type>(mask.shape.size(), Type::array(DType::kI64, {count}, layout)));
}

// flatnonzero: (a)
Result<Type> flatNonzero(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(Dim count, countIn(call, input->shape));
  return vector(DType::kI64, count);
}

// argwhere: (a)
Result<Type> argwhere(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() > 0, "coordinates in an array of at least one dimension");
  SEGUE_TRY(Dim count, countIn(call, input->shape));
  const Layout layout = input->ndim() == 1 ? Layout::both() : Layout::unknown(AxisOrder::kF);
  return Type::array(DType::kI64, {count, call.dims().constant(input->ndim())}, layout);
}

// compress: (condition, a, axis)
Result<Type> compress(OpCall& call) {
  SEGUE_TRY(Operand condition, operandOf(call, 0));
  SEGUE_TRY(const Type* input, ndarrayArg(call, 1));
  SEGUE_REQUIRE(condition.is_array && condition.ndim() == 1, "condition must be a vector");
  return partAlong(call, *input, 2, !call.given(2), false, AxisOrder::kC);
}

// extract: (condition, arr)
Result<Type> extract(OpCall& call) {
  SEGUE_TRY(Operand condition, operandOf(call, 0));
  SEGUE_TRY(const Type* input, ndarrayArg(call, 1));
  SEGUE_REQUIRE(condition.is_array, "the condition must be an array");
  SEGUE_TRY(Dim count, countIn(call, input->shape));
  return vector(input->dtype, count);
}

// repeat: (a, repeats, axis), with a number for each element
Result<Type> repeatEach(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(Operand repeats, operandOf(call, 1));
  SEGUE_REQUIRE(repeats.is_array && repeats.ndim() <= 1 && isIndex(repeats.dtype()), "repeats are integers");
  const bool flat = !call.given(2) || input->ndim() == 0;
  if (flat) SEGUE_TRY_VOID(axesMask(call.arg(2), input->ndim(), call.dims()));
  return partAlong(call, *input, 2, flat, true, AxisOrder::kC);
}

// delete: (arr, obj, axis), of several
Result<Type> deleteSeveral(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(Operand which, operandOf(call, 1));
  SEGUE_REQUIRE(which.is_array && which.ndim() == 1 && (isIntegral(which.dtype()) || which.dtype() == DType::kBool),
                "what to delete is given by integers or a mask");
  return partAlong(call, *input, 2, !call.given(2), false, AxisOrder::kUnknown);
}

// trim_zeros: (filt, trim)
Result<Type> trimZeros(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() == 1, "a vector");
  SEGUE_TRY_VOID(stringArg(call.arg(1), "fb"));
  call.setSharing(Sharing::kUnknown);   // a view, but of a part that depends on what is in it
  return Type::array(input->dtype, {call.dataSize(input->shape[0])}, input->layout == Layout::both() ? Layout::both() : Layout::unknown(),
                     input->writeable);
}

// unique: (ar, return_index, return_inverse, return_counts, axis, equal_nan, sorted)
Result<Type> unique(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(!call.given(4), "different rows or columns");
  for (size_t i : {size_t{5}, size_t{6}}) SEGUE_TRY_VOID(boolArg(call.arg(i), true));
  SEGUE_TRY(Dim count, countIn(call, input->shape));
  std::vector<Type> results = {vector(input->dtype, count)};
  for (size_t i = 1; i < 4; i++) {
    SEGUE_TRY(bool wanted, boolArg(call.arg(i), false));
    if (!wanted) continue;
    const Type inverse = Type::array(DType::kI64, input->shape, cLayout(input->shape, call.dims()));
    results.push_back(i == 2 ? inverse : vector(DType::kI64, count));
  }
  if (results.size() == 1) return results[0];
  return Type::tuple(std::move(results));
}

namespace {

/// Two arrays put together.
Result<DType> joinedDType(const OpCall& call) {
  Operand operands[2];
  for (size_t i = 0; i < 2; i++) {
    SEGUE_TRY(operands[i], operandOf(call, i));
    SEGUE_REQUIRE(operands[i].is_ndarray, "sets are arrays");
  }
  SEGUE_TRY(Category joined, promoteOperands(operands));
  return categoryDType(joined);
}

}  // namespace

// union1d: (ar1, ar2); setxor1d: (ar1, ar2, assume_unique)
Result<Type> joinedSets(OpCall& call) {
  SEGUE_TRY(DType dtype, joinedDType(call));
  if (call.size() > 2) SEGUE_TRY_VOID(boolArg(call.arg(2), false));
  return vector(dtype, call.dataSize());
}

// intersect1d: (ar1, ar2, assume_unique, return_indices)
Result<Type> commonSets(OpCall& call) {
  SEGUE_TRY(DType dtype, joinedDType(call));
  SEGUE_TRY_VOID(boolArg(call.arg(2), false));
  SEGUE_TRY(bool indices, boolArg(call.arg(3), false));
  const Dim count = call.dataSize();
  if (!indices) return vector(dtype, count);
  return Type::tuple({vector(dtype, count), vector(DType::kI64, count), vector(DType::kI64, count)});
}

// setdiff1d: (ar1, ar2, assume_unique)
Result<Type> differenceOfSets(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY_VOID(joinedDType(call));
  SEGUE_TRY_VOID(boolArg(call.arg(2), false));
  return vector(input->dtype, call.dataSize());
}

// bincount: (x, weights, minlength)
Result<Type> bincount(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() == 1 && canCast(input->dtype, DType::kI64, "safe"), "counts of a vector of integers");
  SEGUE_REQUIRE(call.arg(2).missing() || call.arg(2).is<Dim>(), "minlength is an int");
  const Dim count = call.dataSize();
  // (NumPy does not look at the weights of nothing.)
  if (!call.given(1) || isEmptyShape(input->shape, call.dims())) return vector(DType::kI64, count);
  SEGUE_TRY(const Type* weights, ndarrayArg(call, 1));
  SEGUE_REQUIRE(weights->ndim() == 1 && canCast(weights->dtype, DType::kF64, "safe"), "weights are a vector of real numbers");
  SEGUE_REQUIRE(call.dims().decideEqual(input->shape[0], weights->shape[0]), "as many weights as numbers");
  return vector(DType::kF64, count);
}

}  // namespace segue::rules
