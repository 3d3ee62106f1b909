// Operators that look at an array's memory in another shape or order.
#include "base/python.h"

#include <numeric>

#include "ops/op_ids.h"
#include "ops/rules/view.h"

namespace segue::rules {
namespace {

std::vector<int> identityOrder(int ndim) {
  std::vector<int> out(static_cast<size_t>(ndim));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

/// The sizes without the ones.
Shape longerSizes(const Shape& shape, DimTable& dims) {
  Shape out;
  for (Dim d : shape) {
    if (!isOne(d, dims)) out.push_back(d);
  }
  return out;
}

/// The requested shape with -1 replaced, checked against the number of elements.
Result<Shape> solvedShape(const Shape& input, Shape wanted, DimTable& dims) {
  SEGUE_TRY(Dim total, shapeSize(input, dims));
  Dim known = dims.constant(1);
  int open = -1;
  for (size_t i = 0; i < wanted.size(); i++) {
    if (wanted[i] == dims.constant(-1)) {
      SEGUE_REQUIRE(open < 0, "can only specify one unknown dimension");
      open = static_cast<int>(i);
      continue;
    }
    SEGUE_TRY(known, dims.mul(known, wanted[i]));
  }
  if (open < 0) {
    SEGUE_REQUIRE(dims.decideEqual(total, known), "cannot reshape %s elements into %s", dims.print(total),
                  dims.print(known));
    return wanted;
  }
  SEGUE_REQUIRE(!dims.decideEqual(known, dims.constant(0)), "cannot reshape into an unknown dimension and zero");
  SEGUE_TRY(Dim rest, dims.mod(total, known));
  SEGUE_REQUIRE(dims.decideEqual(rest, dims.constant(0)), "cannot reshape %s elements", dims.print(total));
  SEGUE_TRY(wanted[static_cast<size_t>(open)], dims.floorDiv(total, known));
  return wanted;
}

/// A reshape of an array that is not contiguous in the wanted order: view or copy, as its strides decide.
Result<Type> undecidedReshape(OpCall& call, const Type& input, const Shape& shape) {
  SEGUE_REQUIRE(input.writeable, "whether a reshaped read-only array may be written depends on its strides");
  call.setSharing(Sharing::kUnknown);
  Layout c = cLayout(shape, call.dims());
  Layout layout = c.c_contiguous && c.f_contiguous && longerSizes(shape, call.dims()).empty() ? c : Layout::unknown();
  return Type::array(input.dtype, shape, layout);
}

/// 'C' or 'F', with 'A' resolved by the array.
Result<char> reshapeOrder(const Arg& arg, const Layout& layout) {
  SEGUE_TRY(std::string_view order, stringArg(arg, "C"));
  if (order == "C" || order == "F") return order[0];
  SEGUE_REQUIRE(order == "A" && layout.known, "order must be 'C', 'F' or 'A'");
  return layout.f_contiguous && !layout.c_contiguous ? 'F' : 'C';
}

}  // namespace

// reshape: (a, shape, order, copy)
Result<Type> reshape(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(Shape wanted, shapeArg(call.arg(1), dims, true));
  SEGUE_TRY(Shape shape, solvedShape(input->shape, wanted, dims));
  SEGUE_TRY(char order, reshapeOrder(call.arg(2), input->layout));
  Layout fresh = order == 'C' ? cLayout(shape, dims) : fLayout(shape, dims);
  const Arg& copy = call.arg(3);
  if (!copy.missing() && !copy.isNone()) {
    SEGUE_REQUIRE(copy.is<bool>() && copy.as<bool>(), "copy=False raises where the strides need a copy");
    return Type::array(input->dtype, shape, fresh);
  }
  const Layout& layout = input->layout;
  bool contiguous = layout.known && (order == 'C' ? layout.c_contiguous : layout.f_contiguous);
  if (contiguous) {
    call.setSharing(Sharing::kView);
    return Type::array(input->dtype, shape, fresh, input->writeable);
  }
  // Only ones come and go: the strides of the others stay.
  if (sameShape(longerSizes(input->shape, dims), longerSizes(shape, dims), dims)) {
    call.setSharing(Sharing::kView);
    return Type::array(input->dtype, shape, layout, input->writeable);
  }
  return undecidedReshape(call, *input, shape);
}

// ravel: (a, order)
Result<Type> ravel(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(std::string_view order, stringArg(call.arg(1), "C"));
  SEGUE_REQUIRE(order == "C" || order == "F", "ravel in the order of the array");
  SEGUE_TRY(Dim size, shapeSize(input->shape, call.dims()));
  const Layout& layout = input->layout;
  SEGUE_REQUIRE(layout.known, "whether ravel copies depends on the strides");
  bool contiguous = order == "C" ? layout.c_contiguous : layout.f_contiguous;
  if (contiguous) call.setSharing(Sharing::kView);
  return Type::array(input->dtype, {size}, Layout::both(), !contiguous || input->writeable);
}

// flatten: (a, order)
Result<Type> flatten(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(Dim size, shapeSize(input->shape, call.dims()));
  return Type::array(input->dtype, {size}, Layout::both());
}

// transpose: (a, axes)
Result<Type> transpose(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  std::vector<int> order = identityOrder(input->ndim());
  if (call.given(1)) {
    SEGUE_TRY(order, axesList(call.arg(1), input->ndim(), call.dims()));
    SEGUE_REQUIRE(static_cast<int>(order.size()) == input->ndim(), "axes do not match the array");
  } else {
    std::reverse(order.begin(), order.end());
  }
  call.setSharing(Sharing::kView);
  return permutedView(*input, order, call.dims());
}

// matrix_transpose: (a)
Result<Type> matrixTranspose(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() >= 2, "a matrix transpose needs two dimensions");
  std::vector<int> order = identityOrder(input->ndim());
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  call.setSharing(Sharing::kView);
  return permutedView(*input, order, call.dims());
}

// swapaxes: (a, axis1, axis2)
Result<Type> swapaxes(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(int first, axisArg(call.arg(1), input->ndim(), call.dims()));
  SEGUE_TRY(int second, axisArg(call.arg(2), input->ndim(), call.dims()));
  std::vector<int> order = identityOrder(input->ndim());
  std::swap(order[static_cast<size_t>(first)], order[static_cast<size_t>(second)]);
  call.setSharing(Sharing::kView);
  return permutedView(*input, order, call.dims());
}

// moveaxis: (a, source, destination)
Result<Type> moveaxis(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(std::vector<int> from, axesList(call.arg(1), input->ndim(), call.dims()));
  SEGUE_TRY(std::vector<int> to, axesList(call.arg(2), input->ndim(), call.dims()));
  SEGUE_REQUIRE(from.size() == to.size(), "source and destination must have the same number of axes");
  std::vector<int> order;
  for (int axis : identityOrder(input->ndim())) {
    if (std::find(from.begin(), from.end(), axis) == from.end()) order.push_back(axis);
  }
  std::vector<std::pair<int, int>> moves;
  for (size_t i = 0; i < from.size(); i++) moves.emplace_back(to[i], from[i]);
  std::sort(moves.begin(), moves.end());
  for (auto [destination, axis] : moves) order.insert(order.begin() + destination, axis);
  call.setSharing(Sharing::kView);
  return permutedView(*input, order, call.dims());
}

// squeeze: (a, axis)
Result<Type> squeeze(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  Shape shape;
  if (call.given(1)) {
    SEGUE_TRY(uint64_t axes, axesMask(call.arg(1), input->ndim(), dims));
    for (size_t i = 0; i < input->shape.size(); i++) {
      bool drop = (axes >> i) & 1;
      SEGUE_REQUIRE(!drop || isOne(input->shape[i], dims), "cannot squeeze an axis that is not 1");
      if (!drop) shape.push_back(input->shape[i]);
    }
  } else {
    shape = longerSizes(input->shape, dims);
  }
  // Without an axis to drop, NumPy hands the array itself back.
  bool same = !call.given(1) && shape.size() == input->shape.size();
  call.setSharing(same ? Sharing::kSame : Sharing::kView);
  return Type::array(input->dtype, shape, input->layout, input->writeable);
}

// expand_dims: (a, axis)
Result<Type> expandDims(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(call.given(1), "expand_dims needs an axis");
  int added = call.arg(1).is<ArgTuple>() ? static_cast<int>(call.arg(1).as<ArgTuple>().items.size()) : 1;
  int ndim = input->ndim() + added;
  SEGUE_TRY(uint64_t axes, axesMask(call.arg(1), ndim, call.dims()));
  Shape shape;
  size_t next = 0;
  for (int i = 0; i < ndim; i++) shape.push_back((axes >> i) & 1 ? call.dims().constant(1) : input->shape[next++]);
  call.setSharing(Sharing::kView);
  return Type::array(input->dtype, shape, input->layout, input->writeable);
}

// broadcast_to: (a, shape)
Result<Type> broadcastTo(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_TRY(Shape shape, shapeArg(call.arg(1), dims));
  SEGUE_TRY_VOID(requireBroadcastTo(input.shape, shape, dims));
  if (input.is_ndarray) call.setSharing(Sharing::kView);
  Layout layout = input.layout;
  if (isEmptyShape(shape, dims)) {
    layout = Layout::both();
  } else {
    // An axis that is really repeated has stride 0.
    size_t offset = shape.size() - input.shape.size();
    for (size_t i = 0; i < shape.size(); i++) {
      bool was_one = i < offset || isOne(input.shape[i - offset], dims);
      if (was_one && !isOne(shape[i], dims)) layout = Layout::strided(AxisOrder::kUnknown);
    }
  }
  return Type::array(input.dtype(), shape, layout, false);
}

namespace {

/// The flags of every second element of the array's memory.
Layout interleavedLayout(const Type& input, DimTable& dims) {
  bool longer = false;
  for (Dim d : input.shape) {
    if (dims.decideLess(d, dims.constant(1))) return Layout::both();
    longer |= !isOne(d, dims);
  }
  return longer ? Layout::strided(axisOrder(input.layout)) : Layout::both();
}

DType realDType(DType dtype) {
  if (dtype == DType::kC64) return DType::kF32;
  return dtype == DType::kC128 ? DType::kF64 : dtype;
}

}  // namespace

// real: (a)
Result<Type> realPart(OpCall& call) {
  std::optional<Type> input = call.type(0);
  SEGUE_REQUIRE(input && (input->isArray() || input->isNumpyScalar()), "the real part of an array");
  if (input->isNumpyScalar()) return Type::numpyScalar(realDType(input->dtype));
  if (!isComplex(input->dtype)) {
    call.setSharing(Sharing::kSame);
    return *input;
  }
  call.setSharing(Sharing::kView);
  return Type::array(realDType(input->dtype), input->shape, interleavedLayout(*input, call.dims()), input->writeable);
}

// imag: (a)
Result<Type> imagPart(OpCall& call) {
  std::optional<Type> input = call.type(0);
  SEGUE_REQUIRE(input && (input->isArray() || input->isNumpyScalar()), "the imaginary part of an array");
  if (input->isNumpyScalar()) return Type::numpyScalar(realDType(input->dtype));
  if (!isComplex(input->dtype)) {
    // Real arrays have a new, read-only array of zeros as their imaginary part.
    SEGUE_REQUIRE(input->layout.known, "the order of the zeros follows the array's");
    bool fortran = input->layout.f_contiguous && !input->layout.c_contiguous;
    Layout layout = fortran ? fLayout(input->shape, call.dims()) : cLayout(input->shape, call.dims());
    return Type::array(input->dtype, input->shape, layout, false);
  }
  call.setSharing(Sharing::kView);
  return Type::array(realDType(input->dtype), input->shape, interleavedLayout(*input, call.dims()), input->writeable);
}

// conj: (a); the method, which hands real arrays back
Result<Type> conjugated(OpCall& call) {
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray, "conj() of an array");
  if (!isComplex(input.dtype())) {
    call.setSharing(Sharing::kSame);
    return *call.arg(0).as<ArgValue>().type;
  }
  if (input.shape.empty()) return Type::numpyScalar(input.dtype());
  return Type::array(input.dtype(), input.shape, keepOrderLayout({&input, 1}, input.shape, call.dims()));
}

