#include "backends/llvm/gaps.h"

#include <utility>

#include "backends/views.h"
#include "graph/effects.h"

namespace segue::llvm {
namespace {

/// The index's items, and a null for every axis that it takes whole.
std::vector<const Arg*> spelledOut(const Arg& index, size_t rank) {
  const absl::Span<const Arg> items = indexItems(index);
  size_t whole = rank;
  for (const Arg& item : items) whole -= !item.isNone() && !item.is<ArgEllipsis>();
  std::vector<const Arg*> out;
  for (const Arg& item : items) {
    item.is<ArgEllipsis>() ? out.insert(out.end(), std::exchange(whole, 0), nullptr) : out.insert(out.end(), &item);
  }
  out.insert(out.end(), whole, nullptr);
  return out;
}

int64_t stepOf(const ArgSlice& slice, const DimTable& dims) { return slice.step.is<Dim>() ? dims.hint(slice.step.as<Dim>()) : 1; }

}  // namespace

int64_t gapOf(const Node& node, uint32_t from_last, const DimTable& dims) {
  if (!isPureView(node) || node.op->name != "getitem" || !node.type->isArray() || !node.args[0].isValue()) return 1;
  return gapOf(*node.args[0].as<ArgValue>().type, node.args[1], from_last, dims);
}

int64_t gapOf(const Type& base, const Arg& index, uint32_t from_last, const DimTable& dims) {
  if (!base.isArray() || !base.layout.known || !base.layout.c_contiguous) return 1;
  const std::vector<const Arg*> items = spelledOut(index, base.shape.size());
  size_t axis = base.shape.size();
  uint32_t dimension = 0;   // of the view, counted from its last one
  int64_t inside = 1;       // elements in what the axes behind hold
  for (size_t i = items.size(); i-- > 0;) {
    const Arg* item = items[i];
    const bool slice = item != nullptr && item->isSlice(), added = item != nullptr && item->isNone();
    if (item == nullptr || slice || added) {
      if (dimension++ == from_last) return added ? 1 : inside * (slice ? stepOf(*item->as<std::shared_ptr<const ArgSlice>>(), dims) : 1);
    }
    if (!added) inside *= dims.hint(base.shape[--axis]);
  }
  return 1;
}

}  // namespace segue::llvm
