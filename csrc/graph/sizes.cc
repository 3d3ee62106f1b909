#include "base/python.h"

#include "graph/sizes.h"

#include <algorithm>

namespace segue {

bool sameSizesSeen(const Shape& a, const Shape& b, const DimTable& dims) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&dims](Dim x, Dim y) { return dims.hint(x) == dims.hint(y); });
}

std::vector<DefinedSize> definedSizes(const Graph& graph) {
  const DimTable& dims = graph.dims();
  std::vector<DefinedSize> out;
  if (dims.dataSizeCount() == 0) return out;
  std::vector<bool> seen(dims.dataSizeCount());
  for (Node* node : graph.nodes()) {
    for (const DataSizeAt& at : dataSizesOf(*node->type, dims)) {
      const auto number = static_cast<size_t>(dims.expr(at.size).value);
      if (!seen[number]) out.push_back({node, at});
      seen[number] = true;
    }
  }
  return out;
}

SizeUses::SizeUses(const Graph& graph)
    : dims_(graph.dims()), symbols_(dims_.symbols().size(), false), data_sizes_(dims_.dataSizeCount(), false) {
  for (const Node* node : graph.nodes()) {
    for (const Arg& arg : node->args) add(arg);
  }
  for (const Arg& result : graph.outputs()) add(result);
}

void SizeUses::add(Dim dim) {
  const DimExpr& expr = dims_.expr(dim);
  switch (expr.op) {
    case DimOp::kConstant: return;
    case DimOp::kSymbol: symbols_[static_cast<size_t>(expr.value)] = true; return;
    case DimOp::kDataSize: data_sizes_[static_cast<size_t>(expr.value)] = true; return;
    default: add(expr.lhs); add(expr.rhs);
  }
}

void SizeUses::add(const Arg& arg) {
  if (arg.is<Dim>()) add(arg.as<Dim>());
  if (arg.is<ArgTuple>()) {
    for (const Arg& item : arg.as<ArgTuple>().items) add(item);
  }
  if (arg.isSlice()) {
    const ArgSlice& slice = *arg.as<std::shared_ptr<const ArgSlice>>();
    add(slice.start);
    add(slice.stop);
    add(slice.step);
  }
}

std::vector<DimRelation> runRelations(const DimTable& dims) {
  std::vector<DimRelation> out;
  for (const DimRelation& relation : dims.relations()) {
    if (dims.dependsOnData(relation)) out.push_back(relation);
  }
  return out;
}

std::vector<DefinedSize> readSizes(const Graph& graph, absl::Span<const Dim> dims) {
  std::vector<DefinedSize> out = definedSizes(graph);
  if (out.empty()) return out;
  SizeUses uses(graph);
  for (Dim dim : dims) uses.add(dim);
  for (const DimRelation& relation : runRelations(graph.dims())) uses.add(relation);
  std::erase_if(out, [&uses](const DefinedSize& defined) { return !uses.dataSize(defined.at.size); });
  return out;
}

}  // namespace segue
