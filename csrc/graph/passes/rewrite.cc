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

Arg Steps::step(const char* name, std::vector<Arg> positional, std::vector<std::pair<std::string, Arg>> keywords) {
  if (failed_) return {};
  const OpDef* op = findNumpyOp(name);
  failed_ = true;
  if (op == nullptr) return {};
  Result<std::vector<Arg>> args = bindArgs(*op, std::move(positional), std::move(keywords));
  if (!args.ok()) return {};
  const Result<Inferred> inferred = infer(*op, args.value(), graph_.dims());
  if (!inferred.ok() || graph_.dims().relations().size() != relations_) return {};
  failed_ = false;
  Node* node = graph_.create(*op, std::move(args.value()), graph_.intern(inferred.value().type), call_.location);
  node->sharing = inferred.value().sharing;
  nodes_.push_back(node);
  return Graph::use(node);
}

std::optional<std::vector<Node*>> Steps::take(const Arg& result) {
  if (failed_) return std::nullopt;
  const Node& made = *result.as<ArgValue>().node;
  if (*made.type != *call_.type || made.sharing != call_.sharing) return std::nullopt;
  return std::move(nodes_);
}

bool provablyAtLeast(const Type& array, int64_t length, DimTable& dims) {
  for (Dim d : array.shape) {
    if (!dims.provablyLess(dims.constant(length - 1), d)) return false;
  }
  return true;
}

}  // namespace segue
