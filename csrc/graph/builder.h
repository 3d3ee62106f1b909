// Appends nodes as a call is written: positional and keyword arguments, bound by the operator's own signature.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace segue {

class Builder {
 public:
  explicit Builder(Graph& graph, Location location = {}) : graph_(graph), location_(location) {}

  /// Where the nodes that follow come from.
  void setLocation(Location location) { location_ = location; }
  Node* input(std::string name, Type type) { return graph_.addInput(std::move(name), std::move(type)); }
  /// The error is that of binding or of the type rule.
  Result<Node*> call(const OpDef& op, std::vector<Arg> positional,
                     std::vector<std::pair<std::string, Arg>> keywords = {}, std::string name = "") {
    SEGUE_TRY(std::vector<Arg> args, bindArgs(op, std::move(positional), std::move(keywords)));
    return graph_.add(op, std::move(args), location_, std::move(name));
  }
  /// By the operator's name.
  Result<Node*> call(std::string_view op, std::vector<Arg> positional,
                     std::vector<std::pair<std::string, Arg>> keywords = {}, std::string name = "") {
    const OpDef* found = findOp(op);
    SEGUE_REQUIRE(found != nullptr, "unknown operator '%s'", std::string(op));
    return call(*found, std::move(positional), std::move(keywords), std::move(name));
  }
  void output(Arg value) { graph_.outputs().push_back(std::move(value)); }

 private:
  Graph& graph_;
  Location location_;
};

}  // namespace segue
