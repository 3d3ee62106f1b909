// joins: joined arrays become an array whose parts are assigned.
//
//   j = concatenate [a, b]   becomes   e = empty s0 + s1; v = setitem e :s0 a; w = setitem e s0: b
//
// Of arrays in C order, one of which an element-wise operator makes: `concatenate`, `stack`, `vstack`, `hstack`, `dstack` and `column_stack`. For
// backends that fuse operators: what makes a part may store it where it belongs.
#pragma once

#include "graph/passes.h"

namespace segue {

void separateJoins(Graph& graph, const PassContext& context);
/// Whether the pass would look at the node.
bool mayBeSeparated(const Node& node);

}  // namespace segue
