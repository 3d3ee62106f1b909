// constant-folding: a call whose arguments are all constants becomes its result.
//
// The evaluator of the pass context runs the call; what raised or reported anything stays. So does what would be seen to
// be one object in all calls of the segment: a result that is returned (except True and False), or memory that is written
// or returned. A result counts as a constant only if the type rules take it for a value of the node's type.
#pragma once

#include "graph/passes.h"

namespace segue {

void foldConstants(Graph& graph, const PassContext& context);

}  // namespace segue
