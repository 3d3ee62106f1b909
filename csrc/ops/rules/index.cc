// Indexing: x[index] and x[index] = value. Basic indices (ints, slices, newaxis, ellipsis) make views, integer arrays make
// copies, and so do boolean masks, each of which stands for the indices of its true elements: how many there are depends on data.
#include "base/python.h"

#include "absl/algorithm/container.h"
#include "base/numpy_version.h"
#include "ops/rules/data_sizes.h"
#include "ops/rules/ufunc_loops.h"
#include "ops/rules/view.h"

namespace segue::rules {
namespace {

/// What an index does, read item by item.
struct IndexPlan {
  std::vector<AxisView> axes;      ///< per axis of the input
  Shape shape;                     ///< of the result, index arrays left out
  std::vector<Operand> arrays;     ///< index arrays
  size_t arrays_at = 0;            ///< where in `shape` the first index array stands
  bool arrays_together = true;     ///< no slice, newaxis or ellipsis between index arrays
  bool any_ellipsis = false;
  size_t ints = 0;
};

bool isInt(const Arg& arg) {
  if (arg.is<Dim>()) return true;
  return arg.isValue() && arg.as<ArgValue>().type->kind == TypeKind::kPyInt;
}

std::vector<Arg> indexItems(const Arg& index) {
  if (index.is<ArgTuple>() && !index.as<ArgTuple>().is_list) return index.as<ArgTuple>().items;
  return {index};
}

/// How many axes of the input an item takes.
Result<size_t> axesTaken(const Arg& item, DimTable& dims) {
  if (item.isNone() || item.is<ArgEllipsis>()) return size_t{0};
  if (item.isSlice() || isInt(item)) return size_t{1};
  SEGUE_TRY(Operand array, operandOf(item, dims));
  SEGUE_REQUIRE(array.is_array && !array.shape.empty(), "an index that is a 0-d array, a bool or a NumPy scalar");
  return array.dtype() == DType::kBool ? array.shape.size() : size_t{1};
}

/// An integer index in bounds, else NumPy raises IndexError.
Result<Unit> requireInBounds(const Arg& item, Dim size, DimTable& dims) {
  if (!item.is<Dim>()) return Unit{};  // known at run time only: NumPy checks it then
  Dim index = item.as<Dim>();
  if (dims.decideLess(index, dims.constant(0))) {
    SEGUE_TRY(index, dims.add(index, size));
    SEGUE_REQUIRE(!dims.decideLess(index, dims.constant(0)), "index is out of bounds");
  }
  SEGUE_REQUIRE(dims.decideLess(index, size), "index is out of bounds");
  return Unit{};
}

/// Reads the items in order.
class IndexReader {
 public:
  IndexReader(const Type& input, OpCall& call) : input_(input), call_(call), dims_(call.dims()) {}

  Result<IndexPlan> read(const Arg& index) {
    std::vector<Arg> items = indexItems(index);
    size_t taken = 0, ellipses = 0;
    for (const Arg& item : items) {
      SEGUE_TRY(size_t axes, axesTaken(item, dims_));
      taken += axes;
      ellipses += item.is<ArgEllipsis>() ? 1 : 0;
    }
    SEGUE_REQUIRE(ellipses <= 1 && taken <= input_.shape.size(), "too many indices");
    size_t left = input_.shape.size() - taken;
    for (const Arg& item : items) SEGUE_TRY_VOID(readItem(item, left));
    if (ellipses == 0) skipAxes(left);
    return std::move(plan_);
  }

 private:
  Dim axisSize() const { return input_.shape[plan_.axes.size()]; }

  void skipAxes(size_t count) {
    for (size_t i = 0; i < count; i++) {
      plan_.shape.push_back(axisSize());
      plan_.axes.push_back({axisSize(), true});
    }
  }

