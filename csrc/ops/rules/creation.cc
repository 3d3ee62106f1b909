// Arrays made from nothing, or from the shape and dtype of others.
#include "base/python.h"

#include <cmath>

#include "base/numpy_version.h"
#include "ops/op_ids.h"
#include "ops/rules/view.h"

namespace segue::rules {
namespace {

Result<DType> dtypeOr(const Arg& arg, DType otherwise) {
  SEGUE_TRY(std::optional<DType> wanted, dtypeArg(arg));
  return wanted.value_or(otherwise);
}

Result<Type> freshArray(const Shape& shape, DType dtype, const Arg& order_arg, DimTable& dims) {
  SEGUE_TRY(std::string_view order, stringArg(order_arg, "C"));
  SEGUE_REQUIRE(order == "C" || order == "F", "order must be 'C' or 'F'");
  return Type::array(dtype, shape, order == "C" ? cLayout(shape, dims) : fLayout(shape, dims));
}

/// The number of values from start to stop in steps: ceil((stop - start) / step), at least 0.
Result<Dim> stepsBetween(Dim start, Dim stop, Dim step, DimTable& dims) {
  Dim zero = dims.constant(0), one = dims.constant(1);
  SEGUE_REQUIRE(!dims.decideEqual(step, zero), "a step of zero");
  bool forward = dims.decideLess(zero, step);
  SEGUE_TRY(Dim distance, forward ? dims.sub(stop, start) : dims.sub(start, stop));
  if (dims.decideLess(distance, one)) return zero;
  if (!forward) {
    SEGUE_TRY(step, dims.sub(zero, step));
  }
  SEGUE_TRY(Dim rounded, dims.add(distance, step));
  SEGUE_TRY(rounded, dims.sub(rounded, one));
  return dims.floorDiv(rounded, step);
}

std::optional<double> constantNumber(const Arg& arg, DimTable& dims) {
  if (arg.is<double>()) return arg.as<double>();
  if (arg.is<Dim>()) return static_cast<double>(dims.specialize(arg.as<Dim>()));
  return std::nullopt;
}

}  // namespace

// zeros, ones, empty: (shape, dtype, order)
Result<Type> newArray(OpCall& call) {
  SEGUE_TRY(Shape shape, shapeArg(call.arg(0), call.dims()));
  SEGUE_TRY(DType dtype, dtypeOr(call.arg(1), DType::kF64));
  return freshArray(shape, dtype, call.arg(2), call.dims());
}

namespace {

/// Python integers wrapped around before NumPy 2.1.
Result<Unit> requireFills(const Operand& value, DType dtype, DimTable& dims) {
  return numpyAtLeast(2, 1) ? requireFits(value, dtype, dims) : Result<Unit>(Unit{});
}

}  // namespace

// full: (shape, fill_value, dtype, order)
Result<Type> full(OpCall& call) {
  SEGUE_TRY(Shape shape, shapeArg(call.arg(0), call.dims()));
  SEGUE_TRY(Operand value, operandOf(call, 1));
  SEGUE_TRY_VOID(requireBroadcastTo(value.shape, shape, call.dims()));
  SEGUE_TRY(DType dtype, dtypeOr(call.arg(2), value.dtype()));
  SEGUE_REQUIRE(!discardsImaginary(value.dtype(), dtype), "the cast would discard the imaginary part");
  SEGUE_TRY_VOID(requireFills(value, dtype, call.dims()));
  return freshArray(shape, dtype, call.arg(3), call.dims());
}

namespace {

Result<Type> likeArray(OpCall& call, size_t dtype_at, size_t order_at) {
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_TRY(DType dtype, dtypeOr(call.arg(dtype_at), input.dtype()));
  SEGUE_TRY(std::string_view order, stringArg(call.arg(order_at), "K"));
  // Here 'A' asks for an array that is Fortran contiguous and not C contiguous as well.
  if (order == "A" && input.layout.c_contiguous) order = "C";
  SEGUE_TRY(Layout layout, orderedLayout(order, {&input, 1}, input.shape, call.dims()));
  return Type::array(dtype, input.shape, layout);
}

}  // namespace

// zeros_like, ones_like, empty_like: (a, dtype, order)
Result<Type> newLike(OpCall& call) {
  SEGUE_TRY(Type type, likeArray(call, 1, 2));
  if (call.size() <= 4) return type;
  SEGUE_REQUIRE(!call.given(5), "a device");
  if (!call.given(4)) return type;
  SEGUE_TRY(Shape shape, shapeArg(call.arg(4), call.dims()));
  SEGUE_TRY(std::string_view order, stringArg(call.arg(2), "K"));
  // Of as many dimensions, the order is that of the strides.
  const bool c_order = order == "K" && (shape.size() == 1 || shape.size() != type.shape.size());
  return Type::array(type.dtype, shape, c_order ? cLayout(shape, call.dims()) : Layout::unknown());
}

// full_like: (a, fill_value, dtype, order)
Result<Type> fullLike(OpCall& call) {
  SEGUE_TRY(Type type, likeArray(call, 2, 3));
  SEGUE_TRY(Operand value, operandOf(call, 1));
  SEGUE_TRY_VOID(requireBroadcastTo(value.shape, type.shape, call.dims()));
  SEGUE_REQUIRE(!discardsImaginary(value.dtype(), type.dtype), "the cast would discard the imaginary part");
  SEGUE_TRY_VOID(requireFills(value, type.dtype, call.dims()));
  return type;
}

// arange: (start, stop, step, dtype)
Result<Type> arange(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(std::optional<DType> wanted, dtypeArg(call.arg(3)));
  bool only_stop = !call.given(1);
  const Arg zero = dims.constant(0), one = dims.constant(1);
  const Arg& start = only_stop ? zero : call.arg(0);
  const Arg& stop = only_stop ? call.arg(0) : call.arg(1);
  const Arg& step = call.given(2) ? call.arg(2) : one;
  SEGUE_REQUIRE(!wanted || *wanted != DType::kBool, "a range of booleans");
  Dim count;
  bool ints = start.is<Dim>() && stop.is<Dim>() && step.is<Dim>();
  if (ints) {
    SEGUE_TRY(count, stepsBetween(start.as<Dim>(), stop.as<Dim>(), step.as<Dim>(), dims));
    DType dtype = wanted.value_or(DType::kI64);
    for (const Arg* bound : {&start, &stop, &step}) {
      SEGUE_REQUIRE(intFits(bound->as<Dim>(), dtype, dims), "a bound does not fit the dtype");
    }
  } else {
    std::optional<double> from = constantNumber(start, dims), to = constantNumber(stop, dims);
    std::optional<double> by = constantNumber(step, dims);
    SEGUE_REQUIRE(from && to && by, "the length of a range of numbers that are not constants");
    SEGUE_REQUIRE(!wanted || isInexact(*wanted), "a range of floats in integers");
    double length = std::ceil((*to - *from) / *by);
    SEGUE_REQUIRE(std::isfinite(length) && length < 1e15, "a range of that many numbers");
    count = dims.constant(length > 0 ? static_cast<int64_t>(length) : 0);
  }
  return Type::array(wanted.value_or(ints ? DType::kI64 : DType::kF64), {count}, Layout::both());
}

// linspace and logspace: (start, stop, num, endpoint, dtype)
Result<Type> linspace(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand start, operandOf(call, 0));
  SEGUE_TRY(Operand stop, operandOf(call, 1));
  SEGUE_REQUIRE(start.shape.empty() && stop.shape.empty(), "only scalars bound a linspace here");
  Dim count = dims.constant(50);
  if (!call.arg(2).missing()) {
    SEGUE_REQUIRE(call.arg(2).is<Dim>(), "num must be an int");
    count = call.arg(2).as<Dim>();
    SEGUE_REQUIRE(!dims.decideLess(count, dims.constant(0)), "num must not be negative");
  }
  SEGUE_TRY_VOID(boolArg(call.arg(3), true));
  // Narrower NumPy scalars meet Python's here by rules of their own.
  for (const Operand* bound : {&start, &stop}) {
    DType own = bound->dtype();
    bool plain = isWeak(bound->category) || own == DType::kI64 || own == DType::kF64 || own == DType::kC128;
    SEGUE_REQUIRE(plain, "a linspace between narrow NumPy scalars");
  }
  DType dtype = promote(promote(start.dtype(), stop.dtype()), DType::kF64);
  SEGUE_TRY(std::optional<DType> wanted, dtypeArg(call.arg("dtype")));
  SEGUE_REQUIRE(!wanted || isInexact(*wanted), "a linspace in integers");
  SEGUE_REQUIRE(!wanted || !discardsImaginary(dtype, *wanted), "the cast would discard the imaginary part");
  const Type points = Type::array(wanted.value_or(dtype), {count}, Layout::both());
  const int retstep = call.op().paramIndex("retstep");
  if (retstep < 0) return points;
  SEGUE_TRY(bool with_step, boolArg(call.arg(static_cast<size_t>(retstep)), false));
  if (!with_step) return points;
  SEGUE_REQUIRE(dims.decideLess(dims.constant(2), count) && dtype == DType::kF64, "the step between few points, or complex ones");
  return Type::tuple({points, Type::numpyScalar(DType::kF64)});
}

