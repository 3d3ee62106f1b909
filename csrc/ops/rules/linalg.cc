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
  bool to_real = kind == DTypeRuleId::kComplexToReal;
  SEGUE_REQUIRE(!to_real || input->dtype != DType::kF16, "the inverse real transform of float16");
  bool given = call.given(1);
  if (given) {
    SEGUE_REQUIRE(call.arg(1).is<Dim>(), "n must be an int");
    size = call.arg(1).as<Dim>();
  } else if (to_real) {
    SEGUE_TRY(size, dims.sub(size, dims.constant(1)));
    SEGUE_TRY(size, dims.mul(size, dims.constant(2)));
  }
  SEGUE_REQUIRE(dims.decideLess(dims.constant(0), size), "a transform of no points");
  SEGUE_REQUIRE(!isEmptyShape(input->shape, dims), "a transform of an empty array");
  if (kind == DTypeRuleId::kRealToComplex) {
    SEGUE_REQUIRE(!isComplex(input->dtype), "a real transform of complex numbers");
    SEGUE_TRY(size, dims.floorDiv(size, dims.constant(2)));
    SEGUE_TRY(size, dims.add(size, dims.constant(1)));
  }
  DType dtype = complexOf(input->dtype);
  if (to_real) dtype = realOf(dtype);
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
  DType dtype = complexOf(input->dtype);
  Shape shape = input->shape;
  if (kind == DTypeRuleId::kRealToComplex) {
    SEGUE_REQUIRE(!isComplex(input->dtype), "a real transform of complex numbers");
    SEGUE_TRY(shape.back(), dims.floorDiv(shape.back(), dims.constant(2)));
    SEGUE_TRY(shape.back(), dims.add(shape.back(), dims.constant(1)));
  } else if (kind == DTypeRuleId::kComplexToReal) {
    SEGUE_REQUIRE(input->dtype != DType::kF16, "the inverse real transform of float16");
    SEGUE_REQUIRE(dims.decideLess(dims.constant(1), shape.back()), "a transform of no points");
    SEGUE_TRY(shape.back(), dims.sub(shape.back(), dims.constant(1)));
    SEGUE_TRY(shape.back(), dims.mul(shape.back(), dims.constant(2)));
    dtype = realOf(dtype);
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

// histogram: (a, bins, range)
Result<Type> histogram(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  Dim bins = dims.constant(10);
  const bool listed = call.arg(1).is<ArgTuple>();
  if (listed) {
    SEGUE_TRY(Operand edges, operandOf(call, 1));
    SEGUE_REQUIRE(edges.ndim() == 1 && edges.dtype() == DType::kF64 && input->dtype == DType::kF64, "edges in float64");
    bins = edges.shape[0];
    SEGUE_REQUIRE(dims.decideLess(dims.constant(1), bins), "at least two edges");
    SEGUE_TRY(bins, dims.sub(bins, dims.constant(1)));
  } else if (!call.arg(1).missing()) {
    SEGUE_REQUIRE(call.arg(1).is<Dim>(), "bins must be an int");
    bins = call.arg(1).as<Dim>();
  }
  SEGUE_REQUIRE(dims.decideLess(dims.constant(0), bins), "bins must be positive");
  SEGUE_REQUIRE(!isComplex(input->dtype), "a histogram of complex numbers");
  bool ranged = call.given(2);
  if (ranged) {
    SEGUE_REQUIRE(call.arg(2).is<ArgTuple>() && call.arg(2).as<ArgTuple>().items.size() == 2, "range is a pair");
    for (const Arg& bound : call.arg(2).as<ArgTuple>().items) {
      SEGUE_REQUIRE(bound.is<double>() || bound.is<Dim>(), "a range of Python numbers");
    }
  }
  DType edges = isInexact(input->dtype) ? input->dtype : DType::kF64;
  SEGUE_REQUIRE(edges == DType::kF64 || edges == DType::kF32, "a histogram of float16");
  SEGUE_TRY(Dim count, dims.add(bins, dims.constant(1)));
  return Type::tuple({Type::array(DType::kI64, {bins}, Layout::both()), Type::array(edges, {count}, Layout::both())});
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
