#include "base/python.h"

#include "graph/passes/rewrite.h"

#include "graph/effects.h"

namespace segue {

namespace {

bool sameSharing(Sharing now, Sharing before) { return now == before || before == Sharing::kUnknown; }

}  // namespace

bool Retyping::tryRewrite(Node& node, const OpDef& op, std::vector<Arg> args) {
  size_t relations = graph_.dims().relations().size();
  args.resize(op.params.size());
  Result<Inferred> inferred = infer(op, args, graph_.dims(), node.type);
  bool exact = inferred.ok() && refines(inferred.value().type, *node.type, graph_.dims()) &&
               inferred.value().sharing == node.sharing && graph_.dims().relations().size() == relations;
  graph_.dims().truncateRelations(relations);
  if (!exact) return false;
  node.op = &op;
  node.args = std::move(args);
  if (!(inferred.value().type == *node.type)) {
    node.type = graph_.intern(std::move(inferred).value().type);
    retyped_[node.id] = true;
  }
  return true;
}

bool Retyping::isStale(const Arg& arg) const {
  bool stale = false;
  forEachValue(arg, [&](const ArgValue& value) { stale |= retyped_[value.node->id]; });
  return stale;
}

bool Retyping::isStale(const Node& node) const {
  for (const Arg& arg : node.args) {
    if (isStale(arg)) return true;
  }
  return false;
}

void Retyping::refresh(Node& node) {
  for (Arg& arg : node.args) refresh(arg);
  if (!node.regions.empty() || node.op->rule == nullptr) return;
  Result<Inferred> inferred = infer(*node.op, node.args, graph_.dims(), node.type);
  SEGUE_CHECK(inferred.ok(), node.name + ": " + inferred.error());
  Inferred& now = inferred.value();
  SEGUE_CHECK(sameSharing(now.sharing, node.sharing), node.name + ": sharing changed");
  node.sharing = now.sharing;
  if (now.type == *node.type) return;
  node.type = graph_.intern(std::move(now.type));
  retyped_[node.id] = true;
}

bool provablyAtLeast(const Type& array, int64_t length, DimTable& dims) {
  for (Dim d : array.shape) {
    if (!dims.provablyLess(dims.constant(length - 1), d)) return false;
  }
  return true;
}

}  // namespace segue
