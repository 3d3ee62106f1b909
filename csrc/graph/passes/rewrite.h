// What passes share: replacing the uses of nodes in one forward walk, and calls by several.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace segue {

/// Nodes to be replaced by a value or a constant. Replacements are final: what is put in is mapped already.
class Replacements {
 public:
  explicit Replacements(const Graph& graph) : by_id_(graph.idBound()) {}

  void replace(const Node* from, Arg to) {
    // Passes that create nodes go beyond the bound the table was made with.
    if (from->id >= by_id_.size()) by_id_.resize(from->id + 1);
    by_id_[from->id] = std::move(to);
    any_ = true;
  }
  /// What stands for the node, ArgMissing if it stands for itself.
  const Arg& of(const Node* node) const { return node->id < by_id_.size() ? by_id_[node->id] : none_; }
  /// Maps the values in an argument.
  void apply(Arg& arg) const {
    if (any_ && touches(arg)) arg = mapValues(arg, [this](const ArgValue& value) { return mapped(value); });
  }
  void apply(Node& node) const {
    for (Arg& arg : node.args) apply(arg);
  }
  void applyToResults(Block& block) const {
    for (Arg& result : block.results) apply(result);
  }

 private:
  Arg mapped(const ArgValue& value) const {
    const Arg& to = of(value.node);
    return to.missing() ? Arg(value) : to;
  }
  bool touches(const Arg& arg) const {
    bool out = false;
    forEachValue(arg, [&](const ArgValue& value) { out |= !of(value.node).missing(); });
    return out;
  }

  std::vector<Arg> by_id_;  ///< ArgMissing: not replaced
  Arg none_;
  bool any_ = false;
};

/// Makes nodes other calls with the same results. A type rule may know more of the same array when it is made in another
/// way (the layout of x[2:-2] but not of x[1:-1][1:-1]): then the node's type becomes the better one, and the nodes that
/// use it are inferred again, in the same forward walk.
class Retyping {
 public:
  explicit Retyping(Graph& graph) : graph_(graph), retyped_(graph.idBound(), false) {}

  /// Done only if the rule gives the node's type, or a better one, and the node's sharing, and depends on nothing that was
  /// not decided before; false (and nothing changed) otherwise.
  bool tryRewrite(Node& node, const OpDef& op, std::vector<Arg> args);
  /// Uses of `node` are going to be uses of something with a better type.
  void markReplaced(const Node& node) { retyped_[node.id] = true; }
  /// Uses something whose type changed. Asked before uses are replaced.
  bool isStale(const Arg& arg) const;
  bool isStale(const Node& node) const;
  /// Gives a stale node's arguments and the node their new types.
  void refresh(Node& node);
  static void refresh(Arg& arg) {
    arg = mapValues(arg, [](const ArgValue& value) { return Graph::use(value.node); });
  }

 private:
  Graph& graph_;
  std::vector<bool> retyped_;  ///< by node id
};

/// Calls of NumPy that stand for one. A step that no type rule takes, or whose type depends on what was not decided before, makes the rest do nothing.
class Steps {
 public:
  Steps(Graph& graph, const Node& call) : graph_(graph), call_(call), relations_(graph.dims().relations().size()) {}
  ~Steps() { graph_.dims().truncateRelations(relations_); }
  Steps(const Steps&) = delete;

  /// Arguments by position, then by name. ArgMissing in case of failure.
  Arg step(const char* name, std::vector<Arg> positional, std::vector<std::pair<std::string, Arg>> keywords = {});
  /// The nodes, in order, if `result` of them is just what the call gives.
  std::optional<std::vector<Node*>> take(const Arg& result);
  Arg last() const { return failed_ ? Arg() : Graph::use(nodes_.back()); }

 private:
  Graph& graph_;
  const Node& call_;
  const size_t relations_;
  bool failed_ = false;
  std::vector<Node*> nodes_;
};

/// Every axis has at least that length.
bool provablyAtLeast(const Type& array, int64_t length, DimTable& dims);

}  // namespace segue
