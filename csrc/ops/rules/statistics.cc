// Histograms, weighted averages, and other functions that NumPy writes in Python around sorts and counts.
#include "base/python.h"

#include "ops/op_ids.h"
#include "ops/rules/reduction.h"
#include "ops/rules/view.h"

namespace segue::rules {
namespace {

Result<Dim> binsArg(const Arg& arg, DimTable& dims) {
  if (arg.missing()) return dims.constant(10);
  SEGUE_REQUIRE(arg.is<Dim>() && dims.decideLess(dims.constant(0), arg.as<Dim>()), "bins must be a positive int");
  return arg.as<Dim>();
}

Result<Type> edgesType(Dim bins, DType dtype, DimTable& dims) {
  SEGUE_TRY(Dim count, dims.add(bins, dims.constant(1)));
  return Type::array(dtype, {count}, Layout::both());
}

}  // namespace

// histogram: (a, bins, range)
Result<Type> histogram(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  Dim bins{};
  if (call.arg(1).is<ArgTuple>()) {
    SEGUE_TRY(Operand edges, operandOf(call, 1));
    SEGUE_REQUIRE(edges.ndim() == 1 && edges.dtype() == DType::kF64 && input->dtype == DType::kF64, "edges in float64");
    bins = edges.shape[0];
    SEGUE_REQUIRE(dims.decideLess(dims.constant(1), bins), "at least two edges");
    SEGUE_TRY(bins, dims.sub(bins, dims.constant(1)));
  } else {
    SEGUE_TRY(bins, binsArg(call.arg(1), dims));
  }
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
  SEGUE_TRY(Type edges_type, edgesType(bins, edges, dims));
  return Type::tuple({Type::array(DType::kI64, {bins}, Layout::both()), std::move(edges_type)});
}

// histogram_bin_edges: (a, bins)
Result<Type> histogramEdges(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->dtype == DType::kF64 || dtypeKind(input->dtype) == 'i', "edges in float64");
  SEGUE_TRY(Dim bins, binsArg(call.arg(1), call.dims()));
  return edgesType(bins, DType::kF64, call.dims());
}

// histogram2d: (x, y, bins)
Result<Type> histogram2d(OpCall& call) {
  DimTable& dims = call.dims();
  for (size_t i = 0; i < 2; i++) {
    SEGUE_TRY(const Type* input, ndarrayArg(call, i));
    SEGUE_REQUIRE(input->dtype == DType::kF64 && input->ndim() == 1, "a histogram of float64 vectors");
    SEGUE_REQUIRE(!isEmptyShape(input->shape, dims), "a histogram of nothing");
  }
  SEGUE_REQUIRE(dims.decideEqual(call.type(0)->shape[0], call.type(1)->shape[0]), "x and y have different sizes");
  SEGUE_TRY(Dim bins, binsArg(call.arg(2), dims));
  SEGUE_TRY(Type edges, edgesType(bins, DType::kF64, dims));
  return Type::tuple({Type::array(DType::kF64, {bins, bins}, Layout::unknown()), edges, edges});
}

// average: (a, axis, weights)
Result<Type> average(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Reduced reduced, reducedOf(call, 0, 1, -1));
  SEGUE_REQUIRE(call.given(2), "an average without weights is a mean");
  SEGUE_TRY(const Type* weights, ndarrayArg(call, 2));
  SEGUE_REQUIRE(reduced.input.ndim() > 0 && sameShape(weights->shape, reduced.input.shape, dims), "weights of another shape");
  SEGUE_TRY_VOID(requireElements(reduced, dims));
  DType dtype = promote(reduced.input.dtype(), weights->dtype);
  if (!isInexact(reduced.input.dtype())) dtype = promote(dtype, DType::kF64);
  if (!reduced.is_scalar && reduced.layout != Layout::both()) reduced.layout = Layout::unknown();
  return reducedType(call, reduced, dtype, -1);
}

// isin: (element, test_elements, invert)
Result<Type> isIn(OpCall& call) {
  SEGUE_TRY(const Type* element, ndarrayArg(call, 0));
  SEGUE_TRY(Operand tested, operandOf(call, 1));
  SEGUE_REQUIRE(element->ndim() > 0 && tested.is_array, "elements of arrays");
  SEGUE_TRY_VOID(requireFits(tested, DType::kI64, call.dims()));
  SEGUE_TRY_VOID(boolArg(call.arg(2), false));
  return Type::array(DType::kBool, element->shape, cLayout(element->shape, call.dims()));
}

// nanargmax, nanargmin: (a, axis)
Result<Type> nanArgExtremum(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() > 0, "a 0-d array");
  return argReduction(call, -1, -1);
}

// i0: (x)
Result<Type> besselI0(OpCall& call) {
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray && input.ndim() > 0 && !isComplex(input.dtype()), "an array of real numbers");
  return Type::array(meanDType(input.dtype()), input.shape, Layout::unknown());
}

// byteswap: (a)
Result<Type> byteswap(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  const bool c_order = input->layout.known && input->layout.c_contiguous;
  return Type::array(input->dtype, input->shape, c_order ? cLayout(input->shape, call.dims()) : Layout::unknown());
}

// sliding_window_view: (x, window_shape)
Result<Type> slidingWindows(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() == 1 && call.arg(1).is<Dim>(), "windows of a vector");
  Dim size = call.arg(1).as<Dim>();
  SEGUE_REQUIRE(!dims.decideLess(size, dims.constant(0)) && dims.decideLessEqual(size, input->shape[0]), "windows that do not fit");
  SEGUE_TRY(Dim count, dims.sub(input->shape[0], size));
  SEGUE_TRY(count, dims.add(count, dims.constant(1)));
  call.setSharing(Sharing::kView);
  return Type::array(input->dtype, {count, size}, Layout::unknown(), false);
}

// tensorsolve: (a, b)
Result<Type> tensorsolve(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* a, ndarrayArg(call, 0));
  SEGUE_TRY(const Type* b, ndarrayArg(call, 1));
  SEGUE_REQUIRE(a->ndim() == 2 && b->ndim() == 1 && dims.decideEqual(a->shape[0], a->shape[1]) &&
                    dims.decideEqual(a->shape[0], b->shape[0]),
                "a system of linear equations");
  SEGUE_REQUIRE(a->dtype == DType::kF64 && b->dtype == DType::kF64 && !isEmptyShape(b->shape, dims), "equations in float64");
  return Type::array(DType::kF64, b->shape, Layout::both());
}

}  // namespace segue::rules
