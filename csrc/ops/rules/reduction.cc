#include "base/python.h"

#include "base/numpy_version.h"
#include "ops/rules/reduction.h"

#include "base/fault.h"

namespace segue {

Result<Reduced> reducedOf(const OpCall& call, size_t input, size_t axis, int keepdims) {
  DimTable& dims = call.dims();
  Reduced out;
  SEGUE_TRY(out.input, operandOf(call, input));
  SEGUE_REQUIRE(out.input.is_ndarray, "only arrays are reduced");
  SEGUE_TRY(out.axes, axesMask(call.arg(axis), out.input.ndim(), dims));
  bool keep = false;
  if (keepdims >= 0) {
    SEGUE_TRY(keep, boolArg(call.arg(static_cast<size_t>(keepdims)), false));
  }
  if (SEGUE_FAULT(KeepdimsIgnored)) keep = false;
  Operand kept = out.input;  // the input's order with the reduced axes of length 1
  kept.shape.clear();
  for (int i = 0; i < out.input.ndim(); i++) {
    bool reduced = (out.axes >> i) & 1;
    if (!reduced || keep) kept.shape.push_back(reduced ? dims.constant(1) : out.input.shape[static_cast<size_t>(i)]);
  }
  out.shape = kept.shape;
  out.is_scalar = out.shape.empty();
  if (!out.is_scalar) out.layout = keepOrderLayout({&kept, 1}, out.shape, dims);
  return out;
}

Result<Type> reducedType(OpCall& call, const Reduced& reduced, DType dtype, int out) {
  if (out >= 0 && call.given(static_cast<size_t>(out))) return exactOut(call, static_cast<size_t>(out), dtype, reduced.shape);
  if (reduced.is_scalar) return elementType(dtype);
  return Type::array(dtype, reduced.shape, reduced.layout);
}

Result<Dim> reducedCount(const Reduced& reduced, DimTable& dims) {
  Dim count = dims.constant(1);
  for (int i = 0; i < reduced.input.ndim(); i++) {
    if (!((reduced.axes >> i) & 1)) continue;
    SEGUE_TRY(count, dims.mul(count, reduced.input.shape[static_cast<size_t>(i)]));
  }
  return count;
}

Result<Unit> requireElements(const Reduced& reduced, DimTable& dims) {
  SEGUE_TRY(Dim count, reducedCount(reduced, dims));
  SEGUE_REQUIRE(!dims.decideLess(count, dims.constant(1)), "nothing to reduce");
  return Unit{};
}

Result<Type> argReduction(OpCall& call, int out, int keepdims) {
  SEGUE_REQUIRE(!call.arg(1).is<ArgTuple>(), "argmax takes one axis");
  SEGUE_TRY(Reduced reduced, reducedOf(call, 0, 1, keepdims));
  SEGUE_TRY_VOID(requireElements(reduced, call.dims()));
  // The result is made in C order whatever the input's.
  if (!reduced.is_scalar) reduced.layout = cLayout(reduced.shape, call.dims());
  return reducedType(call, reduced, DType::kI64, out);
}

Result<bool> reductionMask(const OpCall& call, size_t where, const Shape& input) {
  const Arg& arg = call.arg(where);
  if (arg.missing() || (arg.is<bool>() && arg.as<bool>())) return false;
  SEGUE_TRY(Operand mask, operandOf(arg, call.dims()));
  SEGUE_REQUIRE(mask.dtype() == DType::kBool, "where= must be bool");
  SEGUE_TRY_VOID(requireBroadcastTo(mask.shape, input, call.dims()));
  return true;
}

DType accumulatorDType(DType dtype) {
  if (SEGUE_FAULT(SumNotWidened)) return dtype;
  if (dtype == DType::kBool || dtypeKind(dtype) == 'i') return DType::kI64;
  return dtypeKind(dtype) == 'u' ? DType::kU64 : dtype;
}

Result<DType> reducedOther(const OpCall& call, DType dtype, std::string_view kinds) {
  SEGUE_REQUIRE(kinds.find(dtypeKind(dtype)) != std::string_view::npos, "%s of %s", std::string(call.op().name),
                std::string(dtypeName(dtype)));
  return SEGUE_FAULT(ReductionsSwapped) ? dtype : nativeDType(dtype);
}

DType meanDType(DType dtype) { return isInexact(dtype) ? dtype : DType::kF64; }

namespace rules {
namespace {

/// Parameters of sum, prod, max and min: a, axis, [dtype,] out, keepdims, initial, where.
struct FoldParams {
  int dtype;
  int out;
  size_t keepdims, initial, where;
};

Result<Unit> checkInitial(const OpCall& call, const FoldParams& params, DType dtype) {
  if (!call.given(params.initial)) return Unit{};
  SEGUE_TRY(Operand initial, operandOf(call, params.initial));
  SEGUE_REQUIRE(initial.shape.empty(), "initial must be a scalar");
  SEGUE_REQUIRE(canCast(initial.dtype(), dtype, "same_kind") || isWeak(initial.category),
                "initial does not cast to the result's dtype");
  SEGUE_REQUIRE(initial.category <= kWeakInt || isInexact(dtype), "a fractional initial would be cut off");
  SEGUE_REQUIRE(initial.category != kWeakComplex || isComplex(dtype), "initial does not cast to the result's dtype");
  return requireFits(initial, dtype, call.dims());
}

/// Sums and extrema of other dtypes than the core ones keep theirs, in native byte order.
Result<Type> foldOthers(OpCall& call, const FoldParams& params, bool accumulates, Reduced& reduced) {
  SEGUE_TRY(DType dtype, reducedOther(call, reduced.input.dtype(), accumulates ? "fcm" : "iufcmM"));
  SEGUE_REQUIRE(!accumulates || dtypeKind(dtype) != 'm' || call.op().name == "sum", "a product of times");
  SEGUE_REQUIRE(params.dtype < 0 || !call.given(static_cast<size_t>(params.dtype)), "dtype= of such a reduction");
  SEGUE_REQUIRE(!call.given(params.initial) && call.arg(params.where).missing(), "initial= or where= of such a reduction");
  if (!accumulates) SEGUE_TRY_VOID(requireElements(reduced, call.dims()));
  return reducedType(call, reduced, dtype, params.out);
}

Result<Type> fold(OpCall& call, const FoldParams& params, bool accumulates) {
  SEGUE_TRY(Reduced reduced, reducedOf(call, 0, 1, static_cast<int>(params.keepdims)));
  if (!isCore(reduced.input.dtype())) return foldOthers(call, params, accumulates, reduced);
  DType dtype = accumulates ? accumulatorDType(reduced.input.dtype()) : reduced.input.dtype();
  if (params.dtype >= 0) {
    SEGUE_TRY(std::optional<DType> wanted, dtypeArg(call.arg(static_cast<size_t>(params.dtype))));
    if (wanted) dtype = *wanted;
  }
  SEGUE_REQUIRE(!discardsImaginary(reduced.input.dtype(), dtype), "the cast would discard the imaginary part");
  SEGUE_TRY_VOID(checkInitial(call, params, dtype));
  SEGUE_TRY(bool masked, reductionMask(call, params.where, reduced.input.shape));
  if (!accumulates && !call.given(params.initial)) {
    SEGUE_REQUIRE(!masked, "where= needs initial= in a reduction without an identity");
    SEGUE_TRY_VOID(requireElements(reduced, call.dims()));
  }
  // The mask takes part in the choice of the result's order.
  if (masked && reduced.layout != Layout::both()) reduced.layout = Layout::unknown();
  return reducedType(call, reduced, dtype, params.out);
}

}  // namespace

// sum and prod: (a, axis, dtype, out, keepdims, initial, where)
Result<Type> accumulation(OpCall& call) { return fold(call, {2, 3, 4, 5, 6}, true); }

// max and min: (a, axis, out, keepdims, initial, where)
Result<Type> extremum(OpCall& call) { return fold(call, {-1, 2, 3, 4, 5}, false); }

// any and all: (a, axis, out, keepdims, where)
Result<Type> truth(OpCall& call) {
  SEGUE_TRY(Reduced reduced, reducedOf(call, 0, 1, 3));
  if (!isCore(reduced.input.dtype())) SEGUE_TRY_VOID(reducedOther(call, reduced.input.dtype(), "iufcm"));
  SEGUE_TRY(bool masked, reductionMask(call, 4, reduced.input.shape));
  if (masked && reduced.layout != Layout::both()) reduced.layout = Layout::unknown();
  return reducedType(call, reduced, DType::kBool, 2);
}

namespace {

/// Means are made in Python from a sum and a count, and the count refuses an axis of a 0-d array that the sum takes.
Result<Reduced> averagedOf(const OpCall& call, int keepdims) {
  SEGUE_TRY(Reduced reduced, reducedOf(call, 0, 1, keepdims));
  SEGUE_REQUIRE(reduced.input.ndim() > 0 || !call.arg(1).is<Dim>(), "a 0-d array has no axis to average over");
  return reduced;
}

}  // namespace

// mean: (a, axis, dtype, out, keepdims, where)
Result<Type> mean(OpCall& call) {
  SEGUE_TRY(Reduced reduced, averagedOf(call, 4));
  SEGUE_TRY(std::optional<DType> wanted, dtypeArg(call.arg(2)));
  DType dtype = wanted.value_or(reduced.input.dtype());
  if (!isCore(reduced.input.dtype()) || !isCore(dtype)) {
    SEGUE_REQUIRE(!wanted, "dtype= of the mean of other dtypes");
    SEGUE_TRY(dtype, reducedOther(call, dtype, "fcm"));
  } else if (!wanted) {
    dtype = meanDType(dtype);
  }
  SEGUE_REQUIRE(!isCore(dtype) || isInexact(dtype), "a mean in integers");
  SEGUE_REQUIRE(!discardsImaginary(reduced.input.dtype(), dtype), "the cast would discard the imaginary part");
  SEGUE_TRY(bool masked, reductionMask(call, 5, reduced.input.shape));
  SEGUE_REQUIRE(!masked, "whether a masked mean has elements depends on data");
  return reducedType(call, reduced, dtype, 3);
}

// var and std: (a, axis, dtype, out, ddof, keepdims, where)
Result<Type> variance(OpCall& call) {
  SEGUE_TRY(Reduced reduced, averagedOf(call, 5));
  SEGUE_TRY(std::optional<DType> wanted, dtypeArg(call.arg(2)));
  DType computed = wanted ? *wanted : meanDType(reduced.input.dtype());
  SEGUE_REQUIRE(isInexact(computed), "a variance in integers");
  SEGUE_REQUIRE(!isComplex(reduced.input.dtype()) || isComplex(computed), "the cast would discard the imaginary part");
  SEGUE_TRY(bool masked, reductionMask(call, 6, reduced.input.shape));
  SEGUE_REQUIRE(!masked, "whether a masked variance has elements depends on data");
  SEGUE_REQUIRE(call.arg(4).missing() || call.arg(4).is<Dim>(), "ddof must be an int");
  // Only complex input is squared to something real; dtype=complex alone keeps its dtype.
  bool to_real = isComplex(reduced.input.dtype());
  SEGUE_REQUIRE(!to_real || !wanted, "which part of a complex variance in a given dtype is left is not modelled");
  DType dtype = !to_real ? computed : computed == DType::kC64 ? DType::kF32 : DType::kF64;
  SEGUE_REQUIRE(!isComplex(computed) || !call.given(3), "out= of a complex variance");
  return reducedType(call, reduced, dtype, 3);
}

// argmax and argmin: (a, axis, out, keepdims)
Result<Type> argExtremum(OpCall& call) { return argReduction(call, 2, 3); }

// cumsum and cumprod: (a, axis, dtype, out)
Result<Type> cumulative(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray, "only arrays are accumulated");
  SEGUE_TRY(std::optional<DType> wanted, dtypeArg(call.arg(2)));
  DType dtype = wanted.value_or(input.dtype());
  if (!isCore(input.dtype()) || !isCore(dtype)) {
    SEGUE_REQUIRE(!wanted && (dtypeKind(dtype) != 'm' || call.op().name == "cumsum"), "a running reduction of other dtypes");
    SEGUE_TRY(dtype, reducedOther(call, dtype, "fcm"));
  } else if (!wanted) {
    dtype = accumulatorDType(dtype);
  }
  SEGUE_REQUIRE(!discardsImaginary(input.dtype(), dtype), "the cast would discard the imaginary part");
  Reduced result;
  result.input = input;
  if (!call.given(1) || input.ndim() == 0) {
    SEGUE_TRY_VOID(axesMask(call.arg(1), input.ndim(), dims));
    SEGUE_TRY(Dim size, shapeSize(input.shape, dims));
    result.shape = {size};
    result.layout = Layout::both();
  } else {
    SEGUE_TRY(int axis, axisArg(call.arg(1), input.ndim(), dims));
    (void)axis;
    result.shape = input.shape;
    result.layout = keepOrderLayout({&input, 1}, input.shape, dims);
  }
  return reducedType(call, result, dtype, 3);
}

// count_nonzero: (a, axis, keepdims)
Result<Type> countNonzero(OpCall& call) {
  SEGUE_TRY(Reduced reduced, reducedOf(call, 0, 1, 2));
  bool keeps = call.arg(2).is<bool>() && call.arg(2).as<bool>();
  if (!call.given(1) && !keeps && !numpyAtLeast(2, 3)) return Type::scalar(TypeKind::kPyInt);
  return reducedType(call, reduced, DType::kI64, -1);
}

// ptp: (a, axis, out, keepdims)
Result<Type> peakToPeak(OpCall& call) {
  SEGUE_TRY(Reduced reduced, reducedOf(call, 0, 1, 3));
  SEGUE_REQUIRE(reduced.input.dtype() != DType::kBool, "NumPy does not subtract booleans");
  SEGUE_TRY_VOID(requireElements(reduced, call.dims()));
  return reducedType(call, reduced, reduced.input.dtype(), 2);
}

}  // namespace rules
}  // namespace segue
