// Choosing, ordering and looking up elements.
#include "base/python.h"

#include "ops/op_ids.h"
#include "ops/rules/data_sizes.h"
#include "ops/rules/ufunc_loops.h"
#include "ops/rules/view.h"

namespace segue::rules {

// where: (condition, x, y)
Result<Type> where(OpCall& call) {
  DimTable& dims = call.dims();
  if (call.arg(1).missing() && call.arg(2).missing()) return nonzero(call);
  SEGUE_REQUIRE(!call.arg(1).missing() && !call.arg(2).missing(), "either both or neither of x and y");
  std::vector<Operand> operands;
  Shape shape;
  for (size_t i = 0; i < 3; i++) {
    SEGUE_TRY(Operand operand, operandOf(call, i));
    SEGUE_TRY(shape, broadcastShapes(shape, operand.shape, dims));
    operands.push_back(std::move(operand));
  }
  SEGUE_TRY(Category promoted, promoteOperands(absl::MakeSpan(operands).subspan(1)));
  DType dtype = categoryDType(promoted);
  for (size_t i = 1; i < 3; i++) SEGUE_TRY_VOID(requireFits(operands[i], dtype, dims));
  return Type::array(dtype, shape, keepOrderLayout(operands, shape, dims));
}

// clip: (a, a_min, a_max, out)
Result<Type> clip(OpCall& call) {
  DimTable& dims = call.dims();
  std::vector<Operand> operands;
  Shape shape;
  for (size_t i = 0; i < 3; i++) {
    if (i > 0 && !call.given(i)) continue;
    SEGUE_TRY(Operand operand, operandOf(call, i));
    SEGUE_TRY(shape, broadcastShapes(shape, operand.shape, dims));
    operands.push_back(std::move(operand));
  }
  SEGUE_REQUIRE(operands[0].is_ndarray, "clip of an array");
  SEGUE_REQUIRE(operands.size() > 1, "clip without bounds");
  SEGUE_TRY(Category promoted, promoteOperands(operands));
  DType dtype = categoryDType(promoted);
  SEGUE_REQUIRE(dtype != DType::kBool, "clip of booleans");
  SEGUE_REQUIRE(isCore(dtype) || std::string_view("iufmM").find(dtypeKind(dtype)) != std::string_view::npos, "clip of %s",
                std::string(dtypeName(dtype)));
  for (const Operand& operand : operands) SEGUE_TRY_VOID(requireFits(operand, dtype, dims));
  if (call.given(3)) {
    std::optional<Type> out = call.type(3);
    SEGUE_REQUIRE(out && out->isArray() && out->writeable && canCast(dtype, out->dtype, "same_kind"), "out of clip");
    SEGUE_TRY_VOID(requireBroadcastTo(shape, out->shape, dims));
    call.setSharing(Sharing::kWritten);
    return *out;
  }
  if (shape.empty()) return elementType(dtype);
  return Type::array(dtype, shape, keepOrderLayout(operands, shape, dims));
}

namespace {

/// kind= of the sorts; NumPy alone looks at it.
Result<Unit> requireSortKind(const Arg& arg) {
  if (arg.isNone()) return Unit{};
  SEGUE_TRY(std::string_view kind, stringArg(arg, "quicksort"));
  SEGUE_REQUIRE(kind == "quicksort" || kind == "heapsort" || kind == "mergesort" || kind == "stable", "a kind of sort");
  return Unit{};
}

}  // namespace

// sort: (a, axis, kind)
Result<Type> sort(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray, "sort of an array");
  SEGUE_TRY_VOID(requireSortKind(call.arg(2)));
  if (call.arg(1).isNone()) {
    SEGUE_TRY(Dim size, shapeSize(input.shape, dims));
    return Type::array(input.dtype(), {size}, Layout::both());
  }
  SEGUE_REQUIRE(input.ndim() > 0, "a 0-d array has no axis");
  if (!call.arg(1).missing()) {
    SEGUE_TRY(int axis, axisArg(call.arg(1), input.ndim(), dims));
    (void)axis;
  }
  return Type::array(input.dtype(), input.shape, keepOrderLayout({&input, 1}, input.shape, dims));
}

// argsort: (a, axis, kind)
Result<Type> argsort(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray, "argsort of an array");
  SEGUE_TRY_VOID(requireSortKind(call.arg(2)));
  if (call.arg(1).isNone() || input.ndim() == 0) {
    SEGUE_TRY_VOID(axesMask(call.arg(1), input.ndim(), dims));
    SEGUE_TRY(Dim size, shapeSize(input.shape, dims));
    return Type::array(DType::kI64, {size}, Layout::both());
  }
  if (!call.arg(1).missing()) {
    SEGUE_TRY(int axis, axisArg(call.arg(1), input.ndim(), dims));
    (void)axis;
  }
  return Type::array(DType::kI64, input.shape, cLayout(input.shape, dims));
}

