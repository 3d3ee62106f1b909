#include "base/python.h"

#include "backends/llvm/store.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "backends/views.h"
#include "base/fault.h"
#include "graph/passes/index.h"

namespace segue::llvm {
namespace {

using Kind = IndexItem::Kind;

/// Elements of an axis that lie behind each other: 0 <= start <= stop <= the axis's length, whatever that is.
struct Extent {
  Dim start, stop;
};

bool provablyAtMost(Dim a, Dim b, DimTable& dims) {
  const Result<Dim> above = dims.add(b, dims.constant(1));
  return above.ok() && dims.provablyLess(a, above.value());
}

/// A number of an index counted from the front, where it is known from which end it counts.
std::optional<Dim> fromFront(Dim number, Dim length, DimTable& dims) {
  if (!dims.isConstant(number) || dims.constantValue(number) >= 0) return number;
  const Result<Dim> sum = dims.add(length, number);
  return sum.ok() ? std::optional(sum.value()) : std::nullopt;
}

std::optional<Extent> extentOf(const IndexItem& item, Dim length, DimTable& dims) {
  const Dim zero = dims.constant(0), one = dims.constant(1);
  std::optional<Extent> out = Extent{zero, length};
  if (item.kind == Kind::kInt) {
    if (!item.number.is<Dim>()) return std::nullopt;
    const std::optional<Dim> start = fromFront(item.number.as<Dim>(), length, dims);
    const Result<Dim> stop = start ? dims.add(*start, one) : dims.add(zero, zero);
    if (!start || !stop.ok()) return std::nullopt;
    out = {*start, stop.value()};
  } else {
    if (!item.step.isNone()) return std::nullopt;
    for (const auto& [number, place] : {std::pair(&item.start, &out->start), std::pair(&item.stop, &out->stop)}) {
      if (number->isNone()) continue;
      const std::optional<Dim> at = number->is<Dim>() ? fromFront(number->as<Dim>(), length, dims) : std::nullopt;
      if (!at) return std::nullopt;
      *place = *at;
    }
  }
  const bool within = provablyAtMost(zero, out->start, dims) && provablyAtMost(out->start, out->stop, dims) && provablyAtMost(out->stop, length, dims);
  return within ? out : std::nullopt;
}

/// How many elements a slice selected where the sizes and numbers were those seen.
int64_t selectedSeen(const IndexItem& item, Dim length, const DimTable& dims) {
  const int64_t size = dims.hint(length), step = item.step.isNone() ? 1 : dims.hint(item.step.as<Dim>());
  auto clip = [&](const Arg& number, int64_t if_none) {
    if (number.isNone()) return if_none;
    const int64_t at = dims.hint(number.as<Dim>());
    return std::clamp<int64_t>(at < 0 ? at + size : at, step > 0 ? 0 : -1, step > 0 ? size : size - 1);
  };
  const int64_t start = clip(item.start, step > 0 ? 0 : size - 1), stop = clip(item.stop, step > 0 ? size : -1);
  const int64_t span = step > 0 ? stop - start : start - stop;
  return span <= 0 ? 0 : (span + std::abs(step) - 1) / std::abs(step);
}

/// Whether the value's axis is as long as what the item selects: provably, or since NumPy's broadcasting has found so, which repeats what has one element.
bool isAsLong(Dim value, const IndexItem& item, Dim length, DimTable& dims) {
  if (dims.dependsOnData(value) || dims.dependsOnData(length)) return false;
  if (const std::optional<Extent> extent = extentOf(item, length, dims)) {
    const Result<Dim> selected = dims.sub(extent->stop, extent->start);
    if (selected.ok() && selected.value() == value) return true;
  }
  return dims.hint(value) > 1 && selectedSeen(item, length, dims) == dims.hint(value);
}

/// Whether the value has an element for each that is assigned to.
bool fits(const Shape& value, const BasicIndex& index, const Shape& array, DimTable& dims) {
  size_t axis = 0, place = 0;
  for (const IndexItem& item : index) {
    if (item.kind == Kind::kNewAxis) return false;
    const Dim length = array[axis++];
    if (item.kind == Kind::kInt) continue;
    if (place == value.size() || !isAsLong(value[place++], item, length, dims)) return false;
  }
  return place == value.size();
}

/// Whether what is selected lies side by side: one element of each of the first axes, some of the next, all of the others.
bool isDense(const BasicIndex& index, const Type& array) {
  size_t whole = index.size();
  while (whole > 0 && index[whole - 1].isFullSlice()) whole--;
  if (whole > 0 && index[whole - 1].kind == Kind::kSlice && index[whole - 1].step.isNone()) whole--;
  return array.layout.known && array.layout.c_contiguous &&
         std::all_of(index.begin(), index.begin() + static_cast<std::ptrdiff_t>(whole), [](const IndexItem& item) { return item.kind == Kind::kInt; });
}

/// Memory that the graph has made: no argument's.
bool isLocal(const Node& array, const Effects& effects) {
  return array.type->isArray() && array.type->writeable && array.type->aligned && isKernelElement(array.type->dtype) && !effects.ofInput(&array);
}

}  // namespace

std::optional<Store> storeOf(const Node& node, const Effects& effects, DimTable& dims) {
  if (node.isInput() || node.op->name != "setitem" || !node.args[0].isValue() || !node.args[kStoredValue].isValue()) return std::nullopt;
  const Node &array = *node.args[0].as<ArgValue>().node, &value = *node.args[kStoredValue].as<ArgValue>().node;
  const bool runs = value.type->isArray() && value.type->ndim() > 0 && value.type->ndim() <= kMaxRank;
  if (!runs || !isLocal(array, effects) || effects.region(&array) == effects.region(&value)) return std::nullopt;
  if (!isViewIndex(node.args[1], dims)) return std::nullopt;
  const std::optional<BasicIndex> index = readIndex(node.args[1], *array.type, dims);
  if (!index || !fits(value.type->shape, *index, array.type->shape, dims)) return std::nullopt;
  std::optional<Pointwise> cast = castTo(array.type->dtype, *value.type);
  if (!cast) return std::nullopt;
  cast->f_order = runOrder(*value.type, dims).value_or(false);
  return Store{*std::move(cast), isDense(*index, *array.type) && !cast->f_order};
}

bool storeApart(const Node& a, const Node& b, DimTable& dims) {
  const Node *array = a.args[0].as<ArgValue>().node;
  if (array != b.args[0].as<ArgValue>().node) return SEGUE_FAULT(StoresOverlap);
  const std::optional<BasicIndex> of_a = readIndex(a.args[1], *array->type, dims), of_b = readIndex(b.args[1], *array->type, dims);
  for (size_t i = 0; i < array->type->shape.size(); i++) {
    const Dim length = array->type->shape[i];
    const std::optional<Extent> first = extentOf((*of_a)[i], length, dims), second = extentOf((*of_b)[i], length, dims);
    if (!first || !second) continue;
    if (provablyAtMost(first->stop, second->start, dims) || provablyAtMost(second->stop, first->start, dims)) return true;
  }
  return SEGUE_FAULT(StoresOverlap);
}

}  // namespace segue::llvm