  Result<Unit> readItem(const Arg& item, size_t left) {
    if (item.isNone() || item.is<ArgEllipsis>() || item.isSlice()) {
      separated_ = !plan_.arrays.empty();
      if (item.isNone()) plan_.shape.push_back(dims_.constant(1));
      if (item.is<ArgEllipsis>()) {
        plan_.any_ellipsis = true;
        skipAxes(left);
      }
      return item.isSlice() ? readSlice(*item.as<std::shared_ptr<const ArgSlice>>()) : Result<Unit>(Unit{});
    }
    if (isInt(item)) {
      SEGUE_TRY_VOID(requireInBounds(item, axisSize(), dims_));
      plan_.ints++;
      if (separated_) plan_.arrays_together = false;
      plan_.axes.push_back({dims_.constant(1), true});
      if (plan_.ints == 1 && plan_.arrays.empty()) first_int_at_ = plan_.shape.size();
      return Unit{};
    }
    return readArray(item);
  }

  Result<Unit> readSlice(const ArgSlice& slice) {
    SEGUE_TRY(SliceBounds bounds, sliceBounds(slice, axisSize(), dims_));
    plan_.shape.push_back(bounds.size);
    plan_.axes.push_back({bounds.size, bounds.step == 1});
    return Unit{};
  }

  Result<Unit> readArray(const Arg& item) {
    SEGUE_TRY(Operand array, operandOf(item, dims_));
    if (array.dtype() == DType::kBool) return readMask(array);
    SEGUE_REQUIRE(isIntegral(array.dtype()), "an index of %s", std::string(dtypeName(array.dtype())));
    SEGUE_REQUIRE(array.is_ndarray || !isEmptyShape(array.shape, dims_), "an empty list is no integer array");
    addArray(std::move(array));
    return Unit{};
  }

  /// The indices of the true elements: an array for each axis of the mask.
  Result<Unit> readMask(const Operand& mask) {
    SEGUE_TRY(Dim count, countIn(call_, mask.shape));
    Operand indices;
    indices.category = static_cast<Category>(DType::kI64);
    indices.is_array = indices.is_ndarray = true;
    indices.shape = {count};
    indices.layout = mask.ndim() == 1 ? Layout::both() : Layout::unknown();
    for (Dim size : mask.shape) {
      SEGUE_REQUIRE(dims_.decideEqual(size, axisSize()), "the mask has another shape than the array");
      addArray(indices);
    }
    return Unit{};
  }

  void addArray(Operand array) {
    if (plan_.arrays.empty()) plan_.arrays_at = plan_.shape.size();
    if (separated_) plan_.arrays_together = false;
    // An int among index arrays is one of them: only a run of ints directly before or behind keeps them together.
    if (plan_.ints > 0 && plan_.arrays.empty() && first_int_at_ != plan_.shape.size()) plan_.arrays_together = false;
    plan_.arrays.push_back(std::move(array));
    plan_.axes.push_back({dims_.constant(1), true});
  }

