// Joining arrays along an axis, and repeating or moving their elements.
#include "base/python.h"

#include "absl/algorithm/container.h"
#include "ops/op_ids.h"
#include "ops/rules/data_sizes.h"
#include "ops/rules/view.h"

namespace segue::rules {
namespace {

/// Whether the array surely has elements, and so strides that its flags tell of. What is selected by data has the strides of a fresh array anyway.
bool flagsTellStrides(const Shape& shape, DimTable& dims) {
  Shape given;
  for (Dim size : shape) {
    if (!dims.dependsOnData(size)) given.push_back(size);
  }
  return shape.size() == 1 || !isEmptyShape(given, dims);
}

/// Layout of a join: NumPy sorts the axes by all inputs' strides, which only C inputs settle for certain. (Axes of length 1 do not count. An
/// input without elements is in C order whatever its strides.)
Layout joinedLayout(const std::vector<Operand>& inputs, const Shape& shape, DimTable& dims) {
  Layout c = cLayout(shape, dims);
  if (c.f_contiguous) return c;
  for (const Operand& input : inputs) {
    if (!input.layout.known || !input.layout.c_contiguous || !flagsTellStrides(input.shape, dims)) return Layout::unknown();
  }
  return c;
}

Result<Type> joined(const std::vector<Operand>& inputs, int axis, std::optional<DType> dtype, DimTable& dims) {
  SEGUE_REQUIRE(!inputs.empty(), "need at least one array to join");
  Shape shape = inputs[0].shape;
  for (size_t i = 1; i < inputs.size(); i++) {
    const Shape& other = inputs[i].shape;
    SEGUE_REQUIRE(other.size() == shape.size(), "arrays to join must have the same number of dimensions");
    for (size_t d = 0; d < shape.size(); d++) {
      if (d == static_cast<size_t>(axis)) {
        SEGUE_TRY(shape[d], dims.add(shape[d], other[d]));
      } else {
        SEGUE_REQUIRE(dims.decideEqual(shape[d], other[d]), "arrays to join must match in the other dimensions");
      }
    }
  }
  if (dtype) {
    for (const Operand& input : inputs) {
      SEGUE_REQUIRE(canCast(input.dtype(), *dtype, "same_kind"), "an array does not cast to the dtype");
    }
  }
  if (!dtype) {
    SEGUE_TRY(Category promoted, promoteOperands(inputs));
    dtype = categoryDType(promoted);
  }
  return Type::array(*dtype, shape, joinedLayout(inputs, shape, dims));
}

Result<std::vector<Operand>> arraysToJoin(const OpCall& call) {
  SEGUE_TRY(std::vector<Operand> inputs, operandsOf(call.arg(0), call.dims()));
  for (Operand& input : inputs) {
    SEGUE_TRY_VOID(requireFits(input, input.dtype(), call.dims()));
    // A nested sequence becomes a C array.
    if (!input.is_ndarray) input.layout = cLayout(input.shape, call.dims());
  }
  return inputs;
}

/// np.stack and its kin make an array of each input first: a Python scalar is weak no more.
void strengthen(std::vector<Operand>& inputs) {
  for (Operand& input : inputs) input.category = static_cast<Category>(input.dtype());
}

/// Inserts an axis of length 1.
void insertAxis(Operand& input, int axis, DimTable& dims) {
  input.shape.insert(input.shape.begin() + axis, dims.constant(1));
}

Result<Type> concatenated(const OpCall& call) {
  SEGUE_TRY(std::vector<Operand> inputs, arraysToJoin(call));
  SEGUE_TRY(std::optional<DType> dtype, dtypeArg(call.arg(2)));
  SEGUE_REQUIRE(!inputs.empty(), "need at least one array to concatenate");
  if (call.arg(1).isNone()) {
    for (Operand& input : inputs) {
      SEGUE_TRY(Dim size, shapeSize(input.shape, call.dims()));
      input.shape = {size};
    }
    return joined(inputs, 0, dtype, call.dims());
  }
  SEGUE_REQUIRE(inputs[0].ndim() > 0, "zero-dimensional arrays cannot be concatenated");
  int axis = 0;
  if (!call.arg(1).missing()) {
    SEGUE_TRY(axis, axisArg(call.arg(1), inputs[0].ndim(), call.dims()));
  }
  return joined(inputs, axis, dtype, call.dims());
}

}  // namespace

// concatenate: (arrays, axis, dtype, out)
Result<Type> concatenate(OpCall& call) {
  SEGUE_TRY(Type type, concatenated(call));
  if (!call.given(3)) return type;
  SEGUE_REQUIRE(!call.given(2), "dtype= beside out=");
  return exactOut(call, 3, type.dtype, type.shape);
}

// stack: (arrays, axis, dtype)
Result<Type> stack(OpCall& call) {
  SEGUE_TRY(std::vector<Operand> inputs, arraysToJoin(call));
  SEGUE_REQUIRE(!inputs.empty(), "need at least one array to stack");
  strengthen(inputs);
  SEGUE_TRY(std::optional<DType> dtype, dtypeArg(call.arg(2)));
  int axis = 0;
  if (!call.arg(1).missing()) {
    SEGUE_TRY(axis, axisArg(call.arg(1), inputs[0].ndim() + 1, call.dims()));
  }
  for (Operand& input : inputs) {
    SEGUE_REQUIRE(input.ndim() >= axis, "all input arrays must have the same shape");
    insertAxis(input, axis, call.dims());
  }
  SEGUE_TRY(Type out, joined(inputs, axis, dtype, call.dims()));
  for (const Operand& input : inputs) {
    SEGUE_REQUIRE(sameShape(input.shape, inputs[0].shape, call.dims()), "all input arrays must have the same shape");
  }
  return out;
}

// vstack, hstack, dstack, column_stack: (arrays); the dtype rule names the kind
Result<Type> stackKind(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(std::vector<Operand> inputs, arraysToJoin(call));
  SEGUE_REQUIRE(!inputs.empty(), "need at least one array to stack");
  strengthen(inputs);
  auto kind = static_cast<DTypeRuleId>(call.op().dtype_index);
  int axis = kind == DTypeRuleId::kRows ? 0 : kind == DTypeRuleId::kDepth ? 2 : 1;
  for (Operand& input : inputs) {
    size_t wanted = kind == DTypeRuleId::kColumns ? 1 : kind == DTypeRuleId::kDepth ? 3 : 2;
    if (kind == DTypeRuleId::kPairs && input.ndim() < 2) {
      if (input.ndim() == 0) insertAxis(input, 0, dims);
      insertAxis(input, 1, dims);
    }
    if (wanted >= 2 && input.ndim() == 1) insertAxis(input, 0, dims);
    while (input.shape.size() < wanted) insertAxis(input, input.ndim(), dims);
  }
  if (kind == DTypeRuleId::kColumns && inputs[0].ndim() == 1) axis = 0;
  return joined(inputs, axis, std::nullopt, dims);
}

// roll: (a, shift, axis)
Result<Type> roll(OpCall& call) {
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray && (call.arg(1).is<Dim>() || call.arg(1).is<ArgTuple>()), "roll of an array");
  if (!call.given(2)) {
    SEGUE_REQUIRE(call.arg(1).is<Dim>(), "several shifts need axes");
    return Type::array(input.dtype(), input.shape, cLayout(input.shape, call.dims()));
  }
  size_t shifts = 1, axes = 1;
  if (call.arg(1).is<ArgTuple>()) shifts = call.arg(1).as<ArgTuple>().items.size();
  if (call.arg(2).is<ArgTuple>()) axes = call.arg(2).as<ArgTuple>().items.size();
  SEGUE_REQUIRE(shifts == axes || shifts == 1 || axes == 1, "shift and axis do not broadcast");
  auto check = [&](const Arg& item) -> Result<Unit> {
    SEGUE_TRY(int axis, axisArg(item, input.ndim(), call.dims()));
    (void)axis;
    return Unit{};
  };
  if (call.arg(2).is<ArgTuple>()) {
    for (const Arg& item : call.arg(2).as<ArgTuple>().items) SEGUE_TRY_VOID(check(item));
  } else {
    SEGUE_TRY_VOID(check(call.arg(2)));
  }
  return Type::array(input.dtype(), input.shape, keepOrderLayout({&input, 1}, input.shape, call.dims()));
}

