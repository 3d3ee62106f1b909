// dead-code: removes nodes whose result nobody uses.
//
// A node stays if it writes, may raise, draws random numbers, or may report a floating-point condition (as a check:
// requirement 4 of graph.h; where a live node reports the same on the same values, `common-subexpressions` has merged the
// two before).
#pragma once

#include "graph/passes.h"

namespace segue {

void eliminateDeadCode(Graph& graph, const PassContext& context);

}  // namespace segue
