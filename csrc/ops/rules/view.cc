#include "base/python.h"

#include "ops/rules/view.h"

#include <algorithm>

#include "base/fault.h"

namespace segue {
namespace {

/// Whether the view of a contiguous array is contiguous: unit steps, and every axis on the fast side of the slowest axis
/// left must be whole. `slow_first`: C order (axis 0 slowest), else F order.
bool staysContiguous(const Type& input, absl::Span<const AxisView> axes, bool slow_first, DimTable& dims) {
  bool inside = false;
  for (size_t i = 0; i < axes.size(); i++) {
    size_t axis = slow_first ? i : axes.size() - 1 - i;
    bool one = isOne(axes[axis].size, dims);
    if (!one && !axes[axis].unit_step) return false;
    if (inside && !dims.decideEqual(axes[axis].size, input.shape[axis])) return false;
    inside |= !one;
  }
  return true;
}

}  // namespace

Layout viewLayout(const Type& input, absl::Span<const AxisView> axes, DimTable& dims) {
  bool untouched = true;
  int longer = 0;
  for (size_t i = 0; i < axes.size(); i++) {
    if (dims.decideLess(axes[i].size, dims.constant(1))) return Layout::both();
    bool one = isOne(axes[i].size, dims);
    longer += one ? 0 : 1;
    untouched &= axes[i].size == input.shape[i] && (axes[i].unit_step || one);
  }
  if (longer == 0) return Layout::both();
  if (untouched) return input.layout;
  const Layout& layout = input.layout;
  bool contiguous_c = layout.known && layout.c_contiguous && staysContiguous(input, axes, true, dims);
  bool contiguous_f = layout.known && layout.f_contiguous && staysContiguous(input, axes, false, dims);
  if (longer == 1 && (contiguous_c || contiguous_f)) return Layout::both();
  if (contiguous_c) return Layout::c();
  if (contiguous_f) return Layout::f();
  bool was_contiguous = layout.known && (layout.c_contiguous || layout.f_contiguous);
  // A view of an array with gaps may leave the gaps out.
  if (!was_contiguous) return Layout::unknown(axisOrder(layout));
  return Layout::strided(axisOrder(layout));
}

Layout permutedLayout(const Type& input, absl::Span<const int> order, DimTable& dims) {
  const Layout& layout = input.layout;
  if (layout.known && layout.c_contiguous && layout.f_contiguous) return layout;
  std::vector<int> longer;
  for (int axis : order) {
    if (!isOne(input.shape[static_cast<size_t>(axis)], dims)) longer.push_back(axis);
  }
  if (std::is_sorted(longer.begin(), longer.end())) return layout;
  if (std::is_sorted(longer.rbegin(), longer.rend())) {
    Layout out = layout;
    std::swap(out.c_contiguous, out.f_contiguous);
    if (layout.order != AxisOrder::kUnknown) {
      out.order = layout.order == AxisOrder::kC ? AxisOrder::kF : AxisOrder::kC;
    }
    return out;
  }
  // Contiguous or in a known order with gaps: some other order cannot be contiguous.
  bool known = layout.known && axisOrder(layout) != AxisOrder::kUnknown;
  return known ? Layout::strided(AxisOrder::kUnknown) : Layout::unknown();
}

Result<const Type*> ndarrayArg(const OpCall& call, size_t i) {
  const Arg& arg = call.arg(i);
  SEGUE_REQUIRE(arg.isValue() && arg.as<ArgValue>().type->isArray(), "argument %d of %s must be an array", i + 1,
                std::string(call.op().name));
  return arg.as<ArgValue>().type;
}

namespace {

/// A bound of a slice counted from the start and clipped to [low, high]; the decisions are recorded.
Result<Dim> clipped(Dim bound, Dim size, Dim low, Dim high, DimTable& dims) {
  if (dims.decideLess(bound, dims.constant(0))) {
    SEGUE_TRY(bound, dims.add(bound, size));
  }
  if (dims.decideLess(bound, low)) return low;
  return dims.decideLess(high, bound) ? high : bound;
}

Result<Dim> boundOf(const Arg& arg) {
  SEGUE_REQUIRE(arg.is<Dim>(), "a slice bound that is not a Python int known to the trace");
  return arg.as<Dim>();
}

}  // namespace

Result<SliceBounds> sliceBounds(const ArgSlice& slice, Dim size, DimTable& dims) {
  SliceBounds out;
  if (!slice.step.isNone()) {
    SEGUE_REQUIRE(slice.step.is<Dim>(), "a slice step that is not a Python int known to the trace");
    out.step = dims.specialize(slice.step.as<Dim>());
    SEGUE_REQUIRE(out.step != 0 && out.step != INT64_MIN, "slice step cannot be zero");
  }
  bool forward = out.step > 0;
  Dim zero = dims.constant(0);
  SEGUE_TRY(Dim last, dims.sub(size, dims.constant(1)));
  Dim low = forward ? zero : dims.constant(-1), high = forward ? size : last;
  Dim start = forward ? zero : last, stop = forward ? size : dims.constant(-1);
  if (!slice.start.isNone()) {
    SEGUE_TRY(Dim bound, boundOf(slice.start));
    SEGUE_TRY(start, clipped(bound, size, low, high, dims));
  }
  if (!slice.stop.isNone()) {
    SEGUE_TRY(Dim bound, boundOf(slice.stop));
    SEGUE_TRY(stop, clipped(bound, size, low, high, dims));
  }
  out.start = start;
  SEGUE_TRY(Dim distance, forward ? dims.sub(stop, start) : dims.sub(start, stop));
  if (dims.decideLess(distance, dims.constant(1))) {
    out.size = zero;
    return out;
  }
  int64_t step = forward ? out.step : -out.step;
  SEGUE_TRY(Dim rounded, dims.add(distance, dims.constant(step - 1)));
  SEGUE_TRY(out.size, dims.floorDiv(rounded, dims.constant(step)));
  return out;
}

Result<SliceBounds> rangeBounds(Dim start, Dim stop, Dim axis_size, DimTable& dims) {
  return sliceBounds(ArgSlice{start, stop, ArgNone{}}, axis_size, dims);
}

Type permutedView(const Type& input, absl::Span<const int> order, DimTable& dims) {
  Shape shape;
  for (int axis : order) shape.push_back(input.shape[static_cast<size_t>(axis)]);
  bool writeable = input.writeable || SEGUE_FAULT(ViewsWriteable);
  return Type::array(input.dtype, shape, permutedLayout(input, order, dims), writeable);
}

Type flippedView(const Type& input, uint64_t axes, DimTable& dims) {
  std::vector<AxisView> views;
  for (size_t i = 0; i < input.shape.size(); i++) views.push_back({input.shape[i], ((axes >> i) & 1) == 0});
  return Type::array(input.dtype, input.shape, viewLayout(input, views, dims), input.writeable);
}

}  // namespace segue
