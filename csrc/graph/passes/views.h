// views: chains of views become one view of their base, in canonical spelling.
//
//   x[1:][2:]         x[3:]            x.T.T                 x (or one transpose)
//   x[1:, ...][:, 0]  x[1:, 0]         x.reshape(…).reshape  x.reshape, where x is C-contiguous
//   x[:, :]           x, if nobody can tell the object from x
//   np.flip(x, 0)     x[::-1]          np.moveaxis, np.swapaxes             np.transpose
//
// A NumPy view's base is the array that owns the memory, not the view in between, so that leaving out the middle of a
// chain cannot be seen. What can be seen, and is kept, is that a returned view is an object of its own, and where a
// returned *empty* view points; see passes/index.h. A rewrite that would change what the type rule says of the node is
// not made.
#pragma once

#include "graph/passes.h"

namespace segue {

void canonicalizeViews(Graph& graph, const PassContext& context);

}  // namespace segue
