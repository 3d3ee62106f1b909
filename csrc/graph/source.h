// A graph as runnable Python: NumPy calls in program order, one statement a node.
//
//   import numpy as np
//
//   def graph(x, y):
//       s0 = x.shape[0]
//       a = np.multiply(x, y)
//       a[s0 - 1:] = 0.0
//       return (a,)
//
// The function takes the inputs, then those size symbols that no input's shape gives (in the order of the symbols), and
// returns the tuple of outputs. It calls what the operators' first NumPy names say, so it runs as the reference does.
// Objects that have no literal are `_constants[i]`, which whoever runs the text has to define.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace segue {

struct PythonSource {
  std::string text;
  std::vector<Ref> constants;             ///< what `_constants` holds
  std::vector<std::string> free_symbols;  ///< parameters behind the inputs
};

/// Symbols that the graph uses and that are no size of an array input, in the order of the table: calls take their values behind
/// the inputs.
std::vector<Dim> freeSymbols(const Graph& graph);

/// Fails for a graph with regions.
Result<PythonSource> pythonSource(const Graph& graph);

/// A call as an expression, or for an assignment to an element as a statement. Objects without a literal are appended to
/// `constants`.
std::string callSource(const OpDef& op, absl::Span<const Arg> args, const DimTable& dims, std::vector<Ref>& constants);

}  // namespace segue