// diagonal: (a, offset, axis1, axis2)
Result<Type> diagonal(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  int64_t offset = 0, axis1 = 0, axis2 = 1;
  if (!call.arg(1).missing()) {
    SEGUE_TRY(offset, constantInt(call.arg(1), dims));
  }
  if (!call.arg(2).missing()) {
    SEGUE_TRY(axis1, constantInt(call.arg(2), dims));
  }
  if (!call.arg(3).missing()) {
    SEGUE_TRY(axis2, constantInt(call.arg(3), dims));
  }
  SEGUE_REQUIRE(input->ndim() >= 2, "a diagonal needs two dimensions");
  SEGUE_TRY(int first, normalizeAxis(axis1, input->ndim()));
  SEGUE_TRY(int second, normalizeAxis(axis2, input->ndim()));
  SEGUE_REQUIRE(first != second, "axis1 and axis2 cannot be the same");
  SEGUE_TRY(Dim rows, dims.add(input->shape[static_cast<size_t>(first)], dims.constant(std::min<int64_t>(offset, 0))));
  SEGUE_TRY(Dim columns,
            dims.sub(input->shape[static_cast<size_t>(second)], dims.constant(std::max<int64_t>(offset, 0))));
  Dim length = dims.decideLess(columns, rows) ? columns : rows;
  if (dims.decideLess(length, dims.constant(0))) length = dims.constant(0);
  Shape shape;
  for (int i = 0; i < input->ndim(); i++) {
    if (i != first && i != second) shape.push_back(input->shape[static_cast<size_t>(i)]);
  }
  shape.push_back(length);
  Layout layout = Layout::unknown();
  if (isEmptyShape(shape, dims) || longerSizes(shape, dims).empty()) {
    layout = Layout::both();
  } else if (shape.size() == 1 && input->layout.known && (input->layout.c_contiguous || input->layout.f_contiguous)) {
    layout = Layout::strided(AxisOrder::kUnknown);
  }
  call.setSharing(Sharing::kView);
  return Type::array(input->dtype, shape, layout, false);
}

