// Which assignments kernels make: `x[index] = value`, elements that go to a part of an array that the graph has made.
//
// What makes the value stores it where it belongs: `x[1:-1] = a + b`, and parts of np.concatenate and np.stack (graph/passes/joins.h).
//
// Requirements
//  1. As of pointwise.h. The value has an element for each that is assigned to, at every size that the guards let through, in memory of its own.
#pragma once

#include <optional>

#include "backends/llvm/pointwise.h"
#include "graph/effects.h"

namespace segue::llvm {

/// Which argument of an assignment is the value.
inline constexpr size_t kStoredValue = 2;

struct Store {
  Pointwise cast;             ///< of the value's elements to the array's dtype
  bool dense = false;         ///< what is assigned to is in C order, without gaps
};

/// `dims`: the graph's, or a copy of them; nothing is decided. Nullopt for what NumPy has to assign: numbers and what is repeated, elements that
/// arrays choose, arguments.
std::optional<Store> storeOf(const Node& node, const Effects& effects, DimTable& dims);

/// Whether two such assignments to one array surely have no element in common.
bool storeApart(const Node& a, const Node& b, DimTable& dims);

}  // namespace segue::llvm
