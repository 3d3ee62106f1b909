#include "backends/llvm/gaps.h"

#include "graph/effects.h"

namespace segue::llvm {
namespace {

/// The index's items, and a null for every axis that it takes whole.
std::vector<const Arg*> spelledOut(const Arg& index, size_t rank) {
  const absl::Span<const Arg> items = index.is<ArgTuple>() ? absl::MakeConstSpan(index.as<ArgTuple>().items) : absl::MakeConstSpan(&index, 1);
  size_t whole = rank;
  for (const Arg& item : items) whole -= !item.isNone() && !item.is<ArgEllipsis>();
  std::vector<const Arg*> out;
  for (const Arg& item : items) {
    item.is<ArgEllipsis>() ? out.insert(out.end(), std::exchange(whole, 0), nullptr) : out.insert(out.end(), &item);
  }
  out.insert(out.end(), whole, nullptr);
  return out;
}

}  // namespace

bool hasGaps(const Node& node, uint32_t from_last, const DimTable& dims) {
  if (!isPureView(node) || node.op->name != "getitem" || !node.type->isArray() || !node.args[0].isValue()) return false;
  const Type& base = *node.args[0].as<ArgValue>().type;
  if (!base.isArray() || !base.layout.known || !base.layout.c_contiguous) return false;
  const std::vector<const Arg*> items = spelledOut(node.args[1], base.shape.size());
  size_t axis = base.shape.size();
  uint32_t dimension = 0;   // of the view, counted from its last one
  bool gap = false;         // an axis of several elements lies inside the next one
  for (size_t i = items.size(); i-- > 0;) {
    const Arg* item = items[i];
    const bool slice = item != nullptr && item->isSlice(), added = item != nullptr && item->isNone();
    if (item == nullptr || slice || added) {
      if (dimension++ == from_last) return !added && (gap || (slice && !item->as<std::shared_ptr<const ArgSlice>>()->step.isNone()));
    }
    if (!added) gap |= dims.hint(base.shape[--axis]) != 1;
  }
  return false;
}

}  // namespace segue::llvm
