// What a group of nodes loads, computes and stores: its DAG, and its kernel but for the code.
#pragma once

#include "absl/container/flat_hash_set.h"
#include "backends/llvm/candidate.h"
#include "backends/llvm/fusion.h"
#include "graph/users.h"

namespace segue::llvm {

inline constexpr size_t kMaxNodes = 256;    ///< of a group: compile time grows with its code

/// Nodes that will run as one kernel.
struct PendingGroup {
  std::vector<Candidate> nodes;   ///< program order; empty: it has run, or has joined another
  absl::flat_hash_set<const Node*> arrays;   ///< operands made outside
  absl::flat_hash_set<const Node*> reduced;  ///< what is known behind the run only
  absl::flat_hash_set<uint32_t> loaded;      ///< memory regions (Effects) that it may load of
  std::vector<const Node*> stores;           ///< assignments
  uint32_t joined = 0;            ///< axes that have to be one run
  LoopOrder order;
  bool f_order() const { return nodes.front().fOrder(); }
  const Type& runType() const { return nodes.front().runType(); }
  bool isFull() const { return nodes.size() >= kMaxNodes; }
};

/// Whether a dimension, counted from the last one, has more than one element.
bool repeats(const Shape& shape, uint32_t from_last, const DimTable& dims);
/// The dimension, counted from the last one, along which neighbours in memory lie.
uint32_t innermostOf(const Shape& shape, bool f_order, const DimTable& dims);

/// All that a group has but for where it stands in the schedule and why it ended.
void buildGroup(const PendingGroup& pending, const DimTable& dims, const UsersByNode& users, Group* group);

}  // namespace segue::llvm