// sort in place: (a, axis, kind)
Result<Type> sortInPlace(OpCall& call) {
  SEGUE_TRY_VOID(requireSortKind(call.arg(2)));
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->writeable && input->ndim() > 0, "sorting needs a writeable array with an axis");
  if (!call.arg(1).missing()) {
    SEGUE_TRY(int axis, axisArg(call.arg(1), input->ndim(), call.dims()));
    (void)axis;
  }
  return Type::scalar(TypeKind::kNone);
}

// searchsorted: (a, v, side)
Result<Type> searchsorted(OpCall& call) {
  SEGUE_TRY(const Type* sorted, ndarrayArg(call, 0));
  SEGUE_REQUIRE(sorted->ndim() == 1, "searchsorted looks in one dimension");
  SEGUE_TRY(Operand values, operandOf(call, 1));
  SEGUE_TRY(std::string_view side, stringArg(call.arg(2), "left"));
  SEGUE_REQUIRE(side == "left" || side == "right", "side must be 'left' or 'right'");
  SEGUE_TRY_VOID(requireFits(values, DType::kI64, call.dims()));
  if (values.shape.empty()) return Type::numpyScalar(DType::kI64);
  return Type::array(DType::kI64, values.shape, cLayout(values.shape, call.dims()));
}

// digitize: (x, bins, right)
Result<Type> digitize(OpCall& call) {
  SEGUE_TRY(Operand values, operandOf(call, 0));
  SEGUE_TRY(const Type* bins, ndarrayArg(call, 1));
  SEGUE_REQUIRE(bins->ndim() == 1 && !isComplex(values.dtype()) && !isComplex(bins->dtype), "digitize of real numbers");
  SEGUE_REQUIRE(values.is_ndarray, "digitize of an array");
  SEGUE_TRY_VOID(boolArg(call.arg(2), false));
  if (values.shape.empty()) return Type::numpyScalar(DType::kI64);
  return Type::array(DType::kI64, values.shape, cLayout(values.shape, call.dims()));
}

// take: (a, indices, axis, mode)
Result<Type> take(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(Operand indices, operandOf(call, 1));
  SEGUE_REQUIRE(canCast(indices.dtype(), DType::kI64, "same_kind"), "indices must be integers");
  SEGUE_TRY(std::string_view mode, stringArg(call.arg(3), "raise"));
  SEGUE_REQUIRE(mode == "raise" || mode == "wrap" || mode == "clip", "unknown mode");
  Shape shape;
  Dim source = dims.constant(1);
  if (!call.given(2) || input->ndim() == 0) {
    SEGUE_TRY_VOID(axesMask(call.arg(2), input->ndim(), dims));
    SEGUE_TRY(source, shapeSize(input->shape, dims));
    shape = indices.shape;
  } else {
    SEGUE_TRY(int axis, axisArg(call.arg(2), input->ndim(), dims));
    source = input->shape[static_cast<size_t>(axis)];
    shape.assign(input->shape.begin(), input->shape.begin() + axis);
    shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
    shape.insert(shape.end(), input->shape.begin() + axis + 1, input->shape.end());
  }
  SEGUE_REQUIRE(!dims.decideLess(source, dims.constant(1)), "taking from an empty axis");
  if (shape.empty()) return elementType(input->dtype);
  return Type::array(input->dtype, shape, cLayout(shape, dims));
}

// take_along_axis: (arr, indices, axis)
Result<Type> takeAlongAxis(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(const Type* indices, ndarrayArg(call, 1));
  SEGUE_REQUIRE(isIntegral(indices->dtype) && input->ndim() == indices->ndim() && input->ndim() > 0,
                "indices must be integers with as many dimensions");
  SEGUE_TRY(int axis, axisArg(call.arg(2), input->ndim(), dims));
  Shape shape = input->shape;
  shape[static_cast<size_t>(axis)] = dims.constant(1);
  SEGUE_TRY(shape, broadcastShapes(shape, indices->shape, dims));
  SEGUE_REQUIRE(sameShape(shape, indices->shape, dims), "indices that are broadcast");
  Layout layout = cLayout(shape, dims);
  return Type::array(input->dtype, shape, layout.f_contiguous ? layout : Layout::unknown());
}

// round: (a, decimals)
Result<Type> round(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray && isInexact(input.dtype()), "rounding of integers");
  SEGUE_REQUIRE(!call.given(2), "rounding into an array");
  Dim decimals = dims.constant(0);
  if (!call.arg(1).missing()) {
    SEGUE_REQUIRE(call.arg(1).is<Dim>(), "decimals must be an int");
    decimals = call.arg(1).as<Dim>();
  }
  SEGUE_REQUIRE(!isComplex(input.dtype()), "rounding of complex numbers");
  (void)dims.specialize(decimals);
  if (input.shape.empty()) return Type::numpyScalar(input.dtype());
  return Type::array(input.dtype(), input.shape, keepOrderLayout({&input, 1}, input.shape, dims));
}

