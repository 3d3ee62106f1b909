#include "base/python.h"

#include "ops/rules/shapes.h"

#include <algorithm>

#include "base/fault.h"

namespace segue {
namespace {

/// An integer that NumPy accepts as an index or size: a Python int, or a Python bool where NumPy takes one.
std::optional<Dim> dimOf(const Arg& arg) {
  if (arg.is<Dim>()) return arg.as<Dim>();
  return std::nullopt;
}

}  // namespace

Result<Shape> broadcastShapes(const Shape& a, const Shape& b, DimTable& dims) {
  if (a == b || b.empty()) return a;
  if (a.empty()) return b;
  Shape out(std::max(a.size(), b.size()));
  for (size_t i = 1; i <= out.size(); i++) {
    Dim& result = out[out.size() - i];
    if (i > a.size() || i > b.size()) {
      result = i > a.size() ? b[b.size() - i] : a[a.size() - i];
      continue;
    }
    Dim x = a[a.size() - i], y = b[b.size() - i];
    if (dims.decideEqual(x, y)) {
      result = dims.isConstant(y) ? y : x;
    } else if (isOne(x, dims)) {
      result = y;
    } else {
      SEGUE_REQUIRE(isOne(y, dims), "shapes do not broadcast: %s and %s", dims.print(x), dims.print(y));
      result = x;
    }
  }
  return out;
}

Result<Unit> requireBroadcastTo(const Shape& from, const Shape& to, DimTable& dims) {
  SEGUE_REQUIRE(from.size() <= to.size(), "a shape of %d dimensions does not broadcast to %d", from.size(), to.size());
  for (size_t i = 1; i <= from.size(); i++) {
    Dim x = from[from.size() - i], y = to[to.size() - i];
    SEGUE_REQUIRE(dims.decideEqual(x, y) || isOne(x, dims), "size %s does not broadcast to %s", dims.print(x),
                  dims.print(y));
  }
  return Unit{};
}

Result<Dim> shapeSize(const Shape& shape, DimTable& dims) { return dims.product(shape); }

bool isEmptyShape(const Shape& shape, DimTable& dims) {
  bool empty = false;
  // Looks at all of them only until one is zero: the relation of that one alone makes the array empty.
  for (Dim d : shape) {
    if (dims.hint(d) == 0) return dims.decideEqual(d, dims.constant(0));
  }
  for (Dim d : shape) empty |= dims.decideLess(d, dims.constant(1));
  return empty;
}

bool sameShape(const Shape& a, const Shape& b, DimTable& dims) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    if (!dims.decideEqual(a[i], b[i])) return false;
  }
  return true;
}

Result<Type> exactOut(OpCall& call, size_t index, DType dtype, const Shape& shape) {
  std::optional<Type> out = call.type(index);
  SEGUE_REQUIRE(out && out->isArray() && out->writeable, "out must be a writeable array");
  SEGUE_REQUIRE(out->dtype == dtype && out->aligned, "out has another dtype than the result, or may not be aligned");
  SEGUE_REQUIRE(sameShape(out->shape, shape, call.dims()), "out has another shape than the result");
  call.setSharing(Sharing::kWritten);
  return *out;
}

Layout cLayoutIf(bool c_order, const Shape& shape, DimTable& dims) {
  const Layout layout = cLayout(shape, dims);
  return c_order || layout.f_contiguous ? layout : Layout::unknown();
}

Layout fLayout(const Shape& shape, DimTable& dims) {
  Layout c = cLayout(shape, dims);
  return c.f_contiguous ? c : Layout::f();
}

AxisOrder axisOrder(const Layout& layout) {
  if (!layout.known) return layout.order;
  if (layout.c_contiguous) return AxisOrder::kC;
  if (layout.f_contiguous) return AxisOrder::kF;
  return layout.order;
}

