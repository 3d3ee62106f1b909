#include "base/python.h"

#include "graph/passes/dead_code.h"

#include <algorithm>

#include "base/fault.h"
#include "graph/effects.h"
#include "graph/sizes.h"

namespace segue {
namespace {

class DeadCode {
 public:
  explicit DeadCode(const Graph& graph) : dims_(graph.dims()), live_(graph.idBound(), false) {
    // The exit, or a relation that the run checks, may need the size.
    for (const DefinedSize& size : definedSizes(graph)) live_[size.node->id] = true;
  }

  /// Backwards, so that a use is seen before its definition.
  void run(Block& block) {
    for (const Arg& result : block.results) use(result);
    for (auto it = block.nodes.rbegin(); it != block.nodes.rend(); ++it) {
      Node& node = **it;
      if (!live_[node.id] && (SEGUE_FAULT(DeadWriteDropped) || !mustRun(node, dims_))) continue;
      live_[node.id] = true;
      for (const Arg& arg : node.args) use(arg);
      for (const auto& region : node.regions) run(*region);
    }
    std::erase_if(block.nodes, [this](const Node* node) { return !live_[node->id]; });
  }

 private:
  void use(const Arg& arg) {
    forEachValue(arg, [this](const ArgValue& value) { live_[value.node->id] = true; });
  }

  const DimTable& dims_;
  std::vector<bool> live_;  ///< by node id
};

}  // namespace

void eliminateDeadCode(Graph& graph, const PassContext&) { DeadCode(graph).run(graph.body()); }

}  // namespace segue