// eye and tri: (N, M, k, dtype, order)
Result<Type> eye(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Shape shape, shapeArg(call.arg(0), dims));
  SEGUE_REQUIRE(shape.size() == 1 && call.arg(0).is<Dim>(), "N must be an int");
  if (call.given(1)) {
    SEGUE_TRY(Shape columns, shapeArg(call.arg(1), dims));
    SEGUE_REQUIRE(call.arg(1).is<Dim>(), "M must be an int");
    shape.push_back(columns[0]);
  } else {
    shape.push_back(shape[0]);
  }
  SEGUE_REQUIRE(call.arg(2).missing() || call.arg(2).is<Dim>(), "k must be an int");
  SEGUE_TRY(DType dtype, dtypeOr(call.arg(3), DType::kF64));
  return freshArray(shape, dtype, call.size() > 4 ? call.arg(4) : Arg(), dims);
}

// identity: (n, dtype)
Result<Type> identity(OpCall& call) {
  SEGUE_REQUIRE(call.arg(0).is<Dim>(), "n must be an int");
  SEGUE_TRY(Shape shape, shapeArg(call.arg(0), call.dims()));
  shape.push_back(shape[0]);
  SEGUE_TRY(DType dtype, dtypeOr(call.arg(1), DType::kF64));
  return Type::array(dtype, shape, cLayout(shape, call.dims()));
}