// diff: (a, n, axis)
Result<Type> diff(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray && input.ndim() > 0, "diff needs an array of at least one dimension");
  int64_t times = 1;
  if (!call.arg(1).missing()) {
    SEGUE_TRY(times, constantInt(call.arg(1), dims));
  }
  SEGUE_REQUIRE(times > 0, "differences of order zero or less");
  int axis = input.ndim() - 1;
  if (!call.arg(2).missing()) {
    SEGUE_TRY(axis, axisArg(call.arg(2), input.ndim(), dims));
  }
  Shape shape = input.shape;
  Dim& size = shape[static_cast<size_t>(axis)];
  if (dims.decideLess(size, dims.constant(times))) {
    size = dims.constant(0);
  } else {
    SEGUE_TRY(size, dims.sub(size, dims.constant(times)));
  }
  Operand sliced = input;
  sliced.shape = shape;
  DType dtype = input.dtype();
  if (!isCore(dtype)) {
    SEGUE_TRY(UfuncLoop loop, resolvedLoop(*findOp("subtract"), {input, input}, 1));
    dtype = loop.out[0];   // dates are times apart
  }
  return Type::array(dtype, shape, keepOrderLayout({&sliced, 1}, shape, dims));
}

// tril and triu: (m, k)
Result<Type> triangle(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray && input.ndim() >= 1, "a triangle of an array");
  SEGUE_REQUIRE(call.arg(1).missing() || call.arg(1).is<Dim>(), "k must be an int");
  Shape shape = input.shape;
  if (shape.size() == 1) shape.push_back(shape[0]);
  Operand mask;
  mask.category = static_cast<Category>(DType::kBool);
  mask.shape.assign(shape.end() - 2, shape.end());
  mask.layout = cLayout(mask.shape, dims);
  Operand operands[] = {mask, input};
  return Type::array(input.dtype(), shape, keepOrderLayout(operands, shape, dims));
}

// diag: (v, k)
Result<Type> diag(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() == 1, "the diagonal of a vector");
  Dim offset = dims.constant(0);
  if (!call.arg(1).missing()) {
    SEGUE_REQUIRE(call.arg(1).is<Dim>(), "k must be an int");
    offset = call.arg(1).as<Dim>();
  }
  if (dims.decideLess(offset, dims.constant(0))) {
    SEGUE_TRY(offset, dims.sub(dims.constant(0), offset));
  }
  SEGUE_TRY(Dim size, dims.add(input->shape[0], offset));
  Shape shape = {size, size};
  return Type::array(input->dtype, shape, cLayout(shape, dims));
}

// isclose: (a, b, rtol, atol, equal_nan)
Result<Type> isclose(OpCall& call) {
  DimTable& dims = call.dims();
  Operand operands[2];
  for (size_t i = 0; i < 2; i++) {
    SEGUE_TRY(operands[i], operandOf(call, i));
    SEGUE_TRY_VOID(requireFits(operands[i], DType::kI64, dims));
  }
  for (size_t i = 2; i < 4; i++) SEGUE_REQUIRE(call.arg(i).missing() || call.arg(i).is<double>(), "tolerances are floats");
  SEGUE_TRY_VOID(boolArg(call.arg(4), false));
  SEGUE_TRY(Shape shape, broadcastShapes(operands[0].shape, operands[1].shape, dims));
  if (shape.empty()) return Type::numpyScalar(DType::kBool);
  Layout layout = cLayout(shape, dims);
  bool all_c = true;
  for (const Operand& operand : operands) all_c &= operand.layout.known && operand.layout.c_contiguous;
  return Type::array(DType::kBool, shape, all_c || layout.f_contiguous ? layout : Layout::unknown());
}

// allclose, array_equal: (a, b, …): Python's own bool
Result<Type> comparesWhole(OpCall& call) {
  DimTable& dims = call.dims();
  Operand operands[2];
  for (size_t i = 0; i < 2; i++) {
    SEGUE_TRY(operands[i], operandOf(call, i));
    SEGUE_TRY_VOID(requireFits(operands[i], DType::kI64, dims));
  }
  if (static_cast<DTypeRuleId>(call.op().dtype_index) == DTypeRuleId::kClose) {
    SEGUE_TRY(Shape shape, broadcastShapes(operands[0].shape, operands[1].shape, dims));
    (void)shape;
    for (size_t i = 2; i < 4; i++) SEGUE_REQUIRE(call.arg(i).missing() || call.arg(i).is<double>(), "tolerances are floats");
  }
  return Type::scalar(TypeKind::kPyBool);
}

// shares_memory, may_share_memory: (a, b)
Result<Type> comparesMemory(OpCall& call) {
  SEGUE_TRY_VOID(ndarrayArg(call, 0));
  SEGUE_TRY_VOID(ndarrayArg(call, 1));
  return Type::scalar(TypeKind::kPyBool);
}

// nan_to_num: (x)
Result<Type> nanToNum(OpCall& call) {
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray, "nan_to_num of an array");
  if (input.shape.empty()) return Type::numpyScalar(input.dtype());
  return Type::array(input.dtype(), input.shape, keepOrderLayout({&input, 1}, input.shape, call.dims()));
}

}  // namespace segue::rules