// tile: (A, reps)
Result<Type> tile(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray, "tile of an array");
  SEGUE_TRY(Shape reps, shapeArg(call.arg(1), dims));
  SEGUE_REQUIRE(!isEmptyShape(input.shape, dims), "tiling nothing may be a view");
  Shape shape = input.shape;
  while (shape.size() < reps.size()) shape.insert(shape.begin(), dims.constant(1));
  while (reps.size() < shape.size()) reps.insert(reps.begin(), dims.constant(1));
  Operand widened = input;
  widened.shape = shape;
  bool all_one = true;
  for (size_t i = 0; i < shape.size(); i++) {
    all_one &= isOne(reps[i], dims);
    SEGUE_TRY(shape[i], dims.mul(shape[i], reps[i]));
  }
  Layout layout = all_one ? keepOrderLayout({&widened, 1}, shape, dims) : cLayout(shape, dims);
  return Type::array(input.dtype(), shape, layout);
}

// repeat: (a, repeats, axis)
Result<Type> repeat(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_REQUIRE(input.is_ndarray, "repeats of an array's elements");
  if (!call.arg(1).is<Dim>()) return repeatEach(call);
  Dim repeats = call.arg(1).as<Dim>();
  SEGUE_REQUIRE(!dims.decideLess(repeats, dims.constant(0)), "repeats may not be negative");
  if (!call.given(2) || input.ndim() == 0) {
    SEGUE_TRY_VOID(axesMask(call.arg(2), input.ndim(), dims));
    SEGUE_TRY(Dim size, shapeSize(input.shape, dims));
    SEGUE_TRY(size, dims.mul(size, repeats));
    return Type::array(input.dtype(), {size}, Layout::both());
  }
  SEGUE_TRY(int axis, axisArg(call.arg(2), input.ndim(), dims));
  Shape shape = input.shape;
  SEGUE_TRY(shape[static_cast<size_t>(axis)], dims.mul(shape[static_cast<size_t>(axis)], repeats));
  return Type::array(input.dtype(), shape, cLayout(shape, dims));
}

