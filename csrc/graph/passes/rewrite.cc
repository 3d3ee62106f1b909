#include "base/python.h"

#include "graph/passes/rewrite.h"

namespace segue {

bool tryRewrite(Graph& graph, Node& node, const OpDef& op, std::vector<Arg> args) {
  size_t relations = graph.dims().relations().size();
  args.resize(op.params.size());
  Result<Inferred> inferred = infer(op, args, graph.dims());
  bool exact = inferred.ok() && inferred.value().type == *node.type && inferred.value().sharing == node.sharing &&
               graph.dims().relations().size() == relations;
  graph.dims().truncateRelations(relations);
  if (!exact) return false;
  node.op = &op;
  node.args = std::move(args);
  return true;
}

bool provablyNonEmpty(const Type& array, DimTable& dims) {
  for (Dim d : array.shape) {
    if (!dims.provablyLess(dims.constant(0), d)) return false;
  }
  return true;
}

}  // namespace segue