// atleast_1d, atleast_2d, atleast_3d: (a); the dtype rule names how many dimensions
Result<Type> atLeast(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  auto rule = static_cast<DTypeRuleId>(call.op().dtype_index);
  size_t wanted = rule == DTypeRuleId::kDims1 ? 1 : rule == DTypeRuleId::kDims2 ? 2 : 3;
  if (input->shape.size() >= wanted) {
    call.setSharing(Sharing::kSame);
    return *input;
  }
  Dim one = call.dims().constant(1);
  Shape shape = input->shape;
  // A vector is a row of two dimensions, and has one before and one behind in three.
  if (wanted >= 2 && shape.size() == 1) shape.insert(shape.begin(), one);
  while (shape.size() < wanted) shape.push_back(one);
  call.setSharing(Sharing::kView);
  return Type::array(input->dtype, shape, input->layout, input->writeable);
}

// flip: (a, axis)
Result<Type> flip(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  if (input->ndim() == 0) {
    SEGUE_REQUIRE(!call.given(1), "a 0-d array has no axis");
    return elementType(input->dtype);  // NumPy's m[()]
  }
  SEGUE_TRY(uint64_t axes, axesMask(call.arg(1), input->ndim(), call.dims()));
  call.setSharing(Sharing::kView);
  return flippedView(*input, axes, call.dims());
}

