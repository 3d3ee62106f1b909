// Partial orders, choices among arrays, and elements put in, taken out or packed.
#include "base/python.h"

#include "ops/op_ids.h"
#include "ops/rules/data_sizes.h"
#include "ops/rules/reduction.h"
#include "ops/rules/view.h"

namespace segue::rules {
namespace {

/// kth of a partition; whether it is in bounds NumPy finds out.
Result<Unit> requirePlaces(const Arg& arg, DimTable& dims) {
  if (arg.is<Dim>()) return Unit{};
  SEGUE_TRY_VOID(shapeArg(arg, dims));
  return Unit{};
}

}  // namespace

// partition, argpartition: (a, kth, axis)
Result<Type> partition(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray && input.ndim() > 0, "a partition of an array");
  SEGUE_TRY_VOID(requirePlaces(call.arg(1), dims));
  const bool indices = static_cast<DTypeRuleId>(call.op().dtype_index) == DTypeRuleId::kI64;
  DType dtype = indices ? DType::kI64 : input.dtype();
  if (call.arg(2).isNone()) {
    SEGUE_TRY(Dim size, shapeSize(input.shape, dims));
    return Type::array(dtype, {size}, Layout::both());
  }
  if (!call.arg(2).missing()) SEGUE_TRY_VOID(axisArg(call.arg(2), input.ndim(), dims));
  Layout layout = indices ? cLayout(input.shape, dims) : keepOrderLayout({&input, 1}, input.shape, dims);
  return Type::array(dtype, input.shape, layout);
}

// partition in place: (a, kth, axis)
Result<Type> partitionInPlace(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->writeable && input->ndim() > 0, "a partition needs a writeable array with an axis");
  SEGUE_TRY_VOID(requirePlaces(call.arg(1), call.dims()));
  if (!call.arg(2).missing()) SEGUE_TRY_VOID(axisArg(call.arg(2), input->ndim(), call.dims()));
  return Type::scalar(TypeKind::kNone);
}

// lexsort: (keys)
Result<Type> lexsort(OpCall& call) {
  SEGUE_REQUIRE(call.arg(0).is<ArgTuple>(), "keys in a tuple or list");
  SEGUE_TRY(std::vector<Operand> keys, operandsOf(call.arg(0), call.dims()));
  SEGUE_REQUIRE(!keys.empty() && keys[0].ndim() == 1, "keys that are vectors");
  for (const Operand& key : keys) SEGUE_REQUIRE(sameShape(key.shape, keys[0].shape, call.dims()), "keys of different sizes");
  return Type::array(DType::kI64, keys[0].shape, Layout::both());
}

// choose: (a, choices, mode)
Result<Type> choose(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand index, operandOf(call, 0));
  SEGUE_REQUIRE(!isInexact(index.dtype()) && index.dtype() != DType::kU64 && index.is_array, "choices by integers");
  SEGUE_REQUIRE(call.arg(1).is<ArgTuple>(), "choices in a tuple or list");
  SEGUE_TRY(std::vector<Operand> choices, operandsOf(call.arg(1), dims));
  SEGUE_REQUIRE(!choices.empty(), "nothing to choose from");
  Shape shape = index.shape;
  for (const Operand& choice : choices) {
    SEGUE_REQUIRE(choice.is_ndarray, "choices among arrays");
    SEGUE_TRY(shape, broadcastShapes(shape, choice.shape, dims));
  }
  SEGUE_TRY(Category promoted, promoteOperands(choices));
  DType dtype = categoryDType(promoted);
  SEGUE_REQUIRE(!shape.empty(), "a choice without dimensions");
  return Type::array(dtype, shape, shape.size() == 1 ? Layout::both() : Layout::unknown());
}

// select: (condlist, choicelist, default)
Result<Type> select(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_REQUIRE(call.arg(0).is<ArgTuple>() && call.arg(1).is<ArgTuple>(), "conditions and choices in lists");
  SEGUE_TRY(std::vector<Operand> conditions, operandsOf(call.arg(0), dims));
  SEGUE_TRY(std::vector<Operand> choices, operandsOf(call.arg(1), dims));
  SEGUE_REQUIRE(!conditions.empty() && conditions.size() == choices.size(), "as many choices as conditions");
  Shape shape;
  for (const Operand& condition : conditions) {
    SEGUE_REQUIRE(condition.is_ndarray && condition.dtype() == DType::kBool && condition.ndim() > 0, "conditions that are no masks");
    SEGUE_TRY(shape, broadcastShapes(shape, condition.shape, dims));
  }
  if (call.arg(2).missing()) {
    choices.push_back(Operand{.category = kWeakInt});
  } else {
    SEGUE_TRY(Operand otherwise, operandOf(call, 2));
    choices.push_back(std::move(otherwise));
  }
  SEGUE_TRY(Category promoted, promoteOperands(choices));
  DType dtype = categoryDType(promoted);
  for (const Operand& choice : choices) {
    SEGUE_TRY(shape, broadcastShapes(shape, choice.shape, dims));
    SEGUE_TRY_VOID(requireFits(choice, dtype, dims));
  }
  return Type::array(dtype, shape, cLayout(shape, dims));
}

