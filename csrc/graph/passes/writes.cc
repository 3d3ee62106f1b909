#include "base/python.h"

#include "graph/passes/writes.h"

#include "graph/effects.h"
#include "graph/passes/index.h"
#include "graph/passes/rewrite.h"

namespace segue {
namespace {

class Writes {
 public:
  explicit Writes(Graph& graph)
      : dims_(graph.dims()),
        replacements_(graph),
        retyping_(graph),
        uses_(graph.idBound(), 0),
        removed_(graph.idBound(), false) {
    countUses(graph.body());
  }

  void run(Block& block) {
    for (Node* node : block.nodes) {
      replacements_.apply(*node);
      for (const auto& region : node->regions) run(*region);
      if (node->op == setitem_ && node->args[0].isValue()) {
        assignment(*node);
      } else if (Node* same = sameObject(*node); same != nullptr && *same->type == *node->type) {
        replacements_.replace(node, Graph::use(same));
      }
    }
    replacements_.applyToResults(block);
    std::erase_if(block.nodes, [this](const Node* node) {
      // A call that only returns its argument is not needed once nobody asks it.
      bool bare = !replacements_.of(node).missing() && !mustRun(*node, dims_);
      return removed_[node->id] || bare;
    });
  }

 private:
  void countUses(const Block& block) {
    auto count = [this](const Arg& arg) { forEachValue(arg, [this](const ArgValue& value) { uses_[value.node->id]++; }); };
    for (const Node* node : block.nodes) {
      for (const Arg& arg : node->args) count(arg);
      for (const auto& region : node->regions) countUses(*region);
    }
    for (const Arg& result : block.results) count(result);
  }

  static const Node* viewed(const Node& node) {
    return isPureView(node) && node.args[0].isValue() ? node.args[0].as<ArgValue>().node : nullptr;
  }

  void assignment(Node& node) {
    const Node& target = *node.args[0].as<ArgValue>().node;
    if (!target.type->isArray()) return;
    std::optional<BasicIndex> index = readIndex(node.args[1], *target.type, dims_);
    if (!index) return;
    bool view = assignsView(node.args[1], *index);
    Arg canonical = writeIndex(*index, view);
    if (!sameArg(canonical, node.args[1])) (void)retyping_.tryRewrite(node, *setitem_, {node.args[0], canonical, node.args[2]});
    if (target.op == getitem_ && viewed(target) != nullptr && uses_[target.id] == 1) throughView(node, target, *index, view);
    removed_[node.id] = uses_[node.id] == 0 && isSelfAssignment(node);
  }

  /// Whether the index makes a view to assign to (x[0, ...]), rather than name one element (x[0]).
  static bool assignsView(const Arg& index, const BasicIndex& items) {
    bool all_ints = true;
    for (const IndexItem& item : items) all_ints &= item.kind == IndexItem::Kind::kInt;
    if (!all_ints) return true;
    if (!index.is<ArgTuple>()) return index.is<ArgEllipsis>();
    for (const Arg& item : index.as<ArgTuple>().items) {
      if (item.is<ArgEllipsis>()) return true;
    }
    return false;
  }

  void throughView(Node& node, const Node& target, const BasicIndex& index, bool view) {
    const Type& base = *viewed(target)->type;
    if (!base.isArray()) return;
    std::optional<BasicIndex> first = readIndex(target.args[1], base, dims_);
    std::optional<BasicIndex> composed;
    if (first) composed = composeIndex(*first, index, base, dims_);
    if (!composed) return;
    (void)retyping_.tryRewrite(node, *setitem_, {target.args[0], writeIndex(*composed, view), node.args[2]});
  }

  /// The value is the very view that the index makes, or the whole array.
  bool isSelfAssignment(const Node& node) const {
    if (!node.args[2].isValue()) return false;
    const Node& target = *node.args[0].as<ArgValue>().node;
    const Node& value = *node.args[2].as<ArgValue>().node;
    if (!target.type->isArray() || !target.type->writeable) return false;
    if (node.args[1].is<ArgEllipsis>()) return &value == &target;
    return value.op == getitem_ && viewed(value) == &target && sameArg(value.args[1], node.args[1]);
  }

  DimTable& dims_;
  Replacements replacements_;
  Retyping retyping_;
  std::vector<uint32_t> uses_;   ///< by node id, before the pass
  std::vector<bool> removed_;    ///< by node id
  const OpDef* getitem_ = findNumpyOp("ndarray.__getitem__");
  const OpDef* setitem_ = findNumpyOp("ndarray.__setitem__");
};

}  // namespace

void canonicalizeWrites(Graph& graph, const PassContext&) { Writes(graph).run(graph.body()); }

}  // namespace segue
