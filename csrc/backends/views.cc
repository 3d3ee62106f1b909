#include "backends/views.h"

#include <algorithm>
namespace segue {
namespace {

bool isNumber(const Arg& arg) { return arg.isNone() || arg.is<Dim>(); }

/// Which end a slice without a start begins at depends on the sign of its step.
bool isPlain(const ArgSlice& slice, const DimTable& dims) {
  if (!isNumber(slice.start) || !isNumber(slice.stop) || !isNumber(slice.step)) return false;
  return slice.step.isNone() || dims.isConstant(slice.step.as<Dim>());
}

bool isPlain(const Arg& item, const DimTable& dims) {
  if (item.isSlice()) return isPlain(*item.as<std::shared_ptr<const ArgSlice>>(), dims);
  return item.is<Dim>() || item.isNone() || item.is<ArgEllipsis>();
}

ViewNumber numberOf(const Arg& arg, int64_t if_none, PlanBuilder& builder) {
  if (arg.isNone()) return {false, if_none};
  const Dim dim = arg.as<Dim>();
  if (builder.dims().isConstant(dim)) return {false, builder.dims().constantValue(dim)};
  return {true, builder.number(dim)};
}

ViewItem itemOf(const Arg& arg, PlanBuilder& builder) {
  if (arg.isNone()) return {ViewItem::Kind::kNewAxis, {}};
  if (arg.is<Dim>()) return {ViewItem::Kind::kInt, numberOf(arg, 0, builder)};
  const ArgSlice& slice = *arg.as<std::shared_ptr<const ArgSlice>>();
  const ViewNumber step = numberOf(slice.step, 1, builder);
  const bool back = step.value < 0;
  return {ViewItem::Kind::kSlice, numberOf(slice.start, back ? INT64_MAX : 0, builder),
          numberOf(slice.stop, back ? INT64_MIN : INT64_MAX, builder), step};
}

}  // namespace

absl::Span<const Arg> indexItems(const Arg& index) {
  const bool tuple = index.is<ArgTuple>() && !index.as<ArgTuple>().is_list;
  return tuple ? absl::MakeConstSpan(index.as<ArgTuple>().items) : absl::MakeConstSpan(&index, 1);
}

bool isViewIndex(const Arg& index, const DimTable& dims) {
  const absl::Span<const Arg> items = indexItems(index);
  return std::all_of(items.begin(), items.end(), [&dims](const Arg& item) { return isPlain(item, dims); });
}

ViewIndex viewIndexOf(const Arg& index, const Type& array, PlanBuilder& builder) {
  const absl::Span<const Arg> items = indexItems(index);
  const auto used = std::count_if(items.begin(), items.end(), [](const Arg& item) { return !item.isNone() && !item.is<ArgEllipsis>(); });
  ViewIndex out;
  for (const Arg& item : items) {
    if (!item.is<ArgEllipsis>()) {
      out.push_back(itemOf(item, builder));
    } else {
      out.insert(out.end(), static_cast<size_t>(array.ndim() - used), ViewItem{});
    }
  }
  return out;
}

}  // namespace segue