  const Type& input_;
  OpCall& call_;
  DimTable& dims_;
  IndexPlan plan_;
  bool separated_ = false;        ///< something that keeps an axis stands behind an index array
  size_t first_int_at_ = 0;       ///< where in the result's shape the first int before the index arrays stands
};

/// The selection's shape: the broadcast shape of the index arrays stands where they stood, or in front.
Result<Shape> selectedShape(const IndexPlan& plan, DimTable& dims) {
  Shape index_shape;
  for (const Operand& array : plan.arrays) {
    SEGUE_TRY(index_shape, broadcastShapes(index_shape, array.shape, dims));
  }
  const auto at = static_cast<long>(plan.arrays_together ? plan.arrays_at : 0);
  Shape shape(plan.shape.begin(), plan.shape.begin() + at);
  shape.insert(shape.end(), index_shape.begin(), index_shape.end());
  shape.insert(shape.end(), plan.shape.begin() + at, plan.shape.end());
  return shape;
}

/// The selection's type for index arrays.
Result<Type> gathered(const Type& input, const IndexPlan& plan, DimTable& dims) {
  SEGUE_TRY(Shape shape, selectedShape(plan, dims));
  // NumPy lays a selection out with the index arrays' axes slowest, in their order, then turns it round.
  const Operand& first = plan.arrays[0];
  const bool in_front = !plan.arrays_together || plan.arrays_at == 0;
  const bool simple = in_front && first.layout.known && first.layout.c_contiguous && plan.arrays.size() == 1 && plan.ints == 0 &&
                      input.layout.known && input.layout.c_contiguous;
  const bool of_data = absl::c_any_of(shape, [&dims](Dim size) { return dims.dependsOnData(size); });
  if (of_data && shape.size() > 1) return Type::array(input.dtype, shape, Layout::unknown(simple ? AxisOrder::kC : AxisOrder::kUnknown));
  Layout layout = cLayout(shape, dims);
  if (!layout.f_contiguous && !simple) layout = Layout::unknown();
  return Type::array(input.dtype, shape, layout);
}

}  // namespace

// getitem: (a, index)
Result<Type> getitem(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_TRY(IndexPlan plan, IndexReader(*input, call).read(call.arg(1)));
  if (!plan.arrays.empty()) return gathered(*input, plan, dims);
  if (plan.shape.empty() && !plan.any_ellipsis) return elementType(input->dtype);
  call.setSharing(Sharing::kView);
  return Type::array(input->dtype, plan.shape, viewLayout(*input, plan.axes, dims), input->writeable);
}

namespace {

/// Whether an array may be assigned the value: NumPy casts as with casting='unsafe', but Python scalars must convert.
Result<Unit> requireAssignable(const Operand& value, DType dtype, DimTable& dims) {
  SEGUE_REQUIRE(value.category == kWeakComplex || !discardsImaginary(value.dtype(), dtype),
                "the assignment would discard the imaginary part");
  SEGUE_REQUIRE(value.category != kWeakComplex || isComplex(dtype), "a complex number does not become real");
  // How a sequence of Python numbers converts depends on each of them.
  SEGUE_REQUIRE(!value.is_array || value.is_ndarray || isInexact(dtype), "a sequence assigned to integers");
  return requireFits(value, dtype, dims);
}

/// Leading dimensions of 1 that the destination has not are dropped.
Shape withoutLeadingOnes(Shape shape, size_t ndim, DimTable& dims) {
  while (shape.size() > ndim && isOne(shape[0], dims)) shape.erase(shape.begin());
  return shape;
}

/// Whether a value of this shape may be assigned to a selection of that one. What a mask selects is counted by NumPy, which raises then.
Result<Unit> requireAssignableShape(Shape from, const Shape& to, DimTable& dims) {
  from = withoutLeadingOnes(std::move(from), to.size(), dims);
  SEGUE_REQUIRE(from.size() <= to.size(), "a value of %d dimensions for %d", from.size(), to.size());
  Shape counted_from, counted_to;
  for (size_t i = 1; i <= from.size(); i++) {
    if (dims.dependsOnData(to[to.size() - i])) continue;
    counted_from.insert(counted_from.begin(), from[from.size() - i]);
    counted_to.insert(counted_to.begin(), to[to.size() - i]);
  }
  return requireBroadcastTo(counted_from, counted_to, dims);
}

/// The shape of a[index].
Result<Shape> shapeOfSelection(const Type& input, size_t index, OpCall& call) {
  SEGUE_TRY(IndexPlan plan, IndexReader(input, call).read(call.arg(index)));
  return selectedShape(plan, call.dims());
}

}  // namespace

// setitem: (a, index, value)
Result<Type> setitem(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* target, ndarrayArg(call, 0));
  SEGUE_REQUIRE(target->writeable, "assignment to a read-only array");
  SEGUE_TRY(Operand value, operandOf(call, 2));
  SEGUE_TRY_VOID(requireAssignable(value, target->dtype, dims));
  SEGUE_TRY(Shape shape, shapeOfSelection(*target, 1, call));
  SEGUE_TRY_VOID(requireAssignableShape(value.shape, shape, dims));
  return Type::scalar(TypeKind::kNone);
}

// fill: (a, value)
Result<Type> fill(OpCall& call) {
  SEGUE_TRY(const Type* target, ndarrayArg(call, 0));
  SEGUE_REQUIRE(target->writeable, "assignment to a read-only array");
  SEGUE_TRY(Operand value, operandOf(call, 1));
  SEGUE_REQUIRE(value.shape.empty(), "fill takes a scalar");
  SEGUE_TRY_VOID(requireAssignable(value, target->dtype, call.dims()));
  return Type::scalar(TypeKind::kNone);
}