// pad: (array, pad_width, mode)
Result<Type> pad(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Operand input, operandOf(call, 0));
  SEGUE_TRY(std::string_view mode, stringArg(call.arg(2), "constant"));
  constexpr std::string_view kModes[] = {"constant", "edge", "reflect", "symmetric", "wrap", "minimum", "maximum"};
  SEGUE_REQUIRE(input.is_ndarray && absl::c_linear_search(kModes, mode), "the mode of a pad");
  SEGUE_REQUIRE(mode == "constant" || !isEmptyShape(input.shape, dims), "an empty array has no edge");
  // An int, (before, after), or one pair per axis.
  auto widthAt = [&](size_t axis, size_t side) -> Result<Dim> {
    const Arg* width = &call.arg(1);
    if (width->is<ArgTuple>() && !width->as<ArgTuple>().items.empty()) {
      const std::vector<Arg>& items = width->as<ArgTuple>().items;
      bool nested = items[0].is<ArgTuple>();
      SEGUE_REQUIRE(!nested || items.size() == 1 || items.size() == input.shape.size(), "pad widths do not broadcast");
      const Arg& row = nested ? items[items.size() == 1 ? 0 : axis] : *width;
      SEGUE_REQUIRE(row.is<ArgTuple>(), "pad widths must be pairs");
      const std::vector<Arg>& pair = row.as<ArgTuple>().items;
      SEGUE_REQUIRE(pair.size() == 1 || pair.size() == 2, "pad widths must be pairs");
      width = &pair[pair.size() == 1 ? 0 : side];
    }
    SEGUE_REQUIRE(width->is<Dim>(), "pad widths must be ints");
    SEGUE_REQUIRE(!dims.decideLess(width->as<Dim>(), dims.constant(0)), "pad widths may not be negative");
    return width->as<Dim>();
  };
  Shape shape = input.shape;
  for (size_t i = 0; i < shape.size(); i++) {
    for (size_t side : {size_t{0}, size_t{1}}) {
      SEGUE_TRY(Dim width, widthAt(i, side));
      SEGUE_TRY(shape[i], dims.add(shape[i], width));
    }
  }
  SEGUE_REQUIRE(!shape.empty() && input.layout.known, "the order of a padded array follows the array's");
  bool fortran = input.layout.f_contiguous && !input.layout.c_contiguous;
  return Type::array(input.dtype(), shape, fortran ? fLayout(shape, dims) : cLayout(shape, dims));
}

}  // namespace segue::rules
