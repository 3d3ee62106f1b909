#include "base/python.h"

#include "graph/passes/index.h"

#include <algorithm>

#include "base/fault.h"

namespace segue {
namespace {

using Kind = IndexItem::Kind;

/// Larger constants than any axis are left alone, so that nothing here overflows.
constexpr int64_t kLargest = int64_t{1} << 31;

bool isIntType(const Type& type) {
  return type.kind == TypeKind::kPyInt || (type.isNumpyScalar() && isIntegral(type.dtype));
}

bool isIndexNumber(const Arg& arg) { return arg.is<Dim>() || (arg.isValue() && isIntType(*arg.as<ArgValue>().type)); }

bool isSlicePart(const Arg& arg) { return arg.isNone() || isIndexNumber(arg); }

std::optional<int64_t> constant(const Arg& arg, const DimTable& dims) {
  if (!arg.is<Dim>() || !dims.isConstant(arg.as<Dim>())) return std::nullopt;
  int64_t value = dims.constantValue(arg.as<Dim>());
  if (value > kLargest || value < -kLargest) return std::nullopt;
  return value;
}

/// A slice with constant parts and a positive step.
struct Span {
  int64_t start = 0;
  bool has_stop = false;
  int64_t stop = 0;  ///< with has_stop; negative counts from the end
  int64_t step = 1;
};

/// Counts from the front, for an axis of known length.
void resolve(Span& span, int64_t length) {
  auto clip = [length](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + length : at, 0, length); };
  span.start = clip(span.start);
  span.stop = std::max(span.start, span.has_stop ? clip(span.stop) : length);
  span.has_stop = true;
}

std::optional<Span> readSpan(const IndexItem& item, std::optional<int64_t> length, const DimTable& dims) {
  std::optional<int64_t> start = item.start.isNone() ? 0 : constant(item.start, dims);
  std::optional<int64_t> step = item.step.isNone() ? 1 : constant(item.step, dims);
  std::optional<int64_t> stop = constant(item.stop, dims);
  bool known_stop = item.stop.isNone() || stop.has_value();
  if (!start || !step || !known_stop || *step <= 0) return std::nullopt;
  Span out{*start, stop.has_value(), stop.value_or(0), *step};
  if (length) resolve(out, *length);
  return out;
}

IndexItem sliceItem(const Span& span, DimTable& dims) {
  IndexItem out;
  if (span.start != 0) out.start = dims.constant(span.start);
  if (span.has_stop) out.stop = dims.constant(span.stop);
  if (span.step != 1) out.step = dims.constant(span.step);
  return out;
}

IndexItem intItem(int64_t number, DimTable& dims) {
  IndexItem out;
  out.kind = Kind::kInt;
  out.number = dims.constant(number);
  return out;
}

/// Where the composed slice stops, if that can be said for every length. The outer one counts in steps of the inner one.
bool composeStop(const Span& inner, const Span& outer, Span& out) {
  out.has_stop = inner.has_stop || outer.has_stop;
  out.stop = inner.stop;
  if (!outer.has_stop) return true;
  if (outer.stop >= 0) {
    if (inner.has_stop && inner.stop < 0) return false;  // whichever comes first
    int64_t limit = inner.start + outer.stop * inner.step;
    out.stop = inner.has_stop && !SEGUE_FAULT(InnerStopForgotten) ? std::min(inner.stop, limit) : limit;
    return true;
  }
  out.stop = inner.stop + outer.stop;
  return inner.step == 1 && (!inner.has_stop || inner.stop < 0);
}

bool isReversal(const IndexItem& item, const DimTable& dims) {
  return item.kind == Kind::kSlice && item.start.isNone() && item.stop.isNone() && constant(item.step, dims) == -1;
}

/// x[inner][outer] on one axis of x.
std::optional<IndexItem> composeItems(const IndexItem& inner, const IndexItem& outer, Dim axis, DimTable& dims) {
  if (inner.isFullSlice()) return outer;
  if (outer.isFullSlice()) return inner;
  if (isReversal(inner, dims) && isReversal(outer, dims)) return IndexItem();
  std::optional<int64_t> length;
  if (dims.isConstant(axis)) length = dims.constantValue(axis);
  std::optional<Span> a = readSpan(inner, length, dims);
  if (!a || a->start < 0) return std::nullopt;
  std::optional<int64_t> selected;
  if (length) selected = (a->stop - a->start + a->step - 1) / a->step;
  if (outer.kind == Kind::kInt) {
    std::optional<int64_t> number = constant(outer.number, dims);
    if (!number) return std::nullopt;
    if (*number < 0 && selected) *number += *selected;
    if (*number >= 0) return intItem(a->start + *number * a->step, dims);
    // From the end: only where the slice reaches the end element by element.
    if (a->step != 1 || (a->has_stop && a->stop >= 0)) return std::nullopt;
    return intItem(a->stop + *number, dims);
  }
  std::optional<Span> b = readSpan(outer, selected, dims);
  if (!b || b->start < 0) return std::nullopt;
  Span out{a->start + b->start * a->step, false, 0, a->step * b->step};
  if (!composeStop(*a, *b, out)) return std::nullopt;
  if (length && out.stop >= *length) out.has_stop = false;
  return sliceItem(out, dims);
}

std::optional<IndexItem> readItem(const Arg& arg, Dim axis, const DimTable& dims) {
  IndexItem out;
  if (isIndexNumber(arg)) {
    out.kind = Kind::kInt;
    out.number = arg;
    return out;
  }
  if (!arg.isSlice()) return std::nullopt;
  const ArgSlice& slice = *arg.as<std::shared_ptr<const ArgSlice>>();
  if (!isSlicePart(slice.start) || !isSlicePart(slice.stop) || !isSlicePart(slice.step)) return std::nullopt;
  out.start = slice.start;
  out.stop = slice.stop;
  out.step = slice.step;
  if (constant(out.step, dims) == 1) out.step = ArgNone{};
  bool forwards = out.step.isNone() || constant(out.step, dims).value_or(0) > 0;
  if (forwards && constant(out.start, dims) == 0) out.start = ArgNone{};
  if (forwards && out.stop.is<Dim>() && dims.provablyEqual(out.stop.as<Dim>(), axis)) out.stop = ArgNone{};
  return out;
}

}  // namespace

