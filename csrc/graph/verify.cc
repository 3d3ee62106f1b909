#include "base/python.h"

#include "graph/verify.h"

#include "absl/container/flat_hash_set.h"
#include "graph/effects.h"

namespace segue {
namespace {

class Verifier {
 public:
  explicit Verifier(Graph& graph) : graph_(graph), scope_(graph.idBound(), kUnseen) {}

  Result<void> block(const Block& block) {
    for (const Node* param : block.params) {
      SEGUE_TRY_VOID(define(*param));
      SEGUE_REQUIRE(param->op == nullptr, "parameter '%s' has the operator %s", param->name, std::string(param->op->name));
    }
    for (const Node* node : block.nodes) {
      SEGUE_TRY_VOID(uses(*node));
      SEGUE_TRY_VOID(type(*node));
      SEGUE_TRY_VOID(writes(*node));
      for (const auto& region : node->regions) SEGUE_TRY_VOID(this->block(*region));
      SEGUE_TRY_VOID(define(*node));
    }
    for (const Arg& result : block.results) SEGUE_TRY_VOID(use(result, "the block's results"));
    leave(block);
    return {};
  }

 private:
  enum State : uint8_t { kUnseen, kInScope, kLeft };

  Result<void> define(const Node& node) {
    SEGUE_REQUIRE(node.id < scope_.size(), "node '%s' has an id that the graph did not give", node.name);
    SEGUE_REQUIRE(scope_[node.id] == kUnseen, "node '%s' is defined twice, or shares its id", node.name);
    SEGUE_REQUIRE(names_.insert(node.name).second, "two nodes have the name '%s'", node.name);
    SEGUE_REQUIRE(node.type != nullptr, "node '%s' has no type", node.name);
    scope_[node.id] = kInScope;
    return {};
  }

  void leave(const Block& block) {
    for (const Node* param : block.params) scope_[param->id] = kLeft;
    for (const Node* node : block.nodes) scope_[node->id] = kLeft;
  }

  Result<void> use(const Arg& arg, const std::string& user) {
    Result<void> out;
    forEachValue(arg, [&](const ArgValue& value) {
      if (out.ok()) out = use(value, user);
    });
    return out;
  }

  Result<void> use(const ArgValue& value, const std::string& user) {
    SEGUE_REQUIRE(value.node != nullptr, "%s uses a null value", user);
    const Node& node = *value.node;
    SEGUE_REQUIRE(node.id < scope_.size(), "%s uses '%s', which is of another graph", user, node.name);
    SEGUE_REQUIRE(scope_[node.id] != kUnseen, "%s uses '%s' before its definition", user, node.name);
    SEGUE_REQUIRE(scope_[node.id] == kInScope, "%s uses '%s' outside the region that defines it", user, node.name);
    SEGUE_REQUIRE(value.type == node.type, "%s uses '%s' with a type that is not the node's own", user, node.name);
    return {};
  }

  Result<void> uses(const Node& node) {
    SEGUE_REQUIRE(node.op != nullptr, "node '%s' has no operator", node.name);
    SEGUE_REQUIRE(node.args.size() == node.op->params.size(), "node '%s' has %d arguments, but %s takes %d", node.name,
                  node.args.size(), std::string(node.op->name), node.op->params.size());
    for (size_t i = 0; i < node.args.size(); i++) {
      const OpParam& param = node.op->params[i];
      SEGUE_REQUIRE(!node.args[i].missing() || !param.default_text.empty(), "node '%s' lacks the argument '%s' of %s",
                    node.name, std::string(param.name), std::string(node.op->name));
      SEGUE_TRY_VOID(use(node.args[i], "node '" + node.name + "'"));
    }
    return {};
  }

  Result<void> type(const Node& node) {
    SEGUE_REQUIRE(node.type != nullptr, "node '%s' has no type", node.name);
    if (!node.regions.empty() || node.op->rule == nullptr) return {};  // its builder chose the type
    Result<Inferred> inferred = infer(*node.op, node.args, graph_.dims(), node.type);
    SEGUE_REQUIRE(inferred.ok(), "node '%s': %s does not accept its arguments: %s", node.name,
                  std::string(node.op->name), inferred.error());
    const Type& found = inferred.value().type;
    SEGUE_REQUIRE(refines(found, *node.type, graph_.dims()), "node '%s' has the type %s, but %s gives %s", node.name,
                  printType(*node.type, graph_.dims()), std::string(node.op->name),
                  printType(found, graph_.dims()));
    return {};
  }

  Result<void> writes(const Node& node) {
    for (const Node* written : writtenArgs(node)) {
      SEGUE_REQUIRE(!written->type->isArray() || written->type->writeable, "node '%s' writes to '%s', which is read-only",
                    node.name, written->name);
    }
    return {};
  }

  Graph& graph_;
  std::vector<State> scope_;  ///< by node id
  absl::flat_hash_set<std::string_view> names_;
};

}  // namespace

Result<void> verify(Graph& graph) {
  size_t relations = graph.dims().relations().size();
  Result<void> out = Verifier(graph).block(graph.body());
  graph.dims().truncateRelations(relations);
  return out;
}

}  // namespace segue