// put: (a, indices, values, mode)
Result<Type> put(OpCall& call) {
  SEGUE_TRY(const Type* target, ndarrayArg(call, 0));
  SEGUE_REQUIRE(target->writeable, "assignment to a read-only array");
  SEGUE_TRY(Operand indices, operandOf(call, 1));
  SEGUE_REQUIRE(isIndex(indices.dtype()), "indices are integers");
  SEGUE_TRY(Operand values, operandOf(call, 2));
  SEGUE_TRY_VOID(requireAssignable(values, target->dtype, call.dims()));
  SEGUE_TRY(std::string_view mode, stringArg(call.arg(3), "raise"));
  SEGUE_REQUIRE(mode == "raise" || mode == "wrap" || mode == "clip", "mode must be 'raise', 'wrap' or 'clip'");
  return Type::scalar(TypeKind::kNone);
}

// ufunc.at: (ufunc, a, indices, b); a keeps its dtype, so the loop must be of that dtype
Result<Type> ufuncAt(OpCall& call) {
  DimTable& dims = call.dims();
  const OpDef* op = ufuncOp(call.arg(0));
  SEGUE_REQUIRE(op != nullptr && op->paramIndex("out") >= 0, "at() of a ufunc that is not in ops.yaml");
  SEGUE_TRY(const Type* target, ndarrayArg(call, 1));
  SEGUE_REQUIRE(target->writeable, "assignment to a read-only array");
  SEGUE_TRY(Shape selected, shapeOfSelection(*target, 2, call));
  absl::InlinedVector<Category, 2> categories{static_cast<Category>(target->dtype)};
  bool binary = op->params.size() > 1 && op->params[1].positional_only;
  SEGUE_REQUIRE(binary == call.given(3), "at() with too few or too many operands");
  if (binary) {
    SEGUE_TRY(Operand b, operandOf(call, 3));
    SEGUE_REQUIRE(!isComplex(b.dtype()) || isComplex(target->dtype), "the cast would discard the imaginary part");
    SEGUE_TRY_VOID(requireFits(b, target->dtype, dims));
    SEGUE_TRY_VOID(requireAssignableShape(b.shape, selected, dims));
    categories.push_back(b.category);
  }
  const UfuncLoop* loop = findLoop(static_cast<DTypeRuleId>(op->dtype_index), categories);
  SEGUE_REQUIRE(loop != nullptr && loop->in[0] == target->dtype && loop->out[0] == target->dtype,
                "at() casts to a dtype and back");
  return Type::scalar(TypeKind::kNone);
}

// copyto: (dst, src, casting, where)
Result<Type> copyto(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(const Type* target, ndarrayArg(call, 0));
  SEGUE_REQUIRE(target->writeable, "assignment to a read-only array");
  SEGUE_TRY(Operand value, operandOf(call, 1));
  SEGUE_TRY(std::string_view casting, stringArg(call.arg(2), "same_kind"));
  DType from = value.dtype();
  if (isWeak(value.category)) {
    SEGUE_REQUIRE(isCore(target->dtype), "a Python number copied to %s", std::string(dtypeName(target->dtype)));
    from = static_cast<DType>(promoteCategories(value.category, static_cast<Category>(target->dtype)));
  }
  SEGUE_REQUIRE(canCast(from, target->dtype, casting), "the source does not cast to the destination");
  bool strict = casting == "no" || casting == "equiv";
  SEGUE_REQUIRE(!strict || !isWeak(value.category) || numpyAtLeast(2, 1), "before NumPy 2.1 Python scalars had a dtype here");
  SEGUE_TRY_VOID(requireAssignable(value, target->dtype, dims));
  SEGUE_TRY_VOID(requireBroadcastTo(withoutLeadingOnes(value.shape, target->shape.size(), dims), target->shape, dims));
  if (!call.arg(3).missing()) {
    SEGUE_TRY(Operand mask, operandOf(call, 3));
    SEGUE_REQUIRE(mask.dtype() == DType::kBool, "where= must be bool");
    SEGUE_TRY_VOID(requireBroadcastTo(mask.shape, target->shape, dims));
  }
  return Type::scalar(TypeKind::kNone);
}

}  // namespace segue::rules