// putmask, place: (a, mask, values)
Result<Type> putWhere(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* target, ndarrayArg(call, 0));
  SEGUE_TRY(const Type* mask, ndarrayArg(call, 1));
  SEGUE_TRY(Operand values, operandOf(call, 2));
  SEGUE_REQUIRE(target->writeable && target->ndim() > 0, "assignment to a read-only array");
  SEGUE_REQUIRE(mask->dtype == DType::kBool && sameShape(mask->shape, target->shape, dims), "a mask of another shape");
  SEGUE_REQUIRE(!isEmptyShape(values.shape, dims), "no values to put");
  SEGUE_TRY_VOID(requireNoWider(values, target->dtype, dims));
  return Type::scalar(TypeKind::kNone);
}

// fill_diagonal: (a, val)
Result<Type> fillDiagonal(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* target, ndarrayArg(call, 0));
  SEGUE_TRY(Operand value, operandOf(call, 1));
  SEGUE_REQUIRE(target->writeable && target->ndim() == 2 && value.shape.empty(), "one number for the diagonal of a matrix");
  SEGUE_REQUIRE(!isEmptyShape(target->shape, dims), "an empty matrix");
  SEGUE_TRY_VOID(requireNoWider(value, target->dtype, dims));
  return Type::scalar(TypeKind::kNone);
}

// delete: (arr, obj, axis)
Result<Type> deleted(OpCall& call) {
  DimTable& dims = call.dims();
  if (!call.arg(1).is<Dim>()) return deleteSeveral(call);
  SEGUE_REQUIRE(!call.given(2), "one row or column");
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() == 1 && call.arg(1).is<Dim>(), "one element of a vector");
  SEGUE_REQUIRE(!isEmptyShape(input->shape, dims), "an empty vector");
  SEGUE_TRY(Dim size, dims.sub(input->shape[0], dims.constant(1)));
  return Type::array(input->dtype, {size}, Layout::both());
}

// insert: (arr, obj, values)
Result<Type> insertOne(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(Operand value, operandOf(call, 2));
  SEGUE_REQUIRE(input->ndim() == 1 && call.arg(1).is<Dim>() && value.shape.empty(), "one element of a vector");
  SEGUE_TRY_VOID(requireNoWider(value, input->dtype, dims));
  SEGUE_TRY(Dim size, dims.add(input->shape[0], dims.constant(1)));
  return Type::array(input->dtype, {size}, Layout::both());
}

// ediff1d: (ary)
Result<Type> differences(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() > 0 && input->dtype != DType::kBool, "differences of an array of numbers");
  SEGUE_TRY(Dim size, shapeSize(input->shape, dims));
  SEGUE_REQUIRE(dims.decideLess(dims.constant(0), size), "differences of nothing");
  SEGUE_TRY(Dim count, dims.sub(size, dims.constant(1)));
  return Type::array(input->dtype, {count}, Layout::both());
}

// diagflat: (v)
Result<Type> diagonalMatrix(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(Dim size, shapeSize(input->shape, call.dims()));
  return Type::array(input->dtype, {size, size}, cLayout({size, size}, call.dims()));
}

// packbits: (a); unpackbits: (a)
Result<Type> bits(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() > 0, "bits of a 0-d array");
  SEGUE_TRY(Dim size, shapeSize(input->shape, dims));
  if (static_cast<DTypeRuleId>(call.op().dtype_index) == DTypeRuleId::kPacked) {
    SEGUE_REQUIRE(!isInexact(input->dtype), "bits of integers");
    SEGUE_TRY(size, dims.add(size, dims.constant(7)));
    SEGUE_TRY(size, dims.floorDiv(size, dims.constant(8)));
  } else {
    SEGUE_REQUIRE(input->dtype == DType::kU8, "bits of bytes");
    SEGUE_TRY(size, dims.mul(size, dims.constant(8)));
  }
  return Type::array(DType::kU8, {size}, Layout::both());
}

