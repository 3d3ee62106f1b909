// numpy.linalg and numpy.fft.
#include "base/python.h"

#include "ops/op_ids.h"
#include "ops/rules/linalg.h"
#include "ops/rules/reduction.h"
#include "ops/rules/view.h"

namespace segue {

Result<DType> lapackDType(DType dtype) {
  SEGUE_REQUIRE(dtype != DType::kF16, "float16 is not supported in linalg");
  return isInexact(dtype) ? dtype : DType::kF64;
}

DType realOf(DType dtype) {
  if (dtype == DType::kC64) return DType::kF32;
  return dtype == DType::kC128 ? DType::kF64 : dtype;
}

namespace rules {
namespace {

Result<const Type*> squareArg(const OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() >= 2, "an array of at least two dimensions is needed");
  SEGUE_REQUIRE(call.dims().decideEqual(input->shape[input->shape.size() - 1], input->shape[input->shape.size() - 2]),
                "the last two dimensions must be square");
  return input;
}

/// Fresh results of stacked routines: C order where the stack axes are in C order too.
Layout stackedLayout(const Type& input, const Shape& shape, DimTable& dims) {
  Layout layout = cLayout(shape, dims);
  bool plain = shape.size() <= 2 || (input.layout.known && input.layout.c_contiguous);
  return plain || layout.f_contiguous ? layout : Layout::unknown();
}

}  // namespace

// inv and cholesky: (a)
Result<Type> matrixToMatrix(OpCall& call) {
  SEGUE_TRY(const Type* input, squareArg(call));
  SEGUE_TRY(DType dtype, lapackDType(input->dtype));
  return Type::array(dtype, input->shape, stackedLayout(*input, input->shape, call.dims()));
}

// det: (a)
Result<Type> determinant(OpCall& call) {
  SEGUE_TRY(const Type* input, squareArg(call));
  SEGUE_TRY(DType dtype, lapackDType(input->dtype));
  Shape shape(input->shape.begin(), input->shape.end() - 2);
  if (shape.empty()) return Type::numpyScalar(dtype);
  Layout layout = cLayout(shape, call.dims());
  return Type::array(dtype, shape, layout.f_contiguous ? layout : Layout::unknown());
}

// eigvalsh: (a)
Result<Type> eigenvalues(OpCall& call) {
  SEGUE_TRY(const Type* input, squareArg(call));
  SEGUE_TRY(DType dtype, lapackDType(input->dtype));
  Shape shape(input->shape.begin(), input->shape.end() - 1);
  return Type::array(realOf(dtype), shape, stackedLayout(*input, shape, call.dims()));
}

// solve: (a, b)
Result<Type> solve(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* a, squareArg(call));
  SEGUE_TRY(const Type* b, ndarrayArg(call, 1));
  SEGUE_REQUIRE(a->ndim() == 2 && (b->ndim() == 1 || b->ndim() == 2), "stacks of equations");
  SEGUE_TRY(DType a_dtype, lapackDType(a->dtype));
  SEGUE_TRY(DType b_dtype, lapackDType(b->dtype));
  SEGUE_REQUIRE(dims.decideEqual(a->shape[0], b->shape[0]), "the right side has another size");
  return Type::array(promote(a_dtype, b_dtype), b->shape, cLayout(b->shape, dims));
}

// cross: (a, b) of vectors along the last axis
Result<Type> crossProduct(OpCall& call) {
  DimTable& dims = call.dims();
  Operand operands[2];
  Shape shape;
  for (size_t i = 0; i < 2; i++) {
    SEGUE_TRY(operands[i], operandOf(call, i));
    SEGUE_REQUIRE(operands[i].is_ndarray && operands[i].ndim() > 0 && operands[i].dtype() != DType::kBool, "vectors of numbers");
    SEGUE_REQUIRE(dims.decideEqual(operands[i].shape.back(), dims.constant(3)), "vectors of three elements");
    operands[i].shape.pop_back();
    SEGUE_TRY(shape, broadcastShapes(shape, operands[i].shape, dims));
  }
  SEGUE_TRY(Category promoted, promoteOperands(operands));
  shape.push_back(dims.constant(3));
  return Type::array(categoryDType(promoted), shape, cLayout(shape, dims));
}

// norm: (x, ord, axis, keepdims)
Result<Type> norm(OpCall& call) {
  SEGUE_REQUIRE(!call.given(1), "norms other than the Euclidean");
  SEGUE_TRY(Reduced reduced, reducedOf(call, 0, 2, 3));
  bool keep = !call.arg(3).missing() && call.arg(3).is<bool>() && call.arg(3).as<bool>();
  SEGUE_REQUIRE(reduced.input.ndim() > 0 || (!call.given(2) && !keep), "the norm of a 0-d array");
  SEGUE_REQUIRE(!call.arg(2).is<ArgTuple>() || call.arg(2).as<ArgTuple>().items.size() <= 2, "norms over many axes");
  SEGUE_REQUIRE(!call.arg(2).is<ArgTuple>() || !call.arg(2).as<ArgTuple>().items.empty(), "norms over no axis");
  DType dtype = realOf(meanDType(reduced.input.dtype()));
  if (call.given(2) && reduced.layout != Layout::both()) {
    bool plain = reduced.input.layout.known && reduced.input.layout.c_contiguous;
    if (!plain) reduced.layout = Layout::unknown();
  }
  return reducedType(call, reduced, dtype, -1);
}