// fft.fftfreq and rfftfreq: (n, d)
Result<Type> fftfreq(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_REQUIRE(call.arg(0).is<Dim>(), "n must be an int");
  Dim count = call.arg(0).as<Dim>();
  SEGUE_REQUIRE(dims.decideLess(dims.constant(0), count), "n must be positive");
  SEGUE_REQUIRE(call.arg(1).missing() || call.arg(1).is<double>(), "d must be a float");
  SEGUE_REQUIRE(call.arg(1).missing() || call.arg(1).as<double>() != 0.0, "d of zero raises");
  if (static_cast<DTypeRuleId>(call.op().dtype_index) == DTypeRuleId::kHalf) {
    SEGUE_TRY(count, dims.floorDiv(count, dims.constant(2)));
    SEGUE_TRY(count, dims.add(count, dims.constant(1)));
  }
  return Type::array(DType::kF64, {count}, Layout::both());
}

// bartlett, blackman, hamming, hanning, kaiser: (M)
Result<Type> window(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_REQUIRE(call.arg(0).is<Dim>(), "M must be an int");
  SEGUE_REQUIRE(call.size() < 2 || call.arg(1).is<double>() || call.arg(1).is<Dim>(), "beta must be a number");
  Dim count = call.arg(0).as<Dim>();
  if (dims.decideLess(count, dims.constant(1))) count = dims.constant(0);
  return Type::array(DType::kF64, {count}, Layout::both());
}

// tril_indices and triu_indices: (n); of a square matrix: (arr)
Result<Type> triangleIndices(OpCall& call) {
  DimTable& dims = call.dims();
  Dim size{};
  if (call.arg(0).is<Dim>()) {
    size = call.arg(0).as<Dim>();
    SEGUE_REQUIRE(!dims.decideLess(size, dims.constant(0)), "a negative size");
  } else {
    SEGUE_TRY(const Type* matrix, ndarrayArg(call, 0));
    SEGUE_REQUIRE(matrix->ndim() == 2 && dims.decideEqual(matrix->shape[0], matrix->shape[1]), "indices of a square matrix");
    size = matrix->shape[0];
  }
  SEGUE_TRY(Dim next, dims.add(size, dims.constant(1)));
  SEGUE_TRY(Dim twice, dims.mul(size, next));
  SEGUE_TRY(Dim count, dims.floorDiv(twice, dims.constant(2)));
  Type indices = Type::array(DType::kI64, {count}, Layout::both());
  return Type::tuple({indices, indices});
}

// meshgrid: (x, y, indexing)
Result<Type> meshgrid(OpCall& call) {
  DimTable& dims = call.dims();
  std::vector<Operand> inputs;
  Shape shape;
  for (size_t i = 0; i < 2; i++) {
    SEGUE_TRY(const Type* input, ndarrayArg(call, i));
    SEGUE_REQUIRE(input->ndim() == 1, "meshgrid of vectors");
    SEGUE_TRY(Operand operand, operandOf(call, i));
    shape.push_back(operand.shape[0]);
    inputs.push_back(std::move(operand));
  }
  SEGUE_TRY(std::string_view indexing, stringArg(call.arg(2), "xy"));
  SEGUE_REQUIRE(indexing == "xy" || indexing == "ij", "indexing must be 'xy' or 'ij'");
  if (indexing == "xy") std::swap(shape[0], shape[1]);
  std::vector<Type> items;
  for (const Operand& input : inputs) items.push_back(Type::array(input.dtype(), shape, cLayout(shape, dims)));
  return Type::tuple(std::move(items));
}

}  // namespace segue::rules
