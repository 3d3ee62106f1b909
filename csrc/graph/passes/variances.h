// variances: `var` and `std` become what NumPy computes them by, step by step.
//
//   s = std x axis=0 ddof=1   becomes   m = mean x axis=0; c = subtract x m; q = multiply c c; t = sum q axis=0;
//                                       v = true_divide t s0 - 1; s = sqrt v
//
// With the very results of NumPy's, to the bit: of arrays whose order in memory is known. For backends that fuse operators.
#pragma once

#include "graph/passes.h"

namespace segue {

void separateVariances(Graph& graph, const PassContext& context);

}  // namespace segue