// unravel_index: (indices, shape)
Result<Type> unravelIndex(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand index, operandOf(call, 0));
  SEGUE_TRY(Shape shape, shapeArg(call.arg(1), dims));
  SEGUE_REQUIRE(isIndex(index.dtype()), "an index of integers");
  SEGUE_REQUIRE(index.shape.empty() ? !index.is_array : index.ndim() == 1, "indices in a vector");
  SEGUE_REQUIRE(!shape.empty() && !isEmptyShape(index.shape, dims), "no indices");
  // Arrays are the columns of one.
  Layout layout = shape.size() == 1 ? Layout::both() : Layout::unknown();
  Type item = index.shape.empty() ? Type::numpyScalar(DType::kI64) : Type::array(DType::kI64, index.shape, layout);
  return Type::tuple(std::vector<Type>(shape.size(), item));
}

// ravel_multi_index: (multi_index, dims)
Result<Type> ravelIndex(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_REQUIRE(call.arg(0).is<ArgTuple>(), "an index for each dimension");
  SEGUE_TRY(std::vector<Operand> indices, operandsOf(call.arg(0), dims));
  SEGUE_TRY(Shape sizes, shapeArg(call.arg(1), dims));
  SEGUE_REQUIRE(!indices.empty() && indices.size() == sizes.size(), "an index for each dimension");
  Shape shape;
  for (const Operand& index : indices) {
    SEGUE_REQUIRE(isIndex(index.dtype()), "indices of integers");
    SEGUE_REQUIRE(index.shape.empty() ? !index.is_array : index.ndim() == 1, "indices in vectors");
    SEGUE_TRY(shape, broadcastShapes(shape, index.shape, dims));
  }
  if (shape.empty()) return Type::numpyScalar(DType::kI64);
  return Type::array(DType::kI64, shape, Layout::both());
}

// quantile, percentile: (a, q, axis, keepdims)
Result<Type> quantile(OpCall& call) {
  SEGUE_TRY(Reduced reduced, reducedOf(call, 0, 2, 3));
  DType dtype = meanDType(reduced.input.dtype());
  SEGUE_REQUIRE(reduced.input.ndim() > 0 && !isComplex(dtype) && reduced.input.dtype() != DType::kBool, "quantiles of real numbers");
  SEGUE_REQUIRE(dtype == DType::kF64, "quantiles in float64");
  SEGUE_REQUIRE(!isEmptyShape(reduced.input.shape, call.dims()), "quantiles of nothing");
  // Of integers, those of a whole number are integers.
  const bool whole = call.op().name == "quantile" && reduced.input.dtype() != DType::kF64;
  SEGUE_REQUIRE(!whole || call.arg(1).is<double>(), "quantiles of integers by other numbers than a float");
  Shape shape;
  if (!call.arg(1).is<double>() && !call.arg(1).is<Dim>()) {
    SEGUE_TRY(Operand q, operandOf(call, 1));
    SEGUE_REQUIRE(q.ndim() == 1 && !isComplex(q.dtype()) && q.dtype() != DType::kBool, "a number, or a list of them");
    shape = q.shape;
  }
  const bool single = shape.empty();
  shape.insert(shape.end(), reduced.shape.begin(), reduced.shape.end());
  if (single && reduced.is_scalar) return Type::numpyScalar(dtype);
  return Type::array(dtype, shape, shape.size() == 1 ? Layout::both() : Layout::unknown());
}

// cov, corrcoef: (m)
Result<Type> covariance(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() == 1 || input->ndim() == 2, "covariances of a matrix");
  SEGUE_REQUIRE(input->dtype != DType::kF16, "covariances of float16");
  Dim variables = input->ndim() == 2 ? input->shape[0] : dims.constant(1);
  DType dtype = promote(input->dtype, DType::kF64);
  SEGUE_REQUIRE(dims.decideLess(dims.constant(1), input->shape.back()) && dims.decideLess(dims.constant(0), variables),
                "covariances without degrees of freedom");
  if (call.given(1)) {
    SEGUE_TRY(const Type* other, ndarrayArg(call, 1));
    SEGUE_REQUIRE(input->ndim() == 1 && other->ndim() == 1 && dims.decideEqual(other->shape[0], input->shape[0]),
                  "two vectors of one size");
    SEGUE_REQUIRE(other->dtype != DType::kF16, "covariances of float16");
    dtype = promote(dtype, other->dtype);
    variables = dims.constant(2);
  }
  SEGUE_REQUIRE(dims.decideLess(dims.constant(1), variables), "one variable");
  Shape shape{variables, variables};
  return Type::array(dtype, shape, Layout::unknown());
}

}  // namespace segue::rules
