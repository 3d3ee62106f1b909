// Graphs as Python objects, for the parts of the engine that hand them to Python.
#pragma once

#include "graph/graph.h"

namespace segue {

/// A segue.Graph that owns a copy. The GIL is held.
Ref wrapGraph(const Graph& graph);

}  // namespace segue