namespace {

/// One operand's part in the choice of an order: which result axes it is longer than 1 along, and how they are ordered.
struct Vote {
  uint64_t axes = 0;
  AxisOrder order = AxisOrder::kC;
};

/// NumPy's npyiter_find_best_axis_ordering: an insertion sort of the axes, slowest first, in which the first operand that
/// strides along both axes decides, and C order wins a conflict.
std::vector<int> sortAxes(const std::vector<int>& axes, absl::Span<const Vote> votes) {
  std::vector<int> fastest_first(axes.rbegin(), axes.rend());
  for (size_t i = 1; i < fastest_first.size(); i++) {
    int moving = fastest_first[i];
    size_t position = i;
    for (size_t j = i; j-- > 0;) {
      int other = fastest_first[j];
      bool ambiguous = true, swap = false;
      for (const Vote& vote : votes) {
        if (!((vote.axes >> moving) & 1) || !((vote.axes >> other) & 1)) continue;
        // `moving` has the longer stride in C order when it is the earlier axis.
        bool moving_longer = (vote.order == AxisOrder::kC) == (moving < other);
        if (moving_longer) {
          swap = false;
        } else if (ambiguous) {
          swap = true;
        }
        ambiguous = false;
      }
      if (ambiguous) continue;
      if (!swap) break;
      position = j;
    }
    fastest_first.erase(fastest_first.begin() + static_cast<long>(i));
    fastest_first.insert(fastest_first.begin() + static_cast<long>(position), moving);
  }
  return {fastest_first.rbegin(), fastest_first.rend()};
}

}  // namespace

Layout keepOrderLayout(absl::Span<const Operand> operands, const Shape& shape, DimTable& dims) {
  Layout c = cLayout(shape, dims);
  if (c.f_contiguous) return c;  // empty, or at most one axis longer than 1
  std::vector<int> axes;
  for (size_t i = 0; i < shape.size(); i++) {
    if (!isOne(shape[i], dims)) axes.push_back(static_cast<int>(i));
  }
  absl::InlinedVector<Vote, 4> votes;
  bool all_c = true, all_f = true;
  for (const Operand& operand : operands) {
    if (operand.shape.empty()) continue;
    Vote vote;
    size_t offset = shape.size() - operand.shape.size();
    for (int axis : axes) {
      size_t own = static_cast<size_t>(axis) - offset;
      if (static_cast<size_t>(axis) >= offset && !isOne(operand.shape[own], dims)) vote.axes |= uint64_t{1} << axis;
    }
    if ((vote.axes & (vote.axes - 1)) == 0) continue;  // strides along one axis: no opinion
    vote.order = axisOrder(operand.layout);
    if (vote.order == AxisOrder::kUnknown) return Layout::unknown();
    all_c &= vote.order == AxisOrder::kC;
    all_f &= vote.order == AxisOrder::kF;
    votes.push_back(vote);
  }
  if (all_c) return Layout::c();
  std::vector<int> order = sortAxes(axes, votes);
  if (std::is_sorted(order.begin(), order.end())) return Layout::c();
  if (std::is_sorted(order.rbegin(), order.rend())) return Layout::f();
  return Layout::strided(AxisOrder::kUnknown);
}

Result<Layout> orderedLayout(std::string_view order, absl::Span<const Operand> operands, const Shape& shape,
                             DimTable& dims) {
  if (SEGUE_FAULT(WrongLayout)) return cLayout(shape, dims);
  if (order == "K" || order == "k") return keepOrderLayout(operands, shape, dims);
  if (order == "C" || order == "c") return cLayout(shape, dims);
  if (order == "F" || order == "f") return fLayout(shape, dims);
  SEGUE_REQUIRE(order == "A" || order == "a", "order must be 'C', 'F', 'A' or 'K'");
  bool all_f = !operands.empty();
  for (const Operand& operand : operands) {
    if (!operand.layout.known) return Layout::unknown();
    all_f &= operand.layout.f_contiguous;
  }
  return all_f ? fLayout(shape, dims) : cLayout(shape, dims);
}

