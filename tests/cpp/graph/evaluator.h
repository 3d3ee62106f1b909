// An evaluator for constant folding in tests: calls NumPy as a graph's Python source does.
#pragma once

#include "graph/passes.h"

namespace segue {

Evaluation evaluateInNumpy(const OpDef& op, absl::Span<const Arg> args, const DimTable& dims);

}  // namespace segue