// fliplr, flipud: (a); the dtype rule names the axis
Result<Type> flipAxis(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  int axis = static_cast<DTypeRuleId>(call.op().dtype_index) == DTypeRuleId::kAxis0 ? 0 : 1;
  SEGUE_REQUIRE(input->ndim() > axis, "too few dimensions to flip");
  call.setSharing(Sharing::kView);
  return flippedView(*input, uint64_t{1} << axis, call.dims());
}

// rot90: (a, k, axes)
Result<Type> rot90(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  int64_t turns = 1;
  if (!call.arg(1).missing()) {
    SEGUE_TRY(turns, constantInt(call.arg(1), dims));
  }
  std::vector<int> axes = {0, 1};
  if (!call.arg(2).missing()) {
    SEGUE_TRY(axes, axesList(call.arg(2), input->ndim(), dims));
  }
  SEGUE_REQUIRE(axes.size() == 2 && input->ndim() >= 2, "a rotation needs two axes");
  turns &= 3;
  call.setSharing(Sharing::kView);
  if (turns == 0) return *input;
  if (turns == 2) return flippedView(*input, uint64_t{1} << axes[0] | uint64_t{1} << axes[1], dims);
  std::vector<int> order = identityOrder(input->ndim());
  std::swap(order[static_cast<size_t>(axes[0])], order[static_cast<size_t>(axes[1])]);
  if (turns == 1) return permutedView(flippedView(*input, uint64_t{1} << axes[1], dims), order, dims);
  return flippedView(permutedView(*input, order, dims), uint64_t{1} << axes[1], dims);
}

}  // namespace segue::rules
