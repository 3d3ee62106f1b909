// recompute: what is cheap is computed from views of its operands, rather than stored to be viewed.
//
//   a = add x y; b = getitem a 1:        b = add x[1:] y[1:]
//
// Stencils of stencils are written so: every view of an array between them makes a kernel end, and its array be stored and loaded again. For
// operators of elements that report nothing (those that may are computed whole in any case), where computing some elements once for each
// view costs about what storing and loading them does. Only elements matter of what the views become: they are used by operators and reductions
// alone. For backends that fuse operators; views of views are left to `views`, what is left over to `dead-code`.
#pragma once

#include "graph/passes.h"

namespace segue {

void recomputeViewed(Graph& graph, const PassContext& context);

}  // namespace segue
