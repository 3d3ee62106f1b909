#include "base/python.h"

#include "graph/passes/joins.h"

#include <algorithm>
#include <optional>

#include "absl/algorithm/container.h"
#include "base/fault.h"
#include "graph/passes/index.h"
#include "graph/passes/rewrite.h"

namespace segue {
namespace {

constexpr std::string_view kJoins[] = {"concatenate", "stack", "vstack", "hstack", "dstack", "column_stack"};

/// The dtypes of numbers that processors compute with, and of complex ones of these.
bool isPlain(DType dtype) {
  constexpr DType kInexact[] = {DType::kF32, DType::kF64, DType::kC64, DType::kC128};
  return isCore(dtype) && (!isInexact(dtype) || absl::c_linear_search(kInexact, dtype));
}

/// Made element by element, or in the order of elements, and nothing but that.
bool isComputed(const Arg& part) {
  const Node* node = part.isValue() ? part.as<ArgValue>().node : nullptr;
  if (node == nullptr || node->isInput() || node->sharing != Sharing::kFresh) return false;
  constexpr std::string_view kOthers[] = {"array_power", "astype", "clip", "cumsum", "cumprod", "take"};
  return node->has(OpTag::kPointwise) || absl::c_linear_search(kOthers, node->op->name);
}

bool isArrayOfNumbers(const Arg& part) {
  if (!part.isValue()) return false;
  const Type& type = *part.as<ArgValue>().type;
  return type.isArray() && type.ndim() > 0 && isPlain(type.dtype);
}

/// An item that a part is placed by: a number of an axis that it does not have.
IndexItem at(Dim number) {
  IndexItem out;
  out.kind = IndexItem::Kind::kInt;
  out.number = number;
  return out;
}

class Joins {
 public:
  explicit Joins(Graph& graph) : graph_(graph), dims_(graph.dims()) {}

  void run() {
    Replacements values(graph_);
    std::vector<Node*> out;
    for (Node* node : graph_.nodes()) {
      values.apply(*node);
      std::optional<std::vector<Node*>> steps = mayBeSeparated(*node) ? stepsOf(*node) : std::nullopt;
      if (!steps) {
        out.push_back(node);
        continue;
      }
      values.replace(node, Graph::use(steps->front()));
      out.insert(out.end(), steps->begin(), steps->end());
    }
    values.applyToResults(graph_.body());
    graph_.body().nodes = std::move(out);
  }

 private:
  std::optional<std::vector<Node*>> stepsOf(const Node& node) {
    const Type& made = *node.type;
    if (absl::c_any_of(made.shape, [this](Dim size) { return dims_.dependsOnData(size); })) return std::nullopt;
    const std::vector<Arg>& parts = node.args[0].as<ArgTuple>().items;
    const std::optional<size_t> axis = axisOf(node, parts[0].as<ArgValue>().type->shape.size());
    if (!axis) return std::nullopt;
    Steps steps(graph_, node);
    ArgTuple shape;
    for (Dim size : made.shape) shape.items.emplace_back(size);
    const Arg result = steps.step("numpy.empty", {shape, made.dtype});
    Dim start = dims_.constant(0);
    for (size_t i = 0; i < parts.size(); i++) {
      const Shape& part = parts[i].as<ArgValue>().type->shape;
      // The axis that the part has along the join; a part without it is one element long there.
      const std::optional<size_t> own = ownAxis(node, *axis, part.size(), made.shape.size());
      const Result<Dim> stop = dims_.add(start, own ? part[*own] : dims_.constant(1));
      if (!stop.ok()) return std::nullopt;
      IndexItem along;
      if (i > 0) along.start = start;
      if (i + 1 < parts.size()) along.stop = stop.value();
      BasicIndex index(*axis);
      index.push_back(own ? along : at(start));
      index.resize(made.shape.size());
      // What the part has no axes for before and behind the join's is one element long.
      if (!own && part.size() + 1 < made.shape.size()) index[0] = at(dims_.constant(0));
      steps.step("ndarray.__setitem__", {result, writeIndex(index, true), parts[SEGUE_FAULT(JoinsSwapParts) ? parts.size() - 1 - i : i]});
      start = stop.value();
    }
    return steps.take(result);
  }

  /// The axis of the result along which the parts stand; `rank`: of the first part.
  std::optional<size_t> axisOf(const Node& node, size_t rank) const {
    const std::string_view name = node.op->name;
    if (name == "vstack") return 0;
    if (name == "hstack") return rank == 1 ? 0 : 1;
    if (name == "column_stack") return 1;
    if (name == "dstack") return 2;
    const Arg& axis = node.args[1];
    if (axis.missing()) return 0;
    if (axis.isNone() && rank == 1) return 0;
    if (!axis.is<Dim>()) return std::nullopt;
    const int64_t number = dims_.hint(axis.as<Dim>());   // the type rule has specialized it
    return static_cast<size_t>(number < 0 ? number + static_cast<int64_t>(node.type->shape.size()) : number);
  }

  /// Where a part has the join's axis; nullopt where it gets that axis, and maybe others, from the join.
  std::optional<size_t> ownAxis(const Node& node, size_t axis, size_t rank, size_t joined_rank) const {
    return node.op->name == "stack" || rank < joined_rank ? std::nullopt : std::optional(axis);
  }

  Graph& graph_;
  DimTable& dims_;
};

}  // namespace

bool mayBeSeparated(const Node& node) {
  if (node.isInput() || !absl::c_linear_search(kJoins, node.op->name) || node.sharing != Sharing::kFresh) return false;
  const int out = node.op->paramIndex("out"), axis = node.op->paramIndex("axis");
  const Type& made = *node.type;
  if ((out >= 0 && !node.args[static_cast<size_t>(out)].missing()) || !node.args[0].is<ArgTuple>()) return false;
  const std::vector<Arg>& parts = node.args[0].as<ArgTuple>().items;
  if (!made.isArray() || !isPlain(made.dtype) || !made.layout.known || !made.layout.c_contiguous) return false;
  if (!absl::c_all_of(parts, isArrayOfNumbers) || !absl::c_any_of(parts, isComputed)) return false;
  // Joined flat are what has only one dimension anyway.
  const bool flat = axis >= 0 && node.args[static_cast<size_t>(axis)].isNone();
  return !flat || absl::c_all_of(parts, [](const Arg& part) { return part.as<ArgValue>().type->ndim() == 1; });
}

void separateJoins(Graph& graph, const PassContext&) { Joins(graph).run(); }

}  // namespace segue
