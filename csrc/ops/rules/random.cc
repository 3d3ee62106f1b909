// numpy.random: what a Generator or a RandomState draws. Parameters of a distribution are those of type Array.
#include "base/python.h"

#include "ops/op_ids.h"
#include "ops/rules/operand.h"
#include "ops/rules/shapes.h"
#include "ops/rules/view.h"

namespace segue::rules {
namespace {

/// A draw without size is a Python number.
Type drawnScalar(DType dtype) { return Type::scalar(isInexact(dtype) ? TypeKind::kPyFloat : TypeKind::kPyInt); }

Result<std::optional<Shape>> sizeArg(const OpCall& call, std::string_view name = "size") {
  const Arg& size = call.arg(name);
  if (size.missing() || size.isNone()) return std::optional<Shape>();
  SEGUE_TRY(Shape shape, shapeArg(size, call.dims()));
  return std::optional<Shape>(std::move(shape));
}

Type drawnArray(DType dtype, const Shape& shape, DimTable& dims) { return Type::array(dtype, shape, cLayout(shape, dims)); }

/// The shape that the distribution's parameters broadcast to.
Result<Shape> parametersShape(const OpCall& call) {
  Shape shape;
  for (size_t i = 1; i < call.size(); ++i) {
    if (!call.op().params[i].type.starts_with("Array") || !call.given(i)) continue;
    SEGUE_TRY(Operand parameter, operandOf(call, i));
    SEGUE_REQUIRE(!isComplex(parameter.dtype()), "a complex parameter of a distribution");
    SEGUE_TRY_VOID(requireFits(parameter, DType::kI64, call.dims()));
    SEGUE_TRY(shape, broadcastShapes(shape, parameter.shape, call.dims()));
  }
  return shape;
}

Result<Type> drawn(const OpCall& call, DType dtype, const Type& scalar) {
  SEGUE_TRY(Shape parameters, parametersShape(call));
  SEGUE_TRY(std::optional<Shape> size, sizeArg(call));
  if (!size && parameters.empty()) return scalar;
  if (!size) return drawnArray(dtype, parameters, call.dims());
  SEGUE_TRY_VOID(requireBroadcastTo(parameters, *size, call.dims()));
  return drawnArray(dtype, *size, call.dims());
}

}  // namespace

// normal, poisson …: (generator, parameters …, size)
Result<Type> draw(OpCall& call) {
  auto kind = static_cast<DTypeRuleId>(call.op().dtype_index);
  DType dtype = kind == DTypeRuleId::kI64 ? DType::kI64 : DType::kF64;
  return drawn(call, dtype, drawnScalar(dtype));
}

// random, standard_normal …: (generator, [parameter], size, dtype)
Result<Type> drawAs(OpCall& call) {
  SEGUE_TRY(std::optional<DType> dtype, dtypeArg(call.arg("dtype")));
  SEGUE_REQUIRE(!dtype || *dtype == DType::kF64 || *dtype == DType::kF32, "draws are float32 or float64");
  return drawn(call, dtype.value_or(DType::kF64), drawnScalar(DType::kF64));
}

// integers, randint: (generator, low, high, size, dtype, …)
Result<Type> drawIntegers(OpCall& call) {
  SEGUE_TRY(std::optional<DType> dtype, dtypeArg(call.arg("dtype")));
  SEGUE_REQUIRE(!dtype || !isInexact(*dtype), "integers are drawn");
  DType drawn_dtype = dtype.value_or(DType::kI64);
  bool legacy = static_cast<DTypeRuleId>(call.op().dtype_index) == DTypeRuleId::kLegacy;
  SEGUE_TRY(Type type, drawn(call, drawn_dtype, legacy ? Type::scalar(TypeKind::kPyInt) : Type::numpyScalar(drawn_dtype)));
  // dtype=int gives Python's int, dtype=np.int64 NumPy's, and both are the same dtype here.
  SEGUE_REQUIRE(type.isArray() || !dtype, "one integer of a given dtype");
  return type;
}

// dirichlet, multinomial, multivariate_hypergeometric: a vector for each draw; the last Array parameter says how long
Result<Type> drawVectors(OpCall& call) {
  auto kind = static_cast<DTypeRuleId>(call.op().dtype_index);
  DType dtype = kind == DTypeRuleId::kI64 ? DType::kI64 : DType::kF64;
  std::optional<Operand> vector;
  for (size_t i = 1; i < call.size(); ++i) {
    SEGUE_REQUIRE(call.op().params[i].type != "Int" || call.arg(i).is<Dim>(), "counts that differ");
    if (!call.op().params[i].type.starts_with("Array")) continue;
    SEGUE_TRY(vector, operandOf(call, i));
    SEGUE_REQUIRE(!isComplex(vector->dtype()), "a complex parameter of a distribution");
  }
  SEGUE_REQUIRE(vector && vector->ndim() == 1, "parameters that are no vector");
  SEGUE_TRY(std::optional<Shape> size, sizeArg(call));
  Shape shape;
  if (size) shape = *size;
  shape.push_back(vector->shape[0]);
  return drawnArray(dtype, shape, call.dims());
}

// choice: (generator, a, size, replace, p, …)
Result<Type> drawChoice(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(std::optional<Shape> size, sizeArg(call));
  if (call.arg(1).is<Dim>()) {
    if (!size) return Type::scalar(TypeKind::kPyInt);
    return drawnArray(DType::kI64, *size, dims);
  }
  SEGUE_TRY(const Type* array, ndarrayArg(call, 1));
  SEGUE_REQUIRE(array->ndim() == 1, "a choice among the rows of an array");
  if (!size) return Type::numpyScalar(array->dtype);
  return drawnArray(array->dtype, *size, dims);
}

// permutation: (generator, x)
Result<Type> permutation(OpCall& call) {
  DimTable& dims = call.dims();
  if (call.arg(1).is<Dim>()) {
    SEGUE_REQUIRE(!dims.decideLess(call.arg(1).as<Dim>(), dims.constant(0)), "a permutation of a negative number");
    return drawnArray(DType::kI64, {call.arg(1).as<Dim>()}, dims);
  }
  SEGUE_TRY(const Type* array, ndarrayArg(call, 1));
  SEGUE_REQUIRE(array->ndim() == 1, "a permutation of the rows of an array");
  return drawnArray(array->dtype, array->shape, dims);
}

// permuted: (generator, x)
Result<Type> permuted(OpCall& call) {
  SEGUE_TRY(const Type* array, ndarrayArg(call, 1));
  SEGUE_REQUIRE(array->ndim() == 1, "a permutation along an axis");
  return drawnArray(array->dtype, array->shape, call.dims());
}

// shuffle: (generator, x)
Result<Type> shuffle(OpCall& call) {
  SEGUE_TRY(const Type* array, ndarrayArg(call, 1));
  SEGUE_REQUIRE(array->ndim() > 0 && array->writeable, "shuffling what cannot be written");
  return Type::scalar(TypeKind::kNone);
}

}  // namespace segue::rules