Result<int> normalizeAxis(int64_t axis, int ndim) {
  SEGUE_REQUIRE(-ndim <= axis && axis < ndim, "axis %d is out of bounds for an array of %d dimensions", axis, ndim);
  return static_cast<int>(axis < 0 ? axis + ndim : axis);
}

Result<int> axisArg(const Arg& arg, int ndim, DimTable& dims) {
  SEGUE_TRY(int64_t axis, constantInt(arg, dims));
  return normalizeAxis(axis, ndim);
}

Result<std::vector<int>> axesList(const Arg& arg, int ndim, DimTable& dims) {
  std::vector<int> out;
  if (!arg.is<ArgTuple>()) {
    SEGUE_TRY(int axis, axisArg(arg, ndim, dims));
    out.push_back(axis);
    return out;
  }
  for (const Arg& item : arg.as<ArgTuple>().items) {
    SEGUE_TRY(int axis, axisArg(item, ndim, dims));
    SEGUE_REQUIRE(std::find(out.begin(), out.end(), axis) == out.end(), "axis %d is repeated", axis);
    out.push_back(axis);
  }
  return out;
}

Result<uint64_t> axesMask(const Arg& arg, int ndim, DimTable& dims) {
  if (arg.missing() || arg.isNone()) return (uint64_t{1} << ndim) - 1;
  if (ndim == 0 && arg.is<Dim>()) {
    // NumPy reduces a 0-d array along axis 0 or -1 too.
    int64_t axis = dims.specialize(arg.as<Dim>());
    SEGUE_REQUIRE(axis == 0 || axis == -1, "axis %d is out of bounds for a 0-d array", axis);
    return uint64_t{0};
  }
  SEGUE_TRY(std::vector<int> axes, axesList(arg, ndim, dims));
  uint64_t mask = 0;
  for (int axis : axes) mask |= uint64_t{1} << axis;
  return mask;
}

Result<Shape> shapeArg(const Arg& arg, DimTable& dims, bool allow_minus_one) {
  Shape out;
  auto push = [&](const Arg& item) -> Result<Unit> {
    std::optional<Dim> d = dimOf(item);
    SEGUE_REQUIRE(d, "a size must be an int");
    bool negative = dims.decideLess(*d, dims.constant(0));
    SEGUE_REQUIRE(!negative || (allow_minus_one && dims.decideEqual(*d, dims.constant(-1))), "negative size");
    out.push_back(negative ? dims.constant(-1) : *d);
    return Unit{};
  };
  if (arg.is<ArgTuple>()) {
    for (const Arg& item : arg.as<ArgTuple>().items) SEGUE_TRY_VOID(push(item));
  } else {
    SEGUE_TRY_VOID(push(arg));
  }
  SEGUE_REQUIRE(out.size() <= 64, "more than 64 dimensions");
  return out;
}

Result<int64_t> constantInt(const Arg& arg, DimTable& dims) {
  std::optional<Dim> d = dimOf(arg);
  SEGUE_REQUIRE(d, "expected an int");
  return dims.specialize(*d);
}

Result<bool> boolArg(const Arg& arg, bool if_missing) {
  if (arg.missing()) return if_missing;
  SEGUE_REQUIRE(arg.is<bool>(), "expected True or False");
  return arg.as<bool>();
}

Result<std::string_view> stringArg(const Arg& arg, std::string_view if_missing) {
  if (arg.missing()) return if_missing;
  SEGUE_REQUIRE(arg.is<std::string>(), "expected a string");
  return std::string_view(arg.as<std::string>());
}

Result<std::optional<DType>> dtypeArg(const Arg& arg) {
  if (arg.missing() || arg.isNone()) return std::optional<DType>();
  SEGUE_REQUIRE(arg.is<DType>(), "a dtype that is not modelled");
  return std::optional<DType>(arg.as<DType>());
}

}  // namespace segue
