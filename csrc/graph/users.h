// Who uses what a graph's nodes make.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace segue {

/// By node id: the nodes of the graph's body that take a node's value, once for each time; null for an output of the graph. What nodes of
/// regions take is not told.
using UsersByNode = std::vector<std::vector<const Node*>>;

inline UsersByNode usersByNode(const Graph& graph) {
  UsersByNode users(graph.idBound());
  auto use = [&users](const Arg& arg, const Node* user) {
    forEachValue(arg, [&](const ArgValue& value) { users[value.node->id].push_back(user); });
  };
  for (const Node* node : graph.nodes()) {
    for (const Arg& arg : node->args) use(arg, node);
  }
  for (const Arg& output : graph.outputs()) use(output, nullptr);
  return users;
}

}  // namespace segue
