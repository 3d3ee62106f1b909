// Splitting an array along an axis into a list of views.
#include "base/python.h"

#include "ops/op_ids.h"
#include "ops/rules/view.h"

namespace segue::rules {
namespace {

constexpr int64_t kMaxParts = 256;

/// The view x[start : start + size] along an axis.
Type partOf(const Type& input, int axis, Dim size, DimTable& dims) {
  std::vector<AxisView> views;
  for (size_t i = 0; i < input.shape.size(); i++) views.push_back({input.shape[i], true});
  views[static_cast<size_t>(axis)].size = size;
  Shape shape = input.shape;
  shape[static_cast<size_t>(axis)] = size;
  return Type::array(input.dtype, shape, viewLayout(input, views, dims), input.writeable);
}

/// Cut points: x[0:i], x[i:j], …, x[last:].
Result<std::vector<Type>> cutAt(const Type& input, int axis, const ArgTuple& points, DimTable& dims) {
  std::vector<Type> out;
  Dim size = input.shape[static_cast<size_t>(axis)], start = dims.constant(0);
  for (size_t i = 0; i <= points.items.size(); i++) {
    Dim stop = size;
    if (i < points.items.size()) {
      SEGUE_REQUIRE(points.items[i].is<Dim>(), "cut points must be ints");
      stop = points.items[i].as<Dim>();
    }
    SEGUE_TRY(SliceBounds bounds, rangeBounds(start, stop, size, dims));
    out.push_back(partOf(input, axis, bounds.size, dims));
    start = stop;
  }
  return out;
}

Result<std::vector<Type>> cutEvenly(const Type& input, int axis, int64_t parts, bool must_divide, DimTable& dims) {
  SEGUE_REQUIRE(parts > 0 && parts <= kMaxParts, "number of sections must be positive (and at most 256)");
  Dim size = input.shape[static_cast<size_t>(axis)];
  SEGUE_TRY(Dim rest, dims.mod(size, dims.constant(parts)));
  int64_t larger = dims.specialize(rest);
  SEGUE_REQUIRE(!must_divide || larger == 0, "array split does not result in an equal division");
  SEGUE_TRY(Dim each, dims.floorDiv(size, dims.constant(parts)));
  SEGUE_TRY(Dim one_more, dims.add(each, dims.constant(1)));
  std::vector<Type> out;
  for (int64_t i = 0; i < parts; i++) out.push_back(partOf(input, axis, i < larger ? one_more : each, dims));
  return out;
}

Result<Type> splitAlong(OpCall& call, const Type& input, int axis, bool must_divide) {
  std::vector<Type> parts;
  if (call.arg(1).is<ArgTuple>()) {
    SEGUE_TRY(parts, cutAt(input, axis, call.arg(1).as<ArgTuple>(), call.dims()));
  } else {
    SEGUE_TRY(int64_t count, constantInt(call.arg(1), call.dims()));
    SEGUE_TRY(parts, cutEvenly(input, axis, count, must_divide, call.dims()));
  }
  call.setSharing(Sharing::kView);
  return Type::list(std::move(parts));
}

}  // namespace

// split and array_split: (a, sections, axis); the dtype rule says whether the parts must be equal
Result<Type> split(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  int axis = 0;
  SEGUE_REQUIRE(input->ndim() > 0, "a 0-d array cannot be split");
  if (!call.arg(2).missing()) {
    SEGUE_TRY(axis, axisArg(call.arg(2), input->ndim(), call.dims()));
  }
  return splitAlong(call, *input, axis, static_cast<DTypeRuleId>(call.op().dtype_index) == DTypeRuleId::kEqual);
}

// hsplit, vsplit, dsplit: (a, sections); the dtype rule names the axis
Result<Type> splitAxis(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  auto rule = static_cast<DTypeRuleId>(call.op().dtype_index);
  int axis = rule == DTypeRuleId::kAxis0 ? 0 : rule == DTypeRuleId::kAxis1 ? 1 : 2;
  int needed = rule == DTypeRuleId::kAxis0 ? 2 : rule == DTypeRuleId::kAxis1 ? 1 : 3;
  SEGUE_REQUIRE(input->ndim() >= needed, "too few dimensions to split");
  if (rule == DTypeRuleId::kAxis1 && input->ndim() == 1) axis = 0;
  return splitAlong(call, *input, axis, true);
}

}  // namespace segue::rules