namespace {

DType complexOf(DType dtype) {
  bool narrow = dtype == DType::kF16 || dtype == DType::kF32 || dtype == DType::kC64;
  return narrow ? DType::kC64 : DType::kC128;
}

/// The dtype of a transform, which the dtype rule names.
Result<DType> transformed(DTypeRuleId kind, DType input) {
  SEGUE_REQUIRE(kind != DTypeRuleId::kRealToComplex || !isComplex(input), "a real transform of complex numbers");
  if (kind != DTypeRuleId::kComplexToReal) return complexOf(input);
  SEGUE_REQUIRE(input != DType::kF16, "the inverse real transform of float16");
  return realOf(complexOf(input));
}

/// How many of a real transform's points say all, the others being their conjugates; and of how many they are.
Result<Dim> halfOf(Dim points, DimTable& dims) {
  SEGUE_TRY(points, dims.floorDiv(points, dims.constant(2)));
  return dims.add(points, dims.constant(1));
}
Result<Dim> wholeOf(Dim points, DimTable& dims) {
  SEGUE_TRY(points, dims.sub(points, dims.constant(1)));
  return dims.mul(points, dims.constant(2));
}

}  // namespace

// fft, ifft, rfft, irfft: (a, n, axis); the dtype rule names which
Result<Type> fft(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() > 0, "a transform needs an axis");
  int axis = input->ndim() - 1;
  if (!call.arg(2).missing()) {
    SEGUE_TRY(axis, axisArg(call.arg(2), input->ndim(), dims));
  }
  auto kind = static_cast<DTypeRuleId>(call.op().dtype_index);
  Shape shape = input->shape;
  Dim& size = shape[static_cast<size_t>(axis)];
  SEGUE_TRY(DType dtype, transformed(kind, input->dtype));
  if (call.given(1)) {
    SEGUE_REQUIRE(call.arg(1).is<Dim>(), "n must be an int");
    size = call.arg(1).as<Dim>();
  } else if (kind == DTypeRuleId::kComplexToReal) {
    SEGUE_TRY(size, wholeOf(size, dims));
  }
  SEGUE_REQUIRE(dims.decideLess(dims.constant(0), size), "a transform of no points");
  SEGUE_REQUIRE(!isEmptyShape(input->shape, dims), "a transform of an empty array");
  if (kind == DTypeRuleId::kRealToComplex) {
    SEGUE_TRY(size, halfOf(size, dims));
  }
  Layout layout = cLayout(shape, dims);
  bool plain = axis == input->ndim() - 1 && input->layout.known && input->layout.c_contiguous;
  return Type::array(dtype, shape, plain || layout.f_contiguous ? layout : Layout::unknown());
}

// fftn, ifftn, rfftn, irfftn and their kin of two axes: (a, s, axes)
Result<Type> fftOverAxes(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(!call.given(1), "sizes of a transform");
  SEGUE_REQUIRE(!call.given(2), "axes of a transform");
  const bool pair = call.op().name.ends_with("2");
  SEGUE_REQUIRE(input->ndim() >= (pair ? 2 : 1) && !isEmptyShape(input->shape, dims), "a transform of nothing");
  auto kind = static_cast<DTypeRuleId>(call.op().dtype_index);
  SEGUE_TRY(DType dtype, transformed(kind, input->dtype));
  Shape shape = input->shape;
  if (kind == DTypeRuleId::kRealToComplex) {
    SEGUE_TRY(shape.back(), halfOf(shape.back(), dims));
  } else if (kind == DTypeRuleId::kComplexToReal) {
    SEGUE_REQUIRE(dims.decideLess(dims.constant(1), shape.back()), "a transform of no points");
    SEGUE_TRY(shape.back(), wholeOf(shape.back(), dims));
  }
  return Type::array(dtype, shape, shape.size() == 1 ? cLayout(shape, dims) : Layout::unknown());
}

// interp: (x, xp, fp)
Result<Type> interp(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand x, operandOf(call, 0));
  SEGUE_TRY(const Type* xp, ndarrayArg(call, 1));
  SEGUE_TRY(const Type* fp, ndarrayArg(call, 2));
  SEGUE_REQUIRE(!isComplex(x.dtype()) && !isComplex(xp->dtype) && xp->ndim() == 1 && fp->ndim() == 1,
                "interpolation between real points");
  SEGUE_REQUIRE(dims.decideEqual(xp->shape[0], fp->shape[0]), "xp and fp have different sizes");
  SEGUE_REQUIRE(dims.decideLess(dims.constant(0), xp->shape[0]), "there are no points to interpolate between");
  SEGUE_TRY_VOID(requireFits(x, DType::kI64, dims));
  DType dtype = isComplex(fp->dtype) ? DType::kC128 : DType::kF64;
  if (x.shape.empty()) return Type::numpyScalar(dtype);
  return Type::array(dtype, x.shape, cLayout(x.shape, dims));
}

// median: (a, axis, keepdims)
Result<Type> median(OpCall& call) {
  SEGUE_TRY(Reduced reduced, reducedOf(call, 0, 1, 2));
  SEGUE_REQUIRE(reduced.input.ndim() > 0 && !call.arg(1).is<ArgTuple>(), "the median along one axis");
  if (!reduced.is_scalar && reduced.layout != Layout::both()) reduced.layout = Layout::unknown();
  return reducedType(call, reduced, meanDType(reduced.input.dtype()), -1);
}

// nansum and nanprod: (a, axis)
Result<Type> nanFold(OpCall& call) {
  SEGUE_TRY(Reduced reduced, reducedOf(call, 0, 1, -1));
  return reducedType(call, reduced, accumulatorDType(reduced.input.dtype()), -1);
}

}  // namespace rules
}  // namespace segue