std::optional<BasicIndex> readIndex(const Arg& index, const Type& array, DimTable& dims) {
  std::vector<Arg> items = {index};
  if (index.is<ArgTuple>()) {
    if (index.as<ArgTuple>().is_list) return std::nullopt;
    items = index.as<ArgTuple>().items;
  }
  size_t rank = array.shape.size();
  size_t ellipses = std::count_if(items.begin(), items.end(), [](const Arg& item) { return item.is<ArgEllipsis>(); });
  size_t newaxes = std::count_if(items.begin(), items.end(), [](const Arg& item) { return item.isNone(); });
  size_t given = items.size() - ellipses - newaxes;
  if (ellipses > 1 || given > rank) return std::nullopt;
  BasicIndex out;
  size_t axis = 0;
  auto skipAxes = [&] {
    for (size_t i = given; i < rank; i++, axis++) out.emplace_back();
  };
  for (const Arg& arg : items) {
    if (arg.is<ArgEllipsis>()) {
      skipAxes();
    } else if (arg.isNone()) {
      out.emplace_back().kind = Kind::kNewAxis;
    } else {
      std::optional<IndexItem> item = readItem(arg, array.shape[axis++], dims);
      if (!item) return std::nullopt;
      out.push_back(std::move(*item));
    }
  }
  if (ellipses == 0) skipAxes();
  return out;
}

Arg writeIndex(const BasicIndex& index, bool view) {
  size_t used = index.size();
  while (used > 0 && index[used - 1].isFullSlice()) used--;
  ArgTuple out;
  bool all_ints = used == index.size();
  for (size_t i = 0; i < used; i++) {
    const IndexItem& item = index[i];
    all_ints &= item.kind == Kind::kInt;
    switch (item.kind) {
      case Kind::kInt: out.items.push_back(item.number); break;
      case Kind::kNewAxis: out.items.push_back(ArgNone{}); break;
      case Kind::kSlice:
        out.items.push_back(std::make_shared<const ArgSlice>(ArgSlice{item.start, item.stop, item.step}));
        break;
    }
  }
  if (out.items.empty() || (all_ints && view)) out.items.push_back(ArgEllipsis{});
  if (out.items.size() == 1) return std::move(out.items[0]);
  return out;
}

std::optional<BasicIndex> composeIndex(const BasicIndex& inner, const BasicIndex& outer, const Type& array,
                                       DimTable& dims) {
  BasicIndex out;
  size_t axis = 0, next = 0;
  auto takeNewAxes = [&] {
    for (; next < outer.size() && outer[next].kind == Kind::kNewAxis; next++) out.push_back(outer[next]);
  };
  for (const IndexItem& item : inner) {
    if (item.kind == Kind::kInt) {
      out.push_back(item);
      axis++;
      continue;
    }
    takeNewAxes();
    if (next == outer.size()) return std::nullopt;
    const IndexItem& selector = outer[next++];
    if (item.kind == Kind::kNewAxis) {
      // The new axis has length 1: an int takes it away again.
      std::optional<int64_t> number = constant(selector.number, dims);
      bool removed = selector.kind == Kind::kInt && (number == 0 || number == -1);
      if (!removed && !selector.isFullSlice()) return std::nullopt;
      if (!removed) out.push_back(item);
      continue;
    }
    std::optional<IndexItem> composed = composeItems(item, selector, array.shape[axis++], dims);
    if (!composed) return std::nullopt;
    out.push_back(std::move(*composed));
  }
  takeNewAxes();
  if (next != outer.size()) return std::nullopt;
  return out;
}

}  // namespace segue
