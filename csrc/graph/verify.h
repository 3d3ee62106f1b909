// The graph verifier: requirements 1 and 2 of graph.h, and that the data structure is whole. It runs after every pass in
// strict mode, and on parsed graphs in tests.
#pragma once

#include "graph/graph.h"

namespace segue {

/// The first thing that is wrong, in words that name the node. `graph` is left as it was (relations that type rules record
/// are taken back).
Result<void> verify(Graph& graph);

}  // namespace segue
